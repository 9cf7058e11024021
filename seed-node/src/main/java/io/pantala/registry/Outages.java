package io.pantala.registry;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Hosts that have failed to answer several times in a row. For a while, until one of them is answered, one request at a
 * time finds out whether such a host is back, and the others wait a little for what it learns: they go on when the host
 * is back, and fail at once when it is not. So a host in trouble is left in peace, and nobody waits long for it.
 */
final class Outages {
    private static final int FAILURES = 3;
    private static final Duration REMEMBERED = Duration.ofSeconds(10);

    /** Redirects can lead to any number of hosts. */
    private static final int MOST_HOSTS = 1000;

    /** A try that takes longer than this no longer keeps others from theirs. */
    private static final Duration TRY = Duration.ofSeconds(5);

    private final Duration patience;
    private final LongSupplier nanoTime;
    private final Map<Location, Outage> outages = new HashMap<>();

    /** @param patience how long others wait for what a try finds out, at most */
    Outages(Duration patience, LongSupplier nanoTime) {
        this.patience = patience;
        this.nanoTime = nanoTime;
    }

    /** What a try says about its host. */
    private enum Finding {
        BACK,
        OUT,
        NOTHING
    }

    private record Try(long since, UpstreamException before, CompletableFuture<Finding> finding) {
        UpstreamException stillOut() {
            return new UpstreamException(before.kind(), before.getMessage() + " (as a moment ago)", before);
        }
    }

    private static final class Outage {
        private final UpstreamException failure;
        private final int failures;
        private final long since;
        private @Nullable Try running;

        Outage(UpstreamException failure, int failures, long since) {
            this.failure = failure;
            this.failures = failures;
            this.since = since;
        }
    }

    /**
     * Before a host is asked: fails if that is of no use now.
     *
     * @param most how long this one may wait for what another finds out
     */
    void enter(Location host, Duration most) throws UpstreamException, InterruptedException {
        Try running = begin(host);
        if (running == null) {
            return;
        }
        Duration wait = most.compareTo(patience) < 0 ? most : patience;
        Finding finding;
        try {
            finding = running.finding.get(wait.toNanos(), NANOSECONDS);
        } catch (TimeoutException e) {
            finding = Finding.NOTHING;
        } catch (ExecutionException e) {
            throw new IllegalStateException("a try completes normally", e);
        }
        boolean mayAsk = finding == Finding.BACK || (finding == Finding.NOTHING && begin(host) == null);
        if (!mayAsk) {
            throw running.stillOut();
        }
    }

    /** Whether to wait for a try of another's; null to ask, as a try if the host is out. */
    private synchronized @Nullable Try begin(Location host) {
        Outage outage = outages.get(host);
        if (outage == null || outage.failures < FAILURES) {
            return null;
        }
        long now = nanoTime.getAsLong();
        if (isOver(outage, now)) {
            outages.remove(host);
            return null;
        }
        if (outage.running != null && now - outage.running.since < TRY.toNanos()) {
            return outage.running;
        }
        // Who waits for one that takes too long waits for this one.
        outage.running = new Try(
                now, outage.failure, outage.running == null ? new CompletableFuture<>() : outage.running.finding);
        return null;
    }

    /** It has answered, whatever it said. */
    synchronized void answered(Location host) {
        found(outages.remove(host), Finding.BACK);
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
        found(before, Finding.OUT);
    }

    /** It was not given time, or what happened says nothing about it. */
    synchronized void left(Location host) {
        found(outages.get(host), Finding.NOTHING);
    }

    private static void found(@Nullable Outage outage, Finding finding) {
        if (outage != null && outage.running != null) {
            outage.running.finding.complete(finding);
            outage.running = null;
        }
    }

    private static boolean isOver(Outage outage, long now) {
        return now - outage.since >= REMEMBERED.toNanos();
    }
}
