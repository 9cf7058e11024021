package io.pantala.swarm.download;

import java.time.Duration;
import java.util.Arrays;

/** How long the transfers of blocks have taken lately: what is late, is so beside these. */
final class Pace {
    private static final int REMEMBERED = 64;
    private static final int LEAST = 8;
    private static final double PERCENTILE = 0.95;
    private static final double MARGIN = 1.5;
    private static final Duration SHORTEST = Duration.ofMillis(150);
    private static final Duration UNKNOWN = Duration.ofSeconds(2);

    private final long[] recent = new long[REMEMBERED];
    private int count;
    private long late = UNKNOWN.toNanos();

    void took(Duration duration) {
        recent[count++ % REMEMBERED] = duration.toNanos();
        if (count >= LEAST && (count < REMEMBERED || count % LEAST == 0)) {
            long[] sorted = Arrays.copyOf(recent, Math.min(count, REMEMBERED));
            Arrays.sort(sorted);
            long percentile = sorted[(int) (PERCENTILE * (sorted.length - 1))];
            late = Math.max(SHORTEST.toNanos(), (long) (MARGIN * percentile));
        }
    }

    /** After so many nanoseconds a transfer is late. */
    long late() {
        return late;
    }
}
