package io.pantala.seed.backfill;

import java.time.Duration;
import java.util.random.RandomGenerator;

/** How long to wait before asking again: about twice as long each time, no two alike, and no shorter than asked for. */
record Backoff(Duration first, Duration longest, RandomGenerator random) {
    /**
     * @param attempt how many in a row have failed, from 1 on
     * @param wanted what the registry asks for; zero if nothing
     */
    Duration delay(int attempt, Duration wanted) {
        double doubled = first.toNanos() * Math.scalb(1.0, Math.min(attempt - 1, 30));
        double jittered = Math.min(doubled, (double) longest.toNanos()) * (0.5 + random.nextDouble() / 2);
        Duration delay = Duration.ofNanos((long) jittered);
        Duration bounded = wanted.compareTo(longest) > 0 ? longest : wanted;
        return bounded.compareTo(delay) > 0 ? bounded : delay;
    }
}
