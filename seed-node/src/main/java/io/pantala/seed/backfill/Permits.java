package io.pantala.seed.backfill;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import io.pantala.manifest.UpstreamName;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Bounds the requests under way to each upstream, whatever the number of blobs. First come, first served, but for a part
 * that is kept for the first requests of blobs: whoever waits for one soon hears that it comes, whatever others fetch.
 */
final class Permits {
    /** One in so many is kept. */
    private static final int KEPT = 4;

    private final int each;
    private final Map<UpstreamName, Places> byUpstream = new ConcurrentHashMap<>();

    /**
     * Of one upstream.
     *
     * @param further those of them that requests after a blob's first may have
     */
    private record Places(Semaphore all, Semaphore further) {}

    Permits(int each) {
        this.each = each;
    }

    /** Leave for one request, until it is closed. */
    static final class Permit implements AutoCloseable {
        private final List<Semaphore> taken;
        private final AtomicBoolean closed = new AtomicBoolean();

        private Permit(List<Semaphore> taken) {
            this.taken = taken;
        }

        @Override
        public void close() {
            if (closed.compareAndSet(false, true)) {
                taken.forEach(Semaphore::release);
            }
        }
    }

    /** For a blob's first request. Waits its turn; empty when that did not come in time. */
    Optional<Permit> acquireFirst(UpstreamName upstream, Duration patience) throws InterruptedException {
        return acquire(List.of(of(upstream).all), patience);
    }

    /** For another request for a blob. Waits its turn; empty when that did not come in time. */
    Optional<Permit> acquireFurther(UpstreamName upstream, Duration patience) throws InterruptedException {
        Places places = of(upstream);
        return acquire(List.of(places.further, places.all), patience);
    }

    private static Optional<Permit> acquire(List<Semaphore> wanted, Duration patience) throws InterruptedException {
        long end = System.nanoTime() + Math.max(0, patience.toNanos());
        for (int i = 0; i < wanted.size(); i++) {
            boolean taken = false;
            try {
                taken = wanted.get(i).tryAcquire(Math.max(0, end - System.nanoTime()), NANOSECONDS);
            } finally {
                if (!taken) {
                    wanted.subList(0, i).forEach(Semaphore::release);
                }
            }
            if (!taken) {
                return Optional.empty();
            }
        }
        return Optional.of(new Permit(wanted));
    }

    /** Whether so many are left that one blob may have several: half of them stay for others. */
    boolean plenty(UpstreamName upstream) {
        return of(upstream).all.availablePermits() > each / 2;
    }

    /** Whether all are taken but for those that are kept: others wait, and no request should take long. */
    boolean scarce(UpstreamName upstream) {
        return of(upstream).further.availablePermits() == 0;
    }

    private Places of(UpstreamName upstream) {
        return byUpstream.computeIfAbsent(
                upstream, _ -> new Places(new Semaphore(each, true), new Semaphore(each - each / KEPT, true)));
    }
}
