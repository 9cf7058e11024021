package io.pantala.swarm.download;

import io.pantala.manifest.BlobKey;
import io.pantala.store.BlockWriter;
import io.pantala.store.StoredBlob;
import io.pantala.swarm.download.SwarmListener.Source;
import io.pantala.swarm.download.SwarmListener.Trouble;
import io.pantala.transport.block.BlockOutcome;
import io.pantala.transport.control.ControlMessage.Hashes;
import io.pantala.transport.control.SeedLink;
import io.pantala.transport.ticket.Ticket;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
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

        /** This source can't be relied on. */
        record SourceFails(String why) implements Verdict {}

        record DiskFails(String why) implements Verdict {}
    }

    private static final Duration SHORTEST_PAUSE = Duration.ofMillis(50);
    private static final int MOST_DOUBLINGS = 4;

    private final BlobKey key;
    private final StoredBlob blob;
    private final Surroundings around;
    private final Consumer<Event> events;
    private final BlockPlan plan;
    private boolean rechecked;
    private int troubles;
    private long pauseEnds = System.nanoTime();

    /** Takes over the lease. */
    Assembly(StoredBlob blob, Surroundings around, Consumer<Event> events) {
        this.key = blob.key();
        this.blob = blob;
        this.around = around;
        this.events = events;
        this.plan = new BlockPlan(blob.layout());
    }

    StoredBlob blob() {
        return blob;
    }

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
        return true;
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
        return true;
    }

    private boolean isHeldAs(int block, byte[] hash) {
        byte[] held = blob.hash(block);
        return held == null || Arrays.equals(held, hash);
    }

    void sourceLost() {
        plan.sourceLost();
    }

    /** How many blocks are here. */
    int count() {
        return plan.held();
    }

    boolean isComplete() {
        return plan.isComplete();
    }

    /** When transfers may start again after trouble, in nanoseconds; in the past when they may. */
    long pauseEnds() {
        return pauseEnds;
    }

    /** Fetches as much at once as is allowed. */
    void startTransfers(SeedLink seed, Ticket ticket) {
        if (!rechecked || System.nanoTime() < pauseEnds) {
            return;
        }
        while (plan.inFlight() < around.config().blocksPerBlob()) {
            OptionalInt block = plan.next(blob.readPositions());
            if (block.isEmpty()) {
                return;
            }
            StoredBlob lease = blob.share();
            byte[] hash = Objects.requireNonNull(plan.hash(block.getAsInt()));
            try {
                around.transfers().execute(() -> fetch(seed, ticket, lease, block.getAsInt(), hash));
            } catch (RejectedExecutionException e) {
                // This host is shutting down, which the download is about to learn.
                lease.close();
                return;
            }
        }
    }

    private void fetch(SeedLink seed, Ticket ticket, StoredBlob lease, int block, byte[] hash) {
        BlockOutcome outcome;
        try (lease;
                BlockWriter writer = lease.writer(block)) {
            outcome = around.blocks().fetch(seed.address(), key, block, ticket, writer, hash);
        } catch (RuntimeException e) {
            outcome = new BlockOutcome.DiskFailed(String.valueOf(e.getMessage()));
        }
        events.accept(new Event.Fetched(seed, block, outcome));
    }

    /**
     * Takes in what came of a transfer.
     *
     * @param current whether its source is still the one that is relied on
     */
    Verdict landed(Event.Fetched fetched, boolean current) {
        int block = fetched.block();
        return switch (fetched.outcome()) {
            case BlockOutcome.Received received -> {
                plan.held(block);
                troubles = 0;
                around.listener()
                        .blockReceived(
                                key, block, Source.SEED, fetched.seed().address(), received.bytes(), received.took());
                yield new Verdict.GoesOn();
            }
            case BlockOutcome.Corrupt _ -> failed(fetched, current, Trouble.CORRUPT, "sent wrong bytes");
            case BlockOutcome.NotHeld _ -> failed(fetched, current, Trouble.NOT_HELD, "lacks what it announced");
            case BlockOutcome.Refused(int status) ->
                failed(fetched, current, Trouble.REFUSED, "answered with status " + status);
            case BlockOutcome.TimedOut _ -> failed(fetched, current, Trouble.TIMED_OUT, "stands still");
            case BlockOutcome.Broken(String why) -> failed(fetched, current, Trouble.BROKEN, why);
            case BlockOutcome.DiskFailed(String why) -> {
                failed(fetched, current, Trouble.DISK, why);
                yield new Verdict.DiskFails(why);
            }
        };
    }

    private Verdict failed(Event.Fetched fetched, boolean current, Trouble trouble, String why) {
        around.listener()
                .blockRefused(key, fetched.block(), Source.SEED, fetched.seed().address(), trouble);
        int failures = plan.failed(fetched.block(), current);
        if (failures >= around.config().tries()) {
            return new Verdict.SourceFails("block " + fetched.block() + " failed " + failures + " times: " + why);
        }
        pauseEnds = System.nanoTime() + (SHORTEST_PAUSE.toNanos() << Math.min(troubles++, MOST_DOUBLINGS));
        return new Verdict.GoesOn();
    }

    @Override
    public void close() {
        blob.close();
    }
}
