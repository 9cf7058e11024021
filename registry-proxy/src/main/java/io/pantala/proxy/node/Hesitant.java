package io.pantala.proxy.node;

import io.pantala.swarm.BlobFiller;
import io.pantala.swarm.Fill;
import io.pantala.swarm.FillRequest;
import io.pantala.swarm.Opening;
import io.pantala.swarm.Opening.Opened;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Asks a registry for what no seed gives, but not in the same moment as all the other hosts that have just lost theirs:
 * begins somewhat later, by chance, when it has not been asked for a while.
 */
final class Hesitant implements BlobFiller {
    private static final Duration MOST = Duration.ofSeconds(1);

    /** Of what an asker waits for an answer, no more than this part is spent. */
    private static final int PART = 12;

    /** How long seeds must have given all before they count as lost anew. */
    private static final Duration WHILE = Duration.ofSeconds(30);

    private final BlobFiller filler;
    private final Duration most;
    private final RandomGenerator random;
    private final LongSupplier nanos;
    private final Later later;

    // Guarded by this.
    private boolean asked;
    private long lastAsked;
    private long begins;

    /** Runs something after a while. */
    interface Later {
        void in(Duration delay, Runnable what);
    }

    /**
     * @param most how long it may hesitate
     * @param nanos the time that passes, as {@link System#nanoTime}
     */
    Hesitant(BlobFiller filler, Duration most, RandomGenerator random, LongSupplier nanos, Later later) {
        this.filler = filler;
        this.most = most;
        this.random = random;
        this.nanos = nanos;
        this.later = later;
    }

    /** @param patience how long those who ask wait for an answer */
    static Hesitant of(BlobFiller filler, Duration patience) {
        Duration part = patience.dividedBy(PART);
        return new Hesitant(
                filler,
                part.compareTo(MOST) < 0 ? part : MOST,
                new SplittableRandom(),
                System::nanoTime,
                (delay, what) -> CompletableFuture.delayedExecutor(
                                delay.toNanos(), TimeUnit.NANOSECONDS, Thread::startVirtualThread)
                        .execute(what));
    }

    @Override
    public Fill start(FillRequest request) {
        Duration left = left();
        if (!left.isPositive()) {
            return filler.start(request);
        }
        Waiting waiting = new Waiting(request);
        later.in(left, waiting::begin);
        return waiting;
    }

    private synchronized Duration left() {
        long now = nanos.getAsLong();
        if (!asked || now - lastAsked > WHILE.toNanos()) {
            begins = now + (long) (random.nextDouble() * most.toNanos());
        }
        asked = true;
        lastAsked = now;
        return Duration.ofNanos(begins - now);
    }

    /** What has not begun yet. */
    private final class Waiting implements Fill {
        private final FillRequest request;
        private final CompletableFuture<Opening> opening = new CompletableFuture<>();

        // Guarded by this.
        private boolean closed;
        private @Nullable Fill begun;

        Waiting(FillRequest request) {
            this.request = request;
        }

        @Override
        public CompletableFuture<Opening> opening() {
            return opening;
        }

        void begin() {
            Fill fill;
            synchronized (this) {
                if (closed) {
                    return;
                }
                fill = filler.start(request);
                begun = fill;
            }
            var _ = fill.opening().thenAccept(this::pass);
        }

        private void pass(Opening outcome) {
            if (!opening.complete(outcome) && outcome instanceof Opened(var blob)) {
                blob.close();
            }
        }

        @Override
        public void close() {
            Fill last;
            synchronized (this) {
                closed = true;
                last = begun;
            }
            if (last != null) {
                last.close();
            }
            pass(new Opening.Unavailable("it was not waited for"));
        }
    }
}
