package io.pantala.seed.backfill;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import io.pantala.manifest.UpstreamName;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;

/** Bounds the requests under way to each upstream, whatever the number of blobs. First come, first served. */
final class Permits {
    private final int each;
    private final Map<UpstreamName, Semaphore> byUpstream = new ConcurrentHashMap<>();

    Permits(int each) {
        this.each = each;
    }

    /** Leave for one request, until it is closed. */
    static final class Permit implements AutoCloseable {
        private final Semaphore semaphore;
        private final AtomicBoolean closed = new AtomicBoolean();

        private Permit(Semaphore semaphore) {
            this.semaphore = semaphore;
        }

        @Override
        public void close() {
            if (closed.compareAndSet(false, true)) {
                semaphore.release();
            }
        }
    }

    /** Waits its turn; empty when that did not come in time. */
    Optional<Permit> acquire(UpstreamName upstream, Duration patience) throws InterruptedException {
        Semaphore semaphore = of(upstream);
        return semaphore.tryAcquire(Math.max(0, patience.toNanos()), NANOSECONDS)
                ? Optional.of(new Permit(semaphore))
                : Optional.empty();
    }

    /** Whether so many are left that one blob may have several: half of them stay for others. */
    boolean plenty(UpstreamName upstream) {
        return of(upstream).availablePermits() > each / 2;
    }

    private Semaphore of(UpstreamName upstream) {
        return byUpstream.computeIfAbsent(upstream, _ -> new Semaphore(each, true));
    }
}
