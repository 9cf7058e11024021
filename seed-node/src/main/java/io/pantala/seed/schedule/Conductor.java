package io.pantala.seed.schedule;

import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.BlockSet;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Decides who fetches which block from whom, for all swarms of one seed. It is told what members hold, want and report,
 * and what time it is; it answers with orders. Whatever it is told twice does no harm. Not safe for use by several threads
 * at once.
 *
 * <p>Each member has a few transfers at once, each way, and gets a new order as soon as one ends. The rarest block goes
 * first, within a window past the receiver's readers if there is anything to be had, else anywhere. Copies that are just
 * ordered count as copies. A block crosses the border of a zone while no member there has it or expects it, and only
 * then; the seed sends a block that others have only when they can't.
 */
public final class Conductor {
    /** Receivers that must have complained of a source before it is left alone. */
    private static final int COMPLAINTS = 2;

    private static final int LEAST_SLOTS = 2;
    private static final int MOST_LAG = 3;
    private static final double SLOWLY = 1.0 / 64;

    private final ConductorConfig config;
    private final RandomGenerator random;
    private final Choice choice;
    private final List<Member> members = new ArrayList<>();
    private final Deque<Part> awake = new ArrayDeque<>();

    private double typicalUp;
    private double typicalDown;
    private double typicalLag;

    /** Of a transfer inside a zone, in nanoseconds a byte. */
    private double typicalInside;

    /** Takes orders as they are decided. */
    @FunctionalInterface
    public interface Orders {
        /** The member {@code to} is to fetch this block from the member {@code from}. */
        void fetch(Member to, Swarm swarm, int block, Member from);
    }

    public Conductor(ConductorConfig config, RandomGenerator random) {
        this.config = config;
        this.random = random;
        this.choice = new Choice(config.window());
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

    /** A member has gone; what it was to send is ordered elsewhere. */
    public void leave(Member member) {
        if (member.gone) {
            return;
        }
        for (Task task : List.copyOf(member.serving)) {
            end(task);
            giveBack(task);
        }
        for (Part part : List.copyOf(member.parts)) {
            quit(part);
        }
        member.gone = true;
        members.remove(member);
    }

    /** The swarm of a blob with this layout. */
    public Swarm open(BlockLayout layout) {
        return new Swarm(layout);
    }

    /** Nobody wants the blob any more. */
    public void close(Swarm swarm) {
        for (Part part : List.copyOf(swarm.parts())) {
            quit(part);
        }
    }

    private static void want(Part part, boolean wants) {
        if (part.wants != wants) {
            part.wants = wants;
            part.locality.wanting += wants ? 1 : -1;
        }
    }

    private void quit(Part part) {
        for (Task task : List.copyOf(part.tasks)) {
            end(task);
            part.unexpect(task.block());
        }
        want(part, false);
        setFree(part, false);
        setStarving(part, false);
        part.swarm.leave(part);
    }

    /** A member holds these blocks, beside those it was known to hold. */
    public void holds(Member member, Swarm swarm, BlockSet blocks) {
        for (int block = blocks.next(0); block < blocks.count(); block = blocks.next(block + 1)) {
            holds(member, swarm, block);
        }
    }

    /** A member holds this block. */
    public void holds(Member member, Swarm swarm, int block) {
        if (!member.gone) {
            Part part = swarm.join(member, config.crossings());
            if (part.hold(block)) {
                cancel(part, block);
                wake(part);
            }
        }
    }

    /** A member wants all of the blob. */
    public void wants(Member member, Swarm swarm) {
        if (!member.gone) {
            Part part = swarm.join(member, config.crossings());
            want(part, true);
            wake(part);
        }
    }

    /** A member's readers are at these blocks. */
    public void reads(Member member, Swarm swarm, int[] blocks) {
        Part part = swarm.find(member);
        if (part != null && blocks.length > 0) {
            part.cursors = blocks.clone();
            for (int i = 0; i < blocks.length; i++) {
                part.cursors[i] = part.nextMissing(blocks[i]);
            }
        }
    }

    /** A member wants nothing more of the blob; what it holds it may go on to send. */
    public void enough(Member member, Swarm swarm) {
        Part part = swarm.find(member);
        if (part != null) {
            want(part, false);
            for (Task task : List.copyOf(part.tasks)) {
                end(task);
                part.unexpect(task.block());
            }
            wake(part);
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
        Part part = swarm.find(to);
        if (part == null) {
            return;
        }
        Task task = find(part, block, from);
        if (task != null) {
            learn(task, Math.max(took, 1), waited, now);
        }
        part.hold(block);
        cancel(part, block);
        wake(part);
    }

    private void learn(Task task, long took, long waited, long now) {
        Member from = task.from().member;
        Member to = task.to().member;
        double bytes = task.to().swarm.blockSize();
        double shared = (task.shared() + from.serving.size()) / 2.0;
        if (shared >= slots(from) - 1) {
            double sample = bytes * shared / took;
            typicalUp += (typicalUp == 0 ? 1 : SLOWLY) * (sample - typicalUp);
            from.up.saw(sample, typicalUp);
        }
        double received = bytes * to.receiving / took;
        typicalDown += (typicalDown == 0 ? 1 : SLOWLY) * (received - typicalDown);
        to.down.saw(received, typicalDown);

        double lag = Math.clamp((double) (now - task.since() - took - waited) / took, 0, MOST_LAG);
        to.lag += 0.1 * (lag - to.lag);
        typicalLag += SLOWLY * (lag - typicalLag);
        double nanosPerByte = took / bytes;
        if (task.crossing()) {
            double times = typicalInside == 0 ? 1 : nanosPerByte / typicalInside;
            task.to().locality.crossed(times, config.mostCrossings());
        } else {
            typicalInside += (typicalInside == 0 ? 1 : SLOWLY) * (nanosPerByte - typicalInside);
        }
    }

    /** A block did not come. */
    public void failed(Member to, Swarm swarm, int block, Member from, Failure why, long now) {
        Part part = swarm.find(to);
        if (part == null) {
            return;
        }
        Task task = find(part, block, from);
        if (task != null) {
            end(task);
            giveBack(task);
        }
        part.despair(block);
        Part source = swarm.find(from);
        switch (why) {
            case NOT_HELD -> {
                if (source != null) {
                    source.unhold(block);
                }
            }
            case CORRUPT -> {
                avoid(to, from, now);
                suspend(from, now);
            }
            case UNREACHABLE, STALLED, REFUSED -> {
                avoid(to, from, now);
                from.complaints.put(to, now);
                from.complaints
                        .values()
                        .removeIf(at -> now - at > config.avoid().toNanos());
                if (from.complaints.size() >= COMPLAINTS) {
                    suspend(from, now);
                }
            }
            case OTHER -> {}
        }
        wake(part);
    }

    /** A block takes much longer than others: it is ordered from another source too. */
    public void late(Member to, Swarm swarm, int block, Member from, long now) {
        Part part = swarm.find(to);
        if (part != null && find(part, block, from) != null) {
            avoid(to, from, now);
            part.despair(block);
            part.unexpect(block);
            wake(part);
        }
    }

    /** Ends what has lasted too long, and forgives. To be called every few seconds. */
    public void expire(long now) {
        for (Member member : members) {
            for (Task task : List.copyOf(member.serving)) {
                if (now - task.since() > config.taskLife().toNanos()) {
                    failed(task.to().member, task.to().swarm, task.block(), member, Failure.STALLED, now);
                }
            }
            member.avoided.values().removeIf(until -> until <= now);
            if (member.suspensions > 0 && now - member.suspendedUntil > 0) {
                member.parts.forEach(this::wake);
                if (now - member.suspendedUntil > config.longestSuspension().toNanos()) {
                    member.suspensions = 0;
                }
            }
        }
    }

    private void avoid(Member to, Member from, long now) {
        // Whoever avoids its seed may have nobody left.
        if (!from.seed) {
            to.avoided.put(from, now + config.avoid().toNanos());
        }
    }

    private void suspend(Member from, long now) {
        if (!from.seed && from.suspendedUntil <= now) {
            long nanos = config.suspension().toNanos() << Math.min(from.suspensions++, 16);
            from.suspendedUntil =
                    now + Math.min(nanos, config.longestSuspension().toNanos());
            from.complaints.clear();
            from.parts.forEach(this::wake);
        }
    }

    // ---- orders

    private static @Nullable Task find(Part part, int block, Member from) {
        for (Task task : part.tasks) {
            if (task.block() == block && task.from().member == from) {
                return task;
            }
        }
        return null;
    }

    /** The block is here, whoever else was to send it. */
    private void cancel(Part part, int block) {
        for (int i = part.tasks.size() - 1; i >= 0; i--) {
            if (part.tasks.get(i).block() == block) {
                end(part.tasks.get(i));
            }
        }
    }

    private void end(Task task) {
        Part to = task.to();
        Member from = task.from().member;
        to.tasks.remove(task);
        from.serving.remove(task);
        to.member.receiving--;
        if (task.crossing()) {
            to.locality.crossing--;
        }
        from.parts.forEach(this::wake);
        to.member.parts.forEach(this::wake);
    }

    private static void giveBack(Task task) {
        if (!task.to().isOrdered(task.block())) {
            task.to().unexpect(task.block());
        }
    }

    private void wake(Part part) {
        if (!part.awake) {
            part.awake = true;
            awake.add(part);
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
            if (part.swarm.find(part.member) != part) {
                continue;
            }
            boolean serves = canServe(part, now);
            setFree(part, serves);
            if (!isHungry(part)) {
                setStarving(part, false);
            } else if (feed(part, now, orders)) {
                wake(part);
            } else {
                setStarving(part, true);
            }
            while (serves && serve(part, now, orders)) {
                serves = canServe(part, now);
            }
        }
    }

    private boolean isHungry(Part part) {
        return part.wants && part.lacksSomething() && part.member.receiving < receivable(part.member);
    }

    private boolean canServe(Part part, long now) {
        Member member = part.member;
        return part.heldCount > 0 && member.serving.size() < sendable(member) && member.suspendedUntil <= now;
    }

    private int receivable(Member member) {
        long slots = Math.round(config.slots() * member.down.beside(typicalDown));
        return withLag(Math.clamp(slots, LEAST_SLOTS, config.mostSlots()), member.lag);
    }

    private int sendable(Member member) {
        return withLag(slots(member), typicalLag);
    }

    private int slots(Member member) {
        int usual = member.seed ? config.seedSlots() : config.slots();
        return Math.clamp(
                Math.round(usual * member.up.beside(typicalUp)), LEAST_SLOTS, Math.max(usual, config.mostSlots()));
    }

    private static int withLag(int slots, double lag) {
        return slots + (int) Math.round(slots * lag);
    }

    /**
     * Orders one block for a receiver. What its whole zone lacks goes first, as far as the border allows, since nothing is
     * rarer; the own region's zones are asked before others.
     */
    private boolean feed(Part to, long now, Orders orders) {
        List<Locality> localities = to.swarm.localities();
        if (localities.size() > 1 && to.locality.mayCross() && to.locality.rarity.firstHeld() > 0) {
            for (Locality other : localities) {
                if (other != to.locality
                        && other.zone.sameRegion(to.locality.zone)
                        && feedFrom(other, to, now, orders)) {
                    return true;
                }
            }
            for (Locality other : localities) {
                if (!other.zone.sameRegion(to.locality.zone) && feedFrom(other, to, now, orders)) {
                    return true;
                }
            }
        }
        return feedFrom(to.locality, to, now, orders);
    }

    private boolean feedFrom(Locality sources, Part to, long now, Orders orders) {
        List<Part> free = sources.free;
        int size = free.size();
        int looks = Math.min(size, config.looks());
        Part best = null;
        int bestBlock = -1;
        long least = Long.MAX_VALUE;
        int at = size <= looks ? 0 : random.nextInt(size);
        int step = step(size, looks);
        for (int look = 0; look < looks; look++) {
            Part from = free.get(at);
            at = (at + step) % size;
            int block = choice.of(to, from, now);
            if (block >= 0) {
                // The least busy source first, so that all are as busy; then the rarest block.
                long cost = (long) from.member.serving.size() << 32
                        | (long) (from.member.zone.rack().equals(to.member.zone.rack()) ? 0 : 1) << 31
                        | to.locality.rarity.copies(block);
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
        if (serveTo(from.locality, from, now, orders)) {
            return true;
        }
        for (Locality other : from.swarm.localities()) {
            if (other != from.locality && other.mayCross() && serveTo(other, from, now, orders)) {
                return true;
            }
        }
        return false;
    }

    private boolean serveTo(Locality receivers, Part from, long now, Orders orders) {
        List<Part> starving = receivers.starving;
        int size = starving.size();
        int looks = Math.min(size, config.looks());
        Part best = null;
        int bestBlock = -1;
        long least = Long.MAX_VALUE;
        int at = size <= looks ? 0 : random.nextInt(size);
        int step = step(size, looks);
        for (int look = 0; look < looks; look++) {
            Part to = starving.get(at);
            at = (at + step) % size;
            int block = choice.of(to, from, now);
            if (block >= 0) {
                // Whoever has least under way first.
                long cost = (long) to.member.receiving << 32 | receivers.rarity.copies(block);
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

    /** Visits some of a list's places, each once, in no order that others share. */
    private int step(int size, int looks) {
        if (size <= looks) {
            return 1;
        }
        return 1 + random.nextInt(size - 1);
    }

    private void order(Part to, Part from, int block, long now, Orders orders) {
        Member source = from.member;
        boolean crossing = from.locality != to.locality;
        if (source.seed) {
            if (to.locality.swarmCopies[block] == 0) {
                to.swarm.firsts++;
            } else {
                to.swarm.repeats++;
            }
        }
        Task task = new Task(to, from, block, now, source.serving.size() + 1, crossing);
        to.tasks.add(task);
        source.serving.add(task);
        to.member.receiving++;
        to.expect(block);
        if (crossing) {
            to.locality.crossing++;
        }
        if (source.serving.size() >= sendable(source)) {
            source.parts.forEach(part -> setFree(part, false));
        }
        if (to.member.receiving >= receivable(to.member)) {
            to.member.parts.forEach(part -> setStarving(part, false));
        }
        orders.fetch(to.member, to.swarm, block, source);
    }

    // ---- lists with quick removal

    private static void setFree(Part part, boolean free) {
        if (free != part.freeAt >= 0) {
            List<Part> list = part.locality.free;
            if (free) {
                part.freeAt = list.size();
                list.add(part);
            } else {
                Part last = list.removeLast();
                if (last != part) {
                    list.set(part.freeAt, last);
                    last.freeAt = part.freeAt;
                }
                part.freeAt = -1;
            }
        }
    }

    private static void setStarving(Part part, boolean starving) {
        if (starving != part.starvingAt >= 0) {
            List<Part> list = part.locality.starving;
            if (starving) {
                part.starvingAt = list.size();
                list.add(part);
            } else {
                Part last = list.removeLast();
                if (last != part) {
                    list.set(part.starvingAt, last);
                    last.starvingAt = part.starvingAt;
                }
                part.starvingAt = -1;
            }
        }
    }
}
