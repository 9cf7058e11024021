package io.pantala.seed.backfill;

import io.pantala.manifest.UpstreamName;
import io.pantala.seed.backfill.Permits.Permit;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** One flight's waits for permits, which all end when it is stopped. */
final class Turns {
    private final Permits permits;
    private final UpstreamName upstream;
    private final Set<Thread> waiting = new HashSet<>();
    private boolean over;

    Turns(Permits permits, UpstreamName upstream) {
        this.permits = permits;
        this.upstream = upstream;
    }

    private interface Wait {
        Optional<Permit> acquire() throws InterruptedException;
    }

    /** For the blob's first request; empty when its turn did not come in time, or comes no more. */
    Optional<Permit> first(Duration patience) throws InterruptedException {
        return await(() -> permits.acquireFirst(upstream, patience));
    }

    /** For another request; empty when its turn did not come in time, or comes no more. */
    Optional<Permit> further(Duration patience) throws InterruptedException {
        return await(() -> permits.acquireFurther(upstream, patience));
    }

    /** Nobody waits any more, from now on. On any thread. */
    synchronized void end() {
        over = true;
        waiting.forEach(Thread::interrupt);
    }

    private Optional<Permit> await(Wait wait) throws InterruptedException {
        if (!enter()) {
            return Optional.empty();
        }
        try {
            return wait.acquire();
        } catch (InterruptedException e) {
            if (isOver()) {
                return Optional.empty();
            }
            throw e;
        } finally {
            leave();
        }
    }

    private synchronized boolean enter() {
        return !over && waiting.add(Thread.currentThread());
    }

    private synchronized boolean isOver() {
        return over;
    }

    private synchronized void leave() {
        waiting.remove(Thread.currentThread());
        if (over) {
            // The interrupt was meant for the wait alone, and may have come just after it.
            var _ = Thread.interrupted();
        }
    }
}
