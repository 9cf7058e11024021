package io.pantala.proxy.pull;

import java.time.Duration;

/**
 * How long a pull waits for what.
 *
 * @param opening until a filler says whether a blob comes; then the next source is tried
 * @param stall without any block of the blob arriving, until the next source is tried
 * @param gap without a byte for the engine, until its reply is cut short
 * @param proof for the withheld last block, when a range needs it early
 * @param idle between two arrivals of bytes straight from a registry
 */
public record PullConfig(Duration opening, Duration stall, Duration gap, Duration proof, Duration idle) {
    /** Within what the least patient engines bear, as far as a slow link allows. */
    public static final PullConfig DEFAULT = new PullConfig(
            Duration.ofSeconds(30),
            Duration.ofSeconds(45),
            Duration.ofSeconds(12),
            Duration.ofMillis(500),
            Duration.ofSeconds(30));

    public PullConfig {
        if (!opening.isPositive()
                || !stall.isPositive()
                || !gap.isPositive()
                || proof.isNegative()
                || !idle.isPositive()) {
            throw new IllegalArgumentException("the durations must be positive");
        }
    }
}
