package io.pantala.seed.backfill;

import java.time.Duration;

/**
 * How blobs are fetched from registries.
 *
 * @param firstSegment bytes the first request asks for: many layers are no larger, and the largest block fits
 * @param largestSegment bytes that any later request asks for at most
 * @param parallelSegments requests at once for one blob
 * @param parallelRequests requests at once to one upstream, for all blobs
 * @param patience how long an asker waits at most until it is known whether the blob comes
 * @param unsized how long of that a blob may take whose length is only known at its end, all of it; then everyone is left to
 *     read it from the registry
 * @param copies how long of that others who hold the blob may take to give it, before the registry is asked
 * @param grace how long a fill goes on after its last party has left
 * @param attempts how often in a row a request may bring no byte before the fill gives up
 * @param firstDelay before the first of these repetitions; each further one waits about twice as long
 * @param longestDelay between two repetitions, also if the registry asks for more
 * @param idle how long a body may pause
 */
public record BackfillConfig(
        int firstSegment,
        int largestSegment,
        int parallelSegments,
        int parallelRequests,
        Duration patience,
        Duration unsized,
        Duration copies,
        Duration grace,
        int attempts,
        Duration firstDelay,
        Duration longestDelay,
        Duration idle) {
    public static final BackfillConfig DEFAULT = new BackfillConfig(
            8 << 20,
            32 << 20,
            4,
            16,
            Duration.ofSeconds(10),
            Duration.ofSeconds(5),
            Duration.ofSeconds(6),
            Duration.ofSeconds(30),
            6,
            Duration.ofMillis(500),
            Duration.ofSeconds(30),
            Duration.ofSeconds(7));

    public BackfillConfig {
        if (firstSegment < 1 || largestSegment < firstSegment) {
            throw new IllegalArgumentException("segments must be positive, the largest not below the first");
        }
        if (parallelSegments < 1 || parallelRequests < 1 || attempts < 1) {
            throw new IllegalArgumentException("at least one request and one attempt are needed");
        }
        if (!patience.isPositive()
                || unsized.isNegative()
                || !copies.isPositive()
                || grace.isNegative()
                || firstDelay.isNegative()
                || !idle.isPositive()) {
            throw new IllegalArgumentException("durations must not be negative");
        }
    }
}
