package io.pantala.seed.tracker;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.BlockSet;
import io.pantala.seed.schedule.Conductor;
import io.pantala.seed.schedule.Failure;
import io.pantala.seed.schedule.Member;
import io.pantala.seed.schedule.Repeat;
import io.pantala.seed.schedule.Share;
import io.pantala.seed.schedule.Swarm;
import io.pantala.seed.schedule.Zone;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.control.ControlMessage.Order;
import io.pantala.transport.control.ControlMessage.Orders;
import io.pantala.transport.control.ControlMessage.Report;
import io.pantala.transport.control.ControlSession;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.function.ObjIntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The conductor at work: told what hosts say, and its orders sent to them. Everything happens on the owner's thread. */
final class Conducting {
    private static final Logger LOG = LoggerFactory.getLogger(Conducting.class);
    private static final Duration EXPIRY = Duration.ofSeconds(5);

    /** Pairs of hosts at one address that are remembered so that each is told of once. */
    private static final int MOST_CLASHES = 1000;

    private final Conductor conductor;
    private final Owner owner;
    private final LongSupplier nanos;
    private final Member seed;
    private final Map<Member, Guest> guests = new HashMap<>();
    private final Map<NodeAddress, Guest> byAddress = new HashMap<>();
    private final Map<Swarm, Conducted> swarms = new HashMap<>();
    private final Map<Guest, Map<BlobKey, List<Order>>> orders = new LinkedHashMap<>();
    private final List<Unreachable> unreachable = new ArrayList<>();
    private final Set<Clash> clashes = new HashSet<>();
    private boolean due;

    /** What a swarm is of, and who is to be told before a host is ordered to fetch one of its blocks. */
    private record Conducted(BlobKey key, ObjIntConsumer<Guest> ordered) {}

    /** Two hosts that say to serve at one address. */
    private record Clash(NodeAddress address, String first, String second) {}

    /** An order that the host could not carry out. */
    private record Unreachable(Member to, Swarm swarm, int block, Member from) {}

    /**
     * @param zone where this seed is
     * @param upload how fast it sends blocks, in bytes per second
     * @param nanos the time that passes, as {@link System#nanoTime}
     */
    Conducting(Conductor conductor, Zone zone, long upload, Owner owner, LongSupplier nanos) {
        this.conductor = conductor;
        this.owner = owner;
        this.nanos = nanos;
        this.seed = conductor.join(zone, true);
        conductor.limits(seed, upload, Long.MAX_VALUE);
        expire();
    }

    Guest join(ControlSession session) {
        Guest guest = new Guest(session, conductor.join(zone(session), false));
        conductor.limits(
                guest.member, session.limits().upload(), session.limits().download());
        guests.put(guest.member, guest);
        guest.claimed().ifPresent(address -> settle(address, guest));
        return guest;
    }

    /**
     * An address leads to one host: the one that had it first. Another one that says the same is no source until that one
     * has gone, since its blocks would be asked of the wrong one. The same host with a new link takes its address along.
     */
    private void settle(NodeAddress address, Guest guest) {
        Guest first = byAddress.get(address);
        if (first == null || first.node().equals(guest.node())) {
            byAddress.put(address, guest);
        } else {
            guest.serves(false);
            Clash clash = new Clash(address, first.node(), guest.node());
            if (clashes.size() < MOST_CLASHES && clashes.add(clash)) {
                LOG.warn(
                        "{} and {} both say that others reach them at {}: nobody is sent to {} there while {} is linked."
                                + " Give each an address of its own (peer.advertise, peer.listen)",
                        first,
                        guest,
                        address,
                        guest.node(),
                        first.node());
            }
        }
    }

    /** An address is nobody's any more: whoever was kept from it has it now. */
    private void release(NodeAddress address) {
        for (Guest next : guests.values()) {
            if (next.claimed().filter(address::equals).isPresent()) {
                next.serves(true);
                byAddress.put(address, next);
                return;
            }
        }
    }

    private static Zone zone(ControlSession session) {
        try {
            return Zone.parse(session.zone());
        } catch (IllegalArgumentException e) {
            return Zone.NONE;
        }
    }

    void leave(Guest guest) {
        guest.leave();
        guests.remove(guest.member);
        guest.peer().filter(address -> byAddress.remove(address, guest)).ifPresent(this::release);
        orders.remove(guest);
        conductor.leave(guest.member);
        soon();
    }

    /** @param ordered is told before a host is ordered to fetch a block */
    Swarm open(BlobKey key, BlockLayout layout, ObjIntConsumer<Guest> ordered) {
        Swarm swarm = conductor.open(layout);
        swarms.put(swarm, new Conducted(key, ordered));
        return swarm;
    }

    void close(Swarm swarm) {
        swarms.remove(swarm);
        conductor.close(swarm);
    }

    /** This seed itself holds these blocks. */
    void seedHolds(Swarm swarm, BlockSet blocks) {
        conductor.holds(seed, swarm, blocks);
        soon();
    }

    void holds(Guest guest, Swarm swarm, BlockSet blocks) {
        if (guest.peer().isPresent() || isWantedBy(guest, swarm)) {
            conductor.holds(guest.member, swarm, blocks);
            soon();
        }
    }

    private boolean isWantedBy(Guest guest, Swarm swarm) {
        Conducted conducted = swarms.get(swarm);
        return conducted != null && guest.wanted.contains(conducted.key);
    }

    void forgets(Guest guest, Swarm swarm) {
        conductor.forgets(guest.member, swarm);
        soon();
    }

    void wants(Guest guest, Swarm swarm) {
        conductor.wants(guest.member, swarm);
        soon();
    }

    void enough(Guest guest, Swarm swarm) {
        conductor.enough(guest.member, swarm);
        soon();
    }

    void reads(Guest guest, Swarm swarm, List<Integer> blocks) {
        int[] within = blocks.stream()
                .filter(block -> block < swarm.blocks())
                .mapToInt(block -> block)
                .toArray();
        conductor.reads(guest.member, swarm, within);
    }

    /** Takes in what came of an order; where the source lacks what it was to have, returns it. */
    Optional<Guest> reported(Guest guest, Swarm swarm, Report report) {
        Optional<Guest> source = report.from().flatMap(address -> Optional.ofNullable(byAddress.get(address)));
        if (report.block() >= swarm.blocks() || (report.from().isPresent() && source.isEmpty())) {
            if (report.block() < swarm.blocks() && report.outcome() == Report.Outcome.FETCHED) {
                conductor.holds(guest.member, swarm, report.block());
                soon();
            }
            return Optional.empty();
        }
        Member from = source.map(peer -> peer.member).orElse(seed);
        Member to = guest.member;
        int block = report.block();
        long now = nanos.getAsLong();
        switch (report.outcome()) {
            case FETCHED ->
                conductor.fetched(
                        to,
                        swarm,
                        block,
                        from,
                        report.took().toNanos(),
                        report.waited().toNanos(),
                        now);
            case LATE -> conductor.late(to, swarm, block, from, now);
            case UNREACHABLE -> conductor.failed(to, swarm, block, from, Failure.UNREACHABLE, now);
            case STALLED -> conductor.failed(to, swarm, block, from, Failure.STALLED, now);
            case REFUSED -> conductor.failed(to, swarm, block, from, Failure.REFUSED, now);
            case CORRUPT -> conductor.failed(to, swarm, block, from, Failure.CORRUPT, now);
            case OTHER -> conductor.failed(to, swarm, block, from, Failure.OTHER, now);
            case NOT_HELD -> {
                boolean lacks = conductor.failed(to, swarm, block, from, Failure.NOT_HELD, now);
                soon();
                return lacks ? source : Optional.empty();
            }
        }
        soon();
        return Optional.empty();
    }

    SwarmStatus status(Swarm swarm) {
        int seedHolds = 0;
        List<SwarmStatus.HostStatus> hosts = new ArrayList<>();
        for (Share share : swarm.shares()) {
            Guest guest = guests.get(share.member());
            if (guest != null) {
                hosts.add(status(guest, share));
            } else if (share.member().equals(seed)) {
                seedHolds = share.held();
            }
        }
        BlobKey key = Objects.requireNonNull(swarms.get(swarm)).key;
        return new SwarmStatus(key, swarm.layout(), seedHolds, swarm.firsts(), swarm.repeats(), hosts);
    }

    private SwarmStatus.HostStatus status(Guest guest, Share share) {
        List<SwarmStatus.Transfer> incoming = share.incoming().stream()
                .map(order -> new SwarmStatus.Transfer(
                        order.block(),
                        Optional.ofNullable(guests.get(order.from())).map(Guest::node)))
                .toList();
        return new SwarmStatus.HostStatus(
                guest.node(),
                guest.peer(),
                guest.member.zone().toString(),
                share.held(),
                share.wants(),
                guest.member.uploadRate(),
                guest.member.downloadRate(),
                incoming);
    }

    /** Decides as soon as all events that wait have been taken in. */
    private void soon() {
        if (!due) {
            due = true;
            owner.executeIn(Duration.ZERO, this::decide);
        }
    }

    private void decide() {
        due = false;
        conductor.decide(nanos.getAsLong(), this::order);
        orders.forEach((guest, byBlob) -> byBlob.forEach((key, batch) -> {
            for (int from = 0; from < batch.size(); from += Orders.MOST) {
                guest.send(new Orders(key, batch.subList(from, Math.min(batch.size(), from + Orders.MOST))));
            }
        }));
        orders.clear();
        if (!unreachable.isEmpty()) {
            long now = nanos.getAsLong();
            unreachable.forEach(
                    each -> conductor.failed(each.to, each.swarm, each.block, each.from, Failure.UNREACHABLE, now));
            unreachable.clear();
            soon();
        }
    }

    private void order(Member to, Swarm swarm, int block, Member from, Optional<Repeat> repeat) {
        Guest receiver = guests.get(to);
        Guest source = guests.get(from);
        Conducted conducted = swarms.get(swarm);
        if (receiver == null || conducted == null || (source == null && !from.equals(seed))) {
            return;
        }
        if (source != null && !receiver.reaches(source)) {
            unreachable.add(new Unreachable(to, swarm, block, from));
            return;
        }
        conducted.ordered.accept(receiver, block);
        orders.computeIfAbsent(receiver, _ -> new LinkedHashMap<>())
                .computeIfAbsent(conducted.key, _ -> new ArrayList<>())
                .add(new Order(
                        block, source == null ? Optional.empty() : source.peer(), repeat.map(Conducting::toldAs)));
    }

    private static Order.Repeat toldAs(Repeat repeat) {
        return switch (repeat) {
            case BUSY -> Order.Repeat.BUSY;
            case AVOIDED -> Order.Repeat.AVOIDED;
            case AWAY -> Order.Repeat.AWAY;
        };
    }

    private void expire() {
        owner.executeIn(EXPIRY, () -> {
            conductor.expire(nanos.getAsLong());
            soon();
            expire();
        });
    }
}
