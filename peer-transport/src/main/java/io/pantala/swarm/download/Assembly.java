package io.pantala.swarm.download;

import io.pantala.manifest.BlobKey;
import io.pantala.store.BlockWriter;
import io.pantala.store.StoredBlob;
import io.pantala.swarm.download.SwarmListener.Cause;
import io.pantala.swarm.download.SwarmListener.Trouble;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.block.BlockOutcome;
import io.pantala.transport.control.ControlMessage.Hashes;
import io.pantala.transport.control.ControlMessage.Order;
import io.pantala.transport.control.ControlMessage.Reading;
import io.pantala.transport.control.ControlMessage.Report;
import io.pantala.transport.control.ControlMessage.Report.Outcome;
import io.pantala.transport.ticket.Ticket;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

/** Puts one blob together from its blocks. Owned by its download's thread. */
final class Assembly implements AutoCloseable {
    /** What a transfer's outcome means for the download. */
    sealed interface Verdict {
        record GoesOn() implements Verdict {}

        /** The seed can't be relied on. */
        record SourceFails(String why) implements Verdict {}

        /** The seed doesn't let a host in with the ticket that it gave, perhaps since its clock has jumped. */
        record TicketRefused(Ticket ticket) implements Verdict {}

        record DiskFails(String why) implements Verdict {}
    }

    private static final Duration SHORTEST_PAUSE = Duration.ofMillis(50);
    private static final int MOST_DOUBLINGS = 4;
    private static final int FORBIDDEN = 403;

    /** Without an order for so long, a host helps itself: its seed may have forgotten it. */
    private static final Duration FORGOTTEN = Duration.ofSeconds(10);

    private final BlobKey key;
    private final StoredBlob blob;
    private final Surroundings around;
    private final Consumer<Event> events;
    private final WholeCheck.Running check;
    private final BlockPlan plan;
    private final Pace pace = new Pace();
    private final List<Flight> flights = new ArrayList<>();
    private final List<Order> orders = new ArrayList<>();
    private final List<Report> reports = new ArrayList<>();
    private final Holders holders;
    private boolean rechecked;
    private int troubles;
    private long pauseEnds = System.nanoTime();

    /** When there was something new to fetch, or a fetch ended. */
    private long busy = System.nanoTime();

    /** Takes over the lease. */
    Assembly(StoredBlob blob, Surroundings around, Consumer<Event> events) {
        this.key = blob.key();
        this.blob = blob;
        this.around = around;
        this.events = events;
        this.check = around.wholeCheck().begin(blob.share(), outcome -> events.accept(new Event.Checked(outcome)));
        this.plan = new BlockPlan(blob.layout());
        this.holders = new Holders(blob.layout().count());
    }

    StoredBlob blob() {
        return blob;
    }

    // ---- what is held and known

    /** Checks what an earlier process left, on a thread of its own: that may take a while. */
    void recheck() {
        StoredBlob lease = blob.share();
        Thread.startVirtualThread(() -> {
            try (lease) {
                lease.recheck();
                events.accept(new Event.Rechecked(Optional.empty()));
            } catch (IOException | RuntimeException e) {
                events.accept(new Event.Rechecked(Optional.of(String.valueOf(e.getMessage()))));
            }
        });
    }

    /** Goes on from what is held; false when that contradicts the seed. */
    boolean rechecked() {
        rechecked = true;
        var held = blob.held();
        for (int block = held.next(0); block < held.count(); block = held.next(block + 1)) {
            byte[] hash = plan.hash(block);
            if (hash != null && !isHeldAs(block, hash)) {
                return false;
            }
            plan.held(block);
        }
        check.advance();
        return true;
    }

    /** Whether it knows what is held, and so what it needs. */
    boolean isReady() {
        return rechecked;
    }

    /**
     * Learns the hashes of blocks that the seed holds.
     *
     * @return false when the seed names blocks that there are not, or contradicts what is held
     */
    boolean learn(Hashes hashes) {
        if (hashes.first() + hashes.count() > blob.layout().count()) {
            return false;
        }
        for (int i = 0; i < hashes.count(); i++) {
            byte[] hash = hashes.hash(i);
            if (!isHeldAs(hashes.first() + i, hash)) {
                return false;
            }
            plan.offered(hashes.first() + i, hash);
        }
        busy = System.nanoTime();
        return true;
    }

    private boolean isHeldAs(int block, byte[] hash) {
        byte[] held = blob.hash(block);
        return held == null || Arrays.equals(held, hash);
    }

    /** The seed is given up, and with it what it has ordered. */
    void sourceLost() {
        plan.sourceLost();
        orders.clear();
        reports.clear();
    }

    /** How many blocks are here. */
    int count() {
        return plan.held();
    }

    boolean isComplete() {
        return plan.isComplete();
    }

    // ---- orders and reports

    /** The seed orders blocks; false when there are no such blocks. */
    boolean ordered(List<Order> more) {
        for (Order order : more) {
            if (order.block() >= blob.layout().count()) {
                return false;
            }
            order.from().ifPresent(holders::add);
            orders.add(order);
        }
        busy = System.nanoTime();
        return true;
    }

    /** What the seed has not been told yet. */
    List<Report> takeReports() {
        List<Report> taken = List.copyOf(reports);
        reports.clear();
        return taken;
    }

    /** The blocks that its readers are at, as far as those are not all to be expected at the first missing one. */
    List<Integer> readers() {
        int first = plan.firstMissing();
        List<Integer> readers = new ArrayList<>(List.of(0));
        for (long position : blob.readPositions()) {
            if (position < blob.layout().size() && readers.size() < Reading.MOST) {
                int block = blob.layout().blockAt(position);
                if (block > first && !readers.contains(block)) {
                    readers.add(block);
                }
            }
        }
        return readers;
    }

    private void report(Flight flight, Outcome outcome) {
        if (flight.isOrdered()) {
            long asked = flight.asked == 0 ? System.nanoTime() : flight.asked;
            reports.add(new Report(
                    flight.block,
                    flight.peer,
                    outcome,
                    Duration.ofNanos(System.nanoTime() - asked),
                    Duration.ofNanos(asked - flight.decided)));
        }
    }

    // ---- transfers

    /**
     * The first moment after this one at which something is to be done though nothing happens; {@link Long#MAX_VALUE} when
     * nothing is. What was to be done before it has been done, or can't be.
     */
    long nextDeadline(long after) {
        long next = earlier(Long.MAX_VALUE, pauseEnds, after);
        for (Flight flight : flights) {
            if (flight.isOrdered() && !flight.late) {
                // One that waits for its turn is not late before it has been under way for as long.
                long asked = flight.asked == 0 ? after : flight.asked;
                next = earlier(next, asked + pace.late(), after);
            }
        }
        return flights.isEmpty() && !isComplete() ? earlier(next, busy + FORGOTTEN.toNanos(), after) : next;
    }

    private static long earlier(long next, long deadline, long after) {
        return deadline > after ? Math.min(next, deadline) : next;
    }

    /** Fetches what the seed has ordered. */
    void fetchOrdered(NodeAddress seed, Ticket ticket) {
        if (!rechecked) {
            return;
        }
        for (Iterator<Order> each = orders.iterator(); each.hasNext() && hasRoom(); ) {
            Order order = each.next();
            if (plan.holds(order.block())) {
                each.remove();
                reports.add(new Report(order.block(), order.from(), Outcome.FETCHED, Duration.ZERO, Duration.ZERO));
            } else if (plan.hash(order.block()) != null && (order.from().isPresent() || !pauses())) {
                each.remove();
                start(new Flight(order.block(), order.from().orElse(seed), order.from(), ticket, cause(order), busy));
            }
        }
        for (Flight flight : flights) {
            if (flight.isOrdered()
                    && !flight.late
                    && flight.asked != 0
                    && System.nanoTime() >= flight.asked + pace.late()) {
                flight.late = true;
                report(flight, Outcome.LATE);
                around.listener().blockLate(key, flight.block, flight.source(), flight.from);
            }
        }
        if (flights.isEmpty() && !pauses() && System.nanoTime() >= busy + FORGOTTEN.toNanos()) {
            fetchNext(seed, ticket);
        }
    }

    /** What is late doesn't keep others waiting: it may have been ordered from elsewhere too, by one of them. */
    private boolean hasRoom() {
        return flights.stream().filter(flight -> !flight.late).count()
                < around.config().blocksPerBlob();
    }

    private static Cause cause(Order order) {
        if (order.from().isPresent()) {
            return Cause.ORDERED;
        }
        return order.repeat()
                .map(repeat -> switch (repeat) {
                    case BUSY -> Cause.HOSTS_BUSY;
                    case AVOIDED -> Cause.HOSTS_AVOIDED;
                    case AWAY -> Cause.HOSTS_AWAY;
                    case OTHER -> Cause.REPEATED;
                })
                .orElse(Cause.FIRST);
    }

    /** While no seed can be asked: fetches from hosts that have been sources before. */
    void fetchFromHolders(Ticket ticket) {
        while (rechecked && flights.size() < around.config().blocksPerBlob()) {
            int block = plan.firstMissing();
            Optional<NodeAddress> holder = Optional.empty();
            while (block < blob.layout().count() && holder.isEmpty()) {
                if (!plan.holds(block) && !plan.isOnTheWay(block) && plan.hash(block) != null) {
                    holder = holders.next(block);
                }
                block++;
            }
            if (holder.isEmpty()) {
                return;
            }
            start(new Flight(block - 1, holder.get(), holder, ticket, Cause.SEED_LOST, System.nanoTime()));
        }
    }

    /** Whether the seed has failed just now. */
    private boolean pauses() {
        return System.nanoTime() < pauseEnds;
    }

    private boolean fetchNext(NodeAddress seed, Ticket ticket) {
        OptionalInt block = plan.next(blob.readPositions());
        return block.isPresent()
                && start(new Flight(
                        block.getAsInt(), seed, Optional.empty(), ticket, Cause.FORGOTTEN, System.nanoTime()));
    }

    /** False when this host is shutting down, which the download is about to learn. */
    private boolean start(Flight flight) {
        StoredBlob lease = blob.share();
        byte[] hash = Objects.requireNonNull(plan.hash(flight.block));
        try {
            around.transfers().execute(() -> fetch(flight, lease, hash));
        } catch (RejectedExecutionException e) {
            lease.close();
            return false;
        }
        flights.add(flight);
        plan.started(flight.block);
        busy = System.nanoTime();
        return true;
    }

    private void fetch(Flight flight, StoredBlob lease, byte[] hash) {
        BlockOutcome outcome;
        flight.asked = System.nanoTime();
        try (lease;
                BlockWriter writer = lease.writer(flight.block)) {
            // Only who is conducted waits for what another is just receiving: else two might wait for one another.
            boolean relayed = flight.isOrdered() && flight.peer.isPresent();
            outcome = around.blocks()
                    .fetch(flight.from, key, flight.block, relayed, flight.ticket, writer, hash, flight.abort);
        } catch (RuntimeException e) {
            outcome = new BlockOutcome.DiskFailed(String.valueOf(e.getMessage()));
        }
        events.accept(new Event.Fetched(flight, outcome));
    }

    /**
     * Takes in what came of a transfer.
     *
     * @param current whether the seed that it is about is still the one that is relied on
     */
    Verdict landed(Flight flight, BlockOutcome outcome, boolean current) {
        flights.remove(flight);
        plan.ended(flight.block);
        busy = System.nanoTime();
        return switch (outcome) {
            case BlockOutcome.Received received -> {
                received(flight, received);
                yield new Verdict.GoesOn();
            }
            case BlockOutcome.Aborted _ -> {
                report(flight, plan.holds(flight.block) ? Outcome.FETCHED : Outcome.OTHER);
                yield new Verdict.GoesOn();
            }
            case BlockOutcome.Corrupt _ -> failed(flight, current, Trouble.CORRUPT, "sent wrong bytes");
            case BlockOutcome.NotHeld _ -> failed(flight, current, Trouble.NOT_HELD, "lacks what it announced");
            case BlockOutcome.Refused(int status)
            when status == FORBIDDEN && current && flight.peer.isEmpty() -> {
                refused(flight, Trouble.REFUSED);
                plan.missed(flight.block);
                yield new Verdict.TicketRefused(flight.ticket);
            }
            case BlockOutcome.Refused(int status) ->
                failed(flight, current, Trouble.REFUSED, "answered with status " + status);
            case BlockOutcome.TimedOut _ -> failed(flight, current, Trouble.TIMED_OUT, "stands still");
            case BlockOutcome.Broken(String why) -> failed(flight, current, Trouble.BROKEN, why);
            case BlockOutcome.DiskFailed(String why) -> {
                failed(flight, current, Trouble.DISK, why);
                yield new Verdict.DiskFails(why);
            }
        };
    }

    private void received(Flight flight, BlockOutcome.Received received) {
        plan.held(flight.block);
        check.advance();
        troubles = 0;
        pace.took(received.took());
        report(flight, Outcome.FETCHED);
        for (Flight other : flights) {
            if (other.block == flight.block) {
                other.abort.now();
            }
        }
        around.listener()
                .blockReceived(
                        key,
                        flight.block,
                        flight.source(),
                        flight.from,
                        received.bytes(),
                        received.took(),
                        flight.cause);
    }

    private Verdict failed(Flight flight, boolean current, Trouble trouble, String why) {
        refused(flight, trouble);
        if (flight.peer.isPresent()) {
            // Its seed finds another source; and as long as there is none, it is known who not to ask.
            holders.failed(flight.peer.get(), flight.block, trouble);
            if (current) {
                plan.missed(flight.block);
            }
            return new Verdict.GoesOn();
        }
        int failures = current ? plan.failed(flight.block) : 0;
        if (failures >= around.config().tries()) {
            return new Verdict.SourceFails("block " + flight.block + " failed " + failures + " times: " + why);
        }
        pauseEnds = System.nanoTime() + (SHORTEST_PAUSE.toNanos() << Math.min(troubles++, MOST_DOUBLINGS));
        return new Verdict.GoesOn();
    }

    private void refused(Flight flight, Trouble trouble) {
        around.listener().blockRefused(key, flight.block, flight.source(), flight.from, trouble);
        report(flight, outcome(trouble));
    }

    private static Outcome outcome(Trouble trouble) {
        return switch (trouble) {
            case CORRUPT -> Outcome.CORRUPT;
            case NOT_HELD -> Outcome.NOT_HELD;
            case REFUSED -> Outcome.REFUSED;
            case TIMED_OUT -> Outcome.STALLED;
            case BROKEN -> Outcome.UNREACHABLE;
            case DISK -> Outcome.OTHER;
        };
    }

    @Override
    public void close() {
        flights.forEach(flight -> flight.abort.now());
        check.close();
        blob.close();
    }
}
