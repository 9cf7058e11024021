package io.pantala.registry;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Hosts that have failed to answer several times in a row. For a while, until one of them is answered, one request at a
 * time may find out whether such a host is back, and all others fail at once: nobody waits for what others already wait
 * for, and a host in trouble is left in peace.
 */
final class Outages {
    private static final int FAILURES = 3;
    private static final Duration REMEMBERED = Duration.ofSeconds(10);

    /** Redirects can lead to any number of hosts. */
    private static final int MOST_HOSTS = 1000;

    /** A try that takes longer than this no longer keeps others from theirs. */
    private static final Duration TRY = Duration.ofSeconds(5);

    private final LongSupplier nanoTime;
    private final Map<Location, Outage> outages = new HashMap<>();

    Outages(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    private static final class Outage {
        private final UpstreamException failure;
        private final int failures;
        private final long since;
        private boolean tried;
        private long triedSince;

        Outage(UpstreamException failure, int failures, long since) {
            this.failure = failure;
            this.failures = failures;
            this.since = since;
        }
    }

    /** Before a host is asked: fails if that is of no use now. */
    synchronized void enter(Location host) throws UpstreamException {
        Outage outage = outages.get(host);
        if (outage == null || outage.failures < FAILURES) {
            return;
        }
        long now = nanoTime.getAsLong();
        if (isOver(outage, now)) {
            outages.remove(host);
        } else if (outage.tried && now - outage.triedSince < TRY.toNanos()) {
            throw new UpstreamException(
                    outage.failure.kind(), outage.failure.getMessage() + " (as a moment ago)", outage.failure);
        } else {
            outage.tried = true;
            outage.triedSince = now;
        }
    }

    /** It has answered, whatever it said. */
    synchronized void answered(Location host) {
        outages.remove(host);
    }

    /** It has not, though it was given time. */
    synchronized void failed(Location host, UpstreamException failure) {
        long now = nanoTime.getAsLong();
        Outage before = outages.get(host);
        if (before == null && outages.size() >= MOST_HOSTS) {
            outages.values().removeIf(outage -> isOver(outage, now));
            if (outages.size() >= MOST_HOSTS) {
                return;
            }
        }
        int failures = before == null || isOver(before, now) ? 1 : before.failures + 1;
        outages.put(host, new Outage(failure, failures, now));
    }

    /** It was not given time, or what happened says nothing about it. */
    synchronized void left(Location host) {
        Outage outage = outages.get(host);
        if (outage != null) {
            outage.tried = false;
        }
    }

    private static boolean isOver(Outage outage, long now) {
        return now - outage.since >= REMEMBERED.toNanos();
    }
}
