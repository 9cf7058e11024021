package io.pantala.seed.schedule;

import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.BlockSet;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Decides who fetches which block from whom, for all swarms of one seed. It is told what members hold, want and report,
 * and what time it is; it answers with orders. Whatever it is told twice does no harm. Not safe for use by several threads
 * at once.
 *
 * <p>Each member has a few transfers at once, each way, and gets a new order as soon as one ends. The rarest block goes
 * first, within a window past the receiver's readers if there is anything to be had, else anywhere. Copies that are just
 * ordered count as copies; whoever finds nothing else takes a few blocks from members that are just receiving them. A block
 * crosses the border of a zone while no member there has it or expects it, and only then; the seed sends a block that
 * others have only when they can't.
 */
public final class Conductor {
    /** Blocks that a member may always expect beside late ones: else one bad source that had all its slots would keep them. */
    private static final int BESIDE_LATE = 2;

    private final ConductorConfig config;
    private final RandomGenerator random;
    private final Choice choice;
    private final Pace pace;
    private final Trust trust;
    private final Set<Member> members = new LinkedHashSet<>();
    private final Deque<Part> awake = new ArrayDeque<>();

    /** The block that a receiver takes best from a source; -1 if there is none. */
    private interface Chooser {
        int of(Part to, Part from, long now);
    }

    /** Takes orders as they are decided. It is not to tell the conductor anything meanwhile. */
    @FunctionalInterface
    public interface Orders {
        /**
         * The member {@code to} is to fetch this block from the member {@code from}.
         *
         * @param repeat why a seed is to send what hosts have; empty for what none of them has to pass on, and where the
         *     source is a host
         */
        void fetch(Member to, Swarm swarm, int block, Member from, Optional<Repeat> repeat);
    }

    public Conductor(ConductorConfig config, RandomGenerator random) {
        this.config = config;
        this.random = random;
        this.choice = new Choice(config);
        this.pace = new Pace(config);
        this.trust = new Trust(config);
    }

    // ---- what it is told

    /**
     * A member has come.
     *
     * @param seed whether it is the seed itself, which has blocks before all others
     */
    public Member join(Zone zone, boolean seed) {
        Member member = new Member(zone, seed);
        members.add(member);
        return member;
    }

    /** A member's links are not to carry more than so many bytes per second; {@link Long#MAX_VALUE} is no limit. */
    public void limits(Member member, long upload, long download) {
        member.up.limit(upload / 1e9);
        member.down.limit(download / 1e9);
        member.live.forEach(this::wake);
    }

    /** A member has gone; what it was to send is ordered elsewhere. */
    public void leave(Member member) {
        if (member.gone) {
            return;
        }
        for (Part part : List.copyOf(member.parts)) {
            quit(part);
        }
        member.gone = true;
        members.remove(member);
    }

    /** The swarm of a blob with this layout. */
    public Swarm open(BlockLayout layout) {
        return new Swarm(layout, config.crossings());
    }

    /** Nobody wants the blob any more. */
    public void close(Swarm swarm) {
        swarm.parts().forEach(this::quit);
    }

    private void quit(Part part) {
        drop(part);
        for (Task task : List.copyOf(part.member.serving)) {
            if (task.from == part) {
                giveBack(task);
            }
        }
        part.wants = false;
        settle(part);
        part.locality.free.set(part, false);
        part.swarm.leave(part);
        stir(part.swarm);
    }

    /** Takes back all orders that a member is to carry out in a swarm. */
    private void drop(Part part) {
        List.copyOf(part.tasks).forEach(this::giveBack);
    }

    /** A member holds these blocks, beside those it was known to hold. */
    public void holds(Member member, Swarm swarm, BlockSet blocks) {
        for (int block = blocks.next(0); block < blocks.count(); block = blocks.next(block + 1)) {
            holds(member, swarm, block);
        }
    }

    /** A member holds this block. */
    public void holds(Member member, Swarm swarm, int block) {
        Objects.checkIndex(block, swarm.blocks());
        if (!member.gone) {
            hold(swarm.join(member), block);
        }
    }

    private void hold(Part part, int block) {
        if (part.hold(block)) {
            for (int i = part.tasks.size() - 1; i >= 0; i--) {
                Task task = part.tasks.get(i);
                if (task.block == block) {
                    // The block is here, whoever else was to send it.
                    end(task);
                }
            }
            settle(part);
            wake(part);
        }
    }

    /** A member wants all of the blob. */
    public void wants(Member member, Swarm swarm) {
        if (!member.gone) {
            Part part = swarm.join(member);
            part.wants = true;
            settle(part);
            wake(part);
        }
    }

    /** A member's readers are at these blocks. */
    public void reads(Member member, Swarm swarm, int[] blocks) {
        Part part = swarm.find(member);
        if (part != null) {
            part.read(blocks);
        }
    }

    /** A member wants nothing more of the blob; what it holds it may go on to send. */
    public void enough(Member member, Swarm swarm) {
        Part part = swarm.find(member);
        if (part != null) {
            drop(part);
            part.wants = false;
            settle(part);
            wake(part);
            stir(swarm);
        }
    }

    /** A member holds nothing of the blob any more, and wants nothing. */
    public void forgets(Member member, Swarm swarm) {
        Part part = swarm.find(member);
        if (part != null) {
            quit(part);
        }
    }

    /**
     * A member has fetched a block.
     *
     * @param took from asking the source to the last byte, in nanoseconds
     * @param waited before that, with the order in hand, in nanoseconds
     */
    public void fetched(Member to, Swarm swarm, int block, Member from, long took, long waited, long now) {
        Objects.checkIndex(block, swarm.blocks());
        Part part = swarm.find(to);
        if (part != null) {
            Task task = find(part, block, from);
            if (task != null) {
                pace.learn(task, Math.max(took, 1), waited, now);
            }
            hold(part, block);
        }
    }

    /**
     * A block did not come. Of what was not ordered, or has been taken back meanwhile, nothing is believed: else one member
     * could have any other left alone.
     *
     * @return whether that says anything of the source: not if it was to pass on what it was just receiving, whose own source
     *     may be at fault; it is not asked to for a while
     */
    public boolean failed(Member to, Swarm swarm, int block, Member from, Failure why, long now) {
        Task task = find(to, swarm, block, from);
        return task != null && failed(task, why, now);
    }

    private boolean failed(Task task, Failure why, long now) {
        giveBack(task);
        Part source = task.from;
        Member from = source.member;
        boolean blame = !task.relayed || why == Failure.CORRUPT;
        if (blame) {
            if (why == Failure.NOT_HELD) {
                source.unhold(task.block);
                settle(source);
                wake(source);
            }
            trust.failed(task.to.member, from, why, now);
        } else if (why != Failure.OTHER) {
            from.relaysFrom = now + config.avoid().toNanos();
        }
        wake(task.to);
        stir(task.to.swarm);
        from.parts.forEach(each -> stir(each.swarm));
        return blame;
    }

    /**
     * A block takes much longer than others: it is ordered from another source too. Not one that comes from a seed or over
     * a border: there it is no sign of trouble.
     */
    public void late(Member to, Swarm swarm, int block, Member from, long now) {
        Task task = find(to, swarm, block, from);
        if (task != null && !task.late && task.isComparable()) {
            if (!task.relayed) {
                trust.late(to, from, now);
            }
            giveUpOn(task);
            stir(swarm);
        }
    }

    /** The block is to come from elsewhere too; also to those that it is relayed to. */
    private void giveUpOn(Task task) {
        if (!task.late) {
            task.late = true;
            task.to.member.late++;
            forgo(task);
            wake(task.to.member, task.to);
        }
    }

    /** Ends what has lasted too long, and forgives. To be called every few seconds. */
    public void expire(long now) {
        for (Member member : members) {
            for (Task task : List.copyOf(member.serving)) {
                if (now - task.since > config.taskLife().toNanos()) {
                    failed(task, Failure.STALLED, now);
                }
            }
            if (trust.forgive(member, now)) {
                member.live.forEach(this::wake);
            }
            for (Part part : member.live) {
                // For what it avoided until now.
                if (part.wanting) {
                    wake(part);
                }
            }
        }
    }

    // ---- orders

    private static @Nullable Task find(Member to, Swarm swarm, int block, Member from) {
        Part part = swarm.find(to);
        return part == null ? null : find(part, block, from);
    }

    private static @Nullable Task find(Part part, int block, Member from) {
        for (Task task : part.tasks) {
            if (task.block == block && task.from.member == from) {
                return task;
            }
        }
        return null;
    }

    private void end(Task task) {
        Member from = task.from.member;
        Member to = task.to.member;
        task.to.tasks.remove(task);
        to.relayed -= task.relayed ? 1 : 0;
        from.serving.remove(task);
        to.receiving--;
        to.late -= task.late ? 1 : 0;
        if (task.crosses()) {
            task.to.locality.crossing--;
        }
        wake(from, task.from);
        wake(to, task.to);
    }

    private void giveBack(Task task) {
        end(task);
        forgo(task);
    }

    /** The block will not come by that order; perhaps by another. */
    private void forgo(Task task) {
        Part to = task.to;
        if (to.isComing(task.block) && !to.isOrdered(task.block)) {
            to.unexpect(task.block);
            for (Task relay : to.member.serving) {
                if (relay.relayed && relay.from == to && relay.block == task.block) {
                    giveUpOn(relay);
                }
            }
        }
    }

    /** Counts a part among those that want blocks, or not. */
    private void settle(Part part) {
        boolean wanting = part.wants && !part.isComplete();
        if (part.wanting == wanting) {
            return;
        }
        part.wanting = wanting;
        if (!wanting) {
            part.locality.starving.set(part, false);
        }
        part.locality.wanting += wanting ? 1 : -1;
        part.swarm.wanting += wanting ? 1 : -1;
        if (part.swarm.wanting == (wanting ? 1 : 0)) {
            part.swarm.parts().forEach(each -> setLive(each, wanting));
        }
    }

    /** Members need not look at swarms where nobody wants anything. */
    private void setLive(Part part, boolean live) {
        if (live) {
            part.member.live.add(part);
            wake(part);
        } else {
            part.member.live.remove(part);
            part.locality.free.set(part, false);
            part.locality.starving.set(part, false);
        }
    }

    private void wake(Part part) {
        if (!part.awake) {
            part.awake = true;
            awake.add(part);
        }
    }

    /** All swarms of a member are looked at, the one that had its turn last. */
    private void wake(Member member, Part last) {
        List<Part> live = member.live;
        int next = live.indexOf(last) + 1;
        for (int i = 0; i < live.size(); i++) {
            wake(live.get((next + i) % live.size()));
        }
    }

    /** Looks again at those that found no source, once there is a block that others of their zone no longer have. */
    private void stir(Swarm swarm) {
        if (swarm.lost) {
            swarm.lost = false;
            for (Locality locality : swarm.localities()) {
                for (int i = 0; i < locality.starving.size(); i++) {
                    wake(locality.starving.get(i));
                }
            }
        }
    }

    /**
     * Decides all that can be decided now.
     *
     * @param now in nanoseconds, of any clock that goes forward
     */
    public void decide(long now, Orders orders) {
        for (Part part = awake.poll(); part != null; part = awake.poll()) {
            part.awake = false;
            if (part.swarm.wanting == 0 || part.left) {
                continue;
            }
            boolean serves = canServe(part);
            part.locality.free.set(part, serves);
            if (!isHungry(part)) {
                part.locality.starving.set(part, false);
            } else if (feed(part, now, orders)) {
                wake(part);
            } else {
                part.locality.starving.set(part, true);
            }
            while (serves && serve(part, now, orders)) {
                serves = canServe(part);
            }
        }
    }

    private boolean isHungry(Part part) {
        return part.wanting && part.lacksSomething() && hasSlot(part.member);
    }

    private boolean hasSlot(Member to) {
        return to.receiving < pace.receivable(to)
                || (to.late <= config.mostSlots() && to.receiving - to.late < BESIDE_LATE);
    }

    private boolean canServe(Part part) {
        Member member = part.member;
        return part.heldCount + part.comingCount > 0
                && !member.suspended
                && member.serving.size() < pace.sendable(member);
    }

    /**
     * Orders one block for a receiver. What its whole zone lacks goes first, as far as the border allows, since nothing is
     * rarer; the own region's zones are asked before others.
     */
    private boolean feed(Part to, long now, Orders orders) {
        List<Locality> localities = to.swarm.localities();
        if (localities.size() > 1 && to.locality.mayCross() && mayLackInZone(to)) {
            for (Locality other : localities) {
                if (other != to.locality
                        && other.zone.sameRegion(to.locality.zone)
                        && feedFrom(other, to, choice::held, now, orders)) {
                    return true;
                }
            }
            for (Locality other : localities) {
                if (!other.zone.sameRegion(to.locality.zone) && feedFrom(other, to, choice::held, now, orders)) {
                    return true;
                }
            }
        }
        return feedFrom(to.locality, to, choice::held, now, orders)
                || feedFrom(to.locality, to, choice::relayed, now, orders);
    }

    private static boolean mayLackInZone(Part to) {
        return !to.locality.rarity.areComplete() || !to.member.avoided.isEmpty();
    }

    private boolean feedFrom(Locality sources, Part to, Chooser chooser, long now, Orders orders) {
        Pool free = sources.free;
        int looks = Math.min(free.size(), config.looks());
        int at = start(free, looks);
        Part best = null;
        int bestBlock = -1;
        long least = Long.MAX_VALUE;
        for (int look = 0; look < looks; look++) {
            Part from = free.get((at + look * (free.size() / looks)) % free.size());
            // The least busy source first, so that all are as busy; then the same rack; then the rarest block.
            long busy = (long) from.member.serving.size() << 32;
            int block = busy < least ? chooser.of(to, from, now) : -1;
            if (block >= 0) {
                long cost = busy
                        | (long) (from.member.zone.rack().equals(to.member.zone.rack()) ? 0 : 1) << 31
                        | to.locality.rarity.of(block);
                if (cost < least) {
                    least = cost;
                    best = from;
                    bestBlock = block;
                }
            }
        }
        if (best == null) {
            return false;
        }
        order(to, best, bestBlock, now, orders);
        return true;
    }

    /** Has a source send one block to someone who starves. */
    private boolean serve(Part from, long now, Orders orders) {
        if (serveTo(from.locality, from, choice::held, now, orders)) {
            return true;
        }
        for (Locality other : from.swarm.localities()) {
            if (other != from.locality && other.mayCross() && serveTo(other, from, choice::held, now, orders)) {
                return true;
            }
        }
        return serveTo(from.locality, from, choice::relayed, now, orders);
    }

    private boolean serveTo(Locality receivers, Part from, Chooser chooser, long now, Orders orders) {
        Pool starving = receivers.starving;
        int looks = Math.min(starving.size(), config.looks());
        int at = start(starving, looks);
        Part best = null;
        int bestBlock = -1;
        long least = Long.MAX_VALUE;
        for (int look = 0; look < looks; look++) {
            Part to = starving.get((at + look * (starving.size() / looks)) % starving.size());
            // Whoever has least under way first.
            long busy = (long) to.member.receiving << 32;
            int block = busy < least ? chooser.of(to, from, now) : -1;
            if (block >= 0) {
                long cost = busy | receivers.rarity.of(block);
                if (cost < least) {
                    least = cost;
                    best = to;
                    bestBlock = block;
                }
            }
        }
        if (best == null) {
            return false;
        }
        order(best, from, bestBlock, now, orders);
        wake(best);
        return true;
    }

    /** Where in a pool to begin to look, so that not all look at the same. */
    private int start(Pool pool, int looks) {
        return pool.size() <= looks ? 0 : random.nextInt(pool.size());
    }

    private void order(Part to, Part from, int block, long now, Orders orders) {
        Member source = from.member;
        Optional<Repeat> repeat = source.seed ? Choice.repeat(to, block) : Optional.empty();
        if (repeat.isPresent()) {
            to.swarm.repeats++;
        } else if (source.seed) {
            to.swarm.firsts++;
        }
        Task task = new Task(to, from, block, now, source.serving.size() + 1);
        to.tasks.add(task);
        to.member.relayed += task.relayed ? 1 : 0;
        source.serving.add(task);
        to.member.receiving++;
        to.expect(block);
        if (task.crosses()) {
            to.locality.crossing++;
        }
        if (source.serving.size() >= pace.sendable(source)) {
            source.live.forEach(part -> part.locality.free.set(part, false));
        }
        if (!hasSlot(to.member)) {
            to.member.live.forEach(part -> part.locality.starving.set(part, false));
        }
        orders.fetch(to.member, to.swarm, block, source, repeat);
    }
}
