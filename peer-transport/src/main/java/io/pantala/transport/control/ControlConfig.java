package io.pantala.transport.control;

import java.time.Duration;

/**
 * How control links behave, at either end.
 *
 * @param versions what this end speaks
 * @param handshake how long connecting, and then the first two messages, may take each
 * @param ping how long the other end shows no sign of life before it is asked for one, again and again
 * @param silence how long it may show none
 * @param shortestBackOff how long a host waits before it dials a lost seed again, the first time; doubles each time
 * @param longestBackOff the most that it waits
 * @param firstLink how long it is worth waiting for a link after the start, or after the last one was lost
 * @param news how often a seed tells its news though they are none
 * @param resolve how often a host looks up again what the names of seeds mean
 * @param backlog bytes that may wait to be sent; a link with more is closed
 */
public record ControlConfig(
        VersionRange versions,
        Duration handshake,
        Duration ping,
        Duration silence,
        Duration shortestBackOff,
        Duration longestBackOff,
        Duration firstLink,
        Duration news,
        Duration resolve,
        int backlog) {
    public static final ControlConfig DEFAULT = new ControlConfig(
            VersionRange.SPOKEN,
            Duration.ofSeconds(2),
            Duration.ofSeconds(1),
            Duration.ofSeconds(5),
            Duration.ofMillis(100),
            Duration.ofSeconds(2),
            Duration.ofSeconds(6),
            Duration.ofSeconds(30),
            Duration.ofSeconds(30),
            8 << 20);

    public ControlConfig {
        if (ping.compareTo(silence) >= 0) {
            throw new IllegalArgumentException("a ping every " + ping + " can't show a silence of " + silence);
        }
        if (ping.toMillis() < 1 || shortestBackOff.toMillis() < 1 || longestBackOff.compareTo(shortestBackOff) < 0) {
            throw new IllegalArgumentException("a link can't be tried or tested without a pause");
        }
    }
}
