package io.pantala.seed.preheat;

import java.time.Duration;

/**
 * How much preheating a seed does at once, and how long it remembers it.
 *
 * @param imagesAtOnce images that are fetched at the same time; more wait
 * @param blobsAtOnce blobs of one image that are fetched at the same time
 * @param kept preheats that are remembered, unfinished ones among them; no more are taken when all are unfinished
 * @param keptFor how long a finished one is remembered
 * @param retryPause before a manifest is asked for again after a passing failure; twice as long each time
 * @param stall how long a blob may stand still before it counts as failed
 */
public record PreheatConfig(
        int imagesAtOnce, int blobsAtOnce, int kept, Duration keptFor, Duration retryPause, Duration stall) {
    public static final PreheatConfig DEFAULT =
            new PreheatConfig(4, 4, 256, Duration.ofHours(24), Duration.ofSeconds(1), Duration.ofMinutes(2));

    public PreheatConfig {
        if (imagesAtOnce < 1
                || blobsAtOnce < 1
                || kept < 1
                || !keptFor.isPositive()
                || !retryPause.isPositive()
                || !stall.isPositive()) {
            throw new IllegalArgumentException("numbers and durations of preheating must be positive");
        }
    }
}
