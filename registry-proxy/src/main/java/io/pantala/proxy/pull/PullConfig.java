package io.pantala.proxy.pull;

import java.time.Duration;

/**
 * How long a pull waits for what. Engines differ in what they bear; the least patient decide: dockerd gives a ping 15 s,
 * jib waits 20 s for a reply's head and then for each of its bytes, containerd 30 s for a head.
 *
 * @param ping from an engine's ping until it is answered, whatever the registry does
 * @param answer from any other request until the head of its reply, whatever is tried
 * @param grant how long of that the registry may take to say whether an engine may read a blob
 * @param opening how long of that one filler may take to say whether a blob comes; then the next source is tried
 * @param stall without any byte of the blob arriving, until the next source is tried
 * @param gap without a byte for the engine, until they are read straight from the registry
 * @param proof for the withheld last block, when a range needs it early
 * @param idle between two arrivals of bytes straight from a registry
 */
public record PullConfig(
        Duration ping,
        Duration answer,
        Duration grant,
        Duration opening,
        Duration stall,
        Duration gap,
        Duration proof,
        Duration idle) {
    public static final PullConfig DEFAULT = new PullConfig(
            Duration.ofSeconds(12),
            Duration.ofSeconds(18),
            Duration.ofSeconds(6),
            Duration.ofSeconds(12),
            Duration.ofSeconds(7),
            Duration.ofSeconds(10),
            Duration.ofMillis(500),
            Duration.ofSeconds(7));

    public PullConfig {
        if (!ping.isPositive()
                || !answer.isPositive()
                || !grant.isPositive()
                || !opening.isPositive()
                || !stall.isPositive()
                || !gap.isPositive()
                || proof.isNegative()
                || !idle.isPositive()) {
            throw new IllegalArgumentException("the durations must be positive");
        }
    }
}
