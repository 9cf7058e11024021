package io.pantala.seed.backfill;

import static java.util.concurrent.TimeUnit.SECONDS;

import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.Digest;
import io.pantala.seed.backfill.Permits.Permit;
import io.pantala.seed.backfill.Plan.Segment;
import io.pantala.store.StoredBlob;
import java.io.IOException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Brings the missing blocks of one blob, of known size, from the registry: by a few parallel transfers where it honours
 * ranges, by one stream where not. Behind them the whole blob is hashed in order.
 */
final class Fetch {
    private final Means means;
    private final StoredBlob blob;
    private final BlockLayout layout;
    private final Parties parties;
    private final Asker asker;
    private final Turns turns;
    private final Plan plan;
    private final String requestId;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Set<Transfer> transfers = new HashSet<>();
    private boolean parallel = true;
    private boolean stopping;
    private long received;
    private @Nullable End end;

    /** How it ended. */
    sealed interface End {
        /** All blocks are held; together they have this digest. */
        record Complete(Digest got) implements End {}

        /** It was stopped; what has come stays. */
        record Stopped() implements End {}

        /** The registry, or the disk, does not go on; what has come stays. */
        record Broken(String why) implements End {}

        /** The registry says now that the blob has another size. */
        record Changed(long size) implements End {}
    }

    /** An answer that is here already, and its permit. */
    record InHand(Reply.Bytes bytes, Permit permit) {}

    /** @param requestId of the one who asked first */
    Fetch(Means means, StoredBlob blob, Parties parties, Asker asker, Turns turns, String requestId) {
        this.means = means;
        this.blob = blob;
        this.layout = blob.layout();
        this.parties = parties;
        this.asker = asker;
        this.turns = turns;
        this.plan = new Plan(layout, blob::holds);
        this.requestId = requestId;
    }

    /** Brings what is missing, with the answer first that brought the blob's size, if there is one. */
    End run(Optional<InHand> inHand) throws InterruptedException {
        Transfer first = new Transfer(this);
        lock.lock();
        try {
            transfers.add(first);
        } finally {
            lock.unlock();
        }
        Thread verifier = Thread.ofVirtual().name("backfill-verify").start(this::verify);
        first.run(inHand);
        verifier.join();
        lock.lock();
        try {
            while (!transfers.isEmpty()) {
                changed.await();
            }
            return end == null ? new End.Stopped() : end;
        } finally {
            lock.unlock();
        }
    }

    /** Ends it as soon as the blocks that are just coming are complete. */
    void stop() {
        stopping().forEach(Transfer::endBetweenBlocks);
    }

    /** Ends it at once. */
    void cut() {
        stopping().forEach(Transfer::cut);
    }

    private List<Transfer> stopping() {
        lock.lock();
        try {
            stopping = true;
            changed.signalAll();
            turns.end();
            asker.end();
            return List.copyOf(transfers);
        } finally {
            lock.unlock();
        }
    }

    private void verify() {
        MessageDigest sha256 = Digest.newSha256();
        try {
            for (int block = 0; block < layout.count(); block++) {
                if (!awaitHeld(block)) {
                    return;
                }
                blob.readTo(sha256, block);
            }
            finish(new End.Complete(Digest.ofSha256(sha256.digest())));
        } catch (IOException | IllegalStateException e) {
            finish(new End.Broken("what was stored can't be read again: " + e.getMessage()));
        } catch (InterruptedException e) {
            finish(new End.Broken("interrupted"));
        }
    }

    /** False when it won't be. */
    private boolean awaitHeld(int block) throws InterruptedException {
        lock.lock();
        try {
            while (!blob.holds(block)) {
                if (end != null || transfers.isEmpty()) {
                    return false;
                }
                // Others may bring blocks too, and don't signal.
                var _ = changed.await(1, SECONDS);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    // ---- for the transfers

    Means means() {
        return means;
    }

    StoredBlob blob() {
        return blob;
    }

    Parties parties() {
        return parties;
    }

    Asker asker() {
        return asker;
    }

    Turns turns() {
        return turns;
    }

    Plan plan() {
        return plan;
    }

    String requestId() {
        return requestId;
    }

    /** The first to know how it ends says so; the others stop. */
    void finish(End how) {
        lock.lock();
        try {
            if (end == null) {
                end = how;
            }
            changed.signalAll();
            turns.end();
            asker.end();
        } finally {
            lock.unlock();
        }
    }

    /** Whether it ends as soon as blocks that are just coming are complete. */
    boolean ending() {
        lock.lock();
        try {
            return end != null || stopping;
        } finally {
            lock.unlock();
        }
    }

    /** Whether blocks that are just coming are of no use either. */
    boolean ended() {
        lock.lock();
        try {
            return end != null;
        } finally {
            lock.unlock();
        }
    }

    /** Bytes have come that nobody had. */
    void received(int bytes) {
        lock.lock();
        try {
            received += bytes;
        } finally {
            lock.unlock();
        }
    }

    /** How many bytes have come that nobody had. */
    long received() {
        lock.lock();
        try {
            return received;
        } finally {
            lock.unlock();
        }
    }

    /**
     * A block has come.
     *
     * @param ranged whether the registry honours ranges: then several transfers run, while the upstream has permits
     */
    void blockHeld(boolean ranged) {
        lock.lock();
        try {
            changed.signalAll();
            while (ranged
                    && parallel
                    && end == null
                    && !stopping
                    && transfers.size() < means.config().parallelSegments()
                    && means.permits().plenty(blob.key().upstream())
                    && plan.anythingFrom(0)) {
                Transfer another = new Transfer(this);
                transfers.add(another);
                Thread.ofVirtual().name("backfill-segment").start(() -> another.run(Optional.empty()));
            }
        } finally {
            lock.unlock();
        }
    }

    /** What a transfer is to bring next; when that is nothing, it has left. */
    Segment next(Transfer transfer) {
        lock.lock();
        try {
            Segment segment = plan.next(blob.readPositions(), segmentBytes());
            if (segment.isEmpty()) {
                remove(transfer);
            }
            return segment;
        } finally {
            lock.unlock();
        }
    }

    /** Leaves the rest of a segment to the other transfers, of which no more are started; false when there are none. */
    boolean leaveToOthers(Transfer transfer, Segment rest) {
        lock.lock();
        try {
            parallel = false;
            if (transfers.size() == 1) {
                return false;
            }
            leave(transfer, rest);
            return true;
        } finally {
            lock.unlock();
        }
    }

    void leave(Transfer transfer, Segment rest) {
        lock.lock();
        try {
            plan.release(rest);
            remove(transfer);
        } finally {
            lock.unlock();
        }
    }

    private void remove(Transfer transfer) {
        transfers.remove(transfer);
        changed.signalAll();
    }

    /** What one request is to bring: a fair part of what is left, within bounds, and little while others wait. */
    long segmentBytes() {
        if (means.permits().scarce(blob.key().upstream())) {
            return means.config().firstSegment();
        }
        return Math.clamp(
                plan.bytesLeft() / means.config().parallelSegments(),
                means.config().firstSegment(),
                means.config().largestSegment());
    }

    /** Waits, unless it ends. */
    void pause(Duration delay) throws InterruptedException {
        lock.lock();
        try {
            long nanos = delay.toNanos();
            while (nanos > 0 && end == null && !stopping) {
                nanos = changed.awaitNanos(nanos);
            }
        } finally {
            lock.unlock();
        }
    }
}
