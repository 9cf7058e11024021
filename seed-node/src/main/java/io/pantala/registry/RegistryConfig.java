package io.pantala.registry;

import java.time.Duration;

/**
 * How patient the registry client is, and how much it takes.
 *
 * @param connectTimeout until a connection stands, its TLS handshake included
 * @param headerTimeout from sending a request, waiting for a connection included, until its response's headers
 * @param pushTimeout from the end of a request's body until the headers of its response: a registry may have to move
 *     what was pushed
 * @param bodyIdle between two arrivals of a body's bytes
 * @param keepAlive how long an unused connection is kept, in whole seconds: shorter than registries do, so that seldom
 *     one is used that is just being closed
 * @param connectionsPerHost how many connections to one host and port at most; more requests wait
 */
public record RegistryConfig(
        Duration connectTimeout,
        Duration headerTimeout,
        Duration pushTimeout,
        Duration bodyIdle,
        Duration keepAlive,
        int connectionsPerHost) {
    public static final RegistryConfig DEFAULT = new RegistryConfig(
            Duration.ofSeconds(10),
            Duration.ofSeconds(30),
            Duration.ofMinutes(10),
            Duration.ofSeconds(30),
            Duration.ofSeconds(20),
            64);

    /** With the usual patience for pushes and unused connections. */
    public RegistryConfig(Duration connectTimeout, Duration headerTimeout, Duration bodyIdle, int connectionsPerHost) {
        this(connectTimeout, headerTimeout, DEFAULT.pushTimeout, bodyIdle, DEFAULT.keepAlive, connectionsPerHost);
    }

    public RegistryConfig {
        if (!connectTimeout.isPositive()
                || !headerTimeout.isPositive()
                || !pushTimeout.isPositive()
                || !bodyIdle.isPositive()
                || !keepAlive.isPositive()
                || connectionsPerHost < 1) {
            throw new IllegalArgumentException("timeouts and the number of connections must be positive");
        }
    }
}
