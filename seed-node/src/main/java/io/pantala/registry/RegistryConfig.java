package io.pantala.registry;

import java.time.Duration;

/**
 * How patient the registry client is, and how much it takes.
 *
 * @param connectTimeout until a connection stands, its TLS handshake included
 * @param headerTimeout from sending a request, waiting for a connection included, until its response's headers
 * @param bodyIdle between two arrivals of a body's bytes
 * @param connectionsPerHost how many connections to one host and port at most; more requests wait
 */
public record RegistryConfig(
        Duration connectTimeout, Duration headerTimeout, Duration bodyIdle, int connectionsPerHost) {
    public static final RegistryConfig DEFAULT =
            new RegistryConfig(Duration.ofSeconds(10), Duration.ofSeconds(30), Duration.ofSeconds(30), 64);

    public RegistryConfig {
        if (!connectTimeout.isPositive()
                || !headerTimeout.isPositive()
                || !bodyIdle.isPositive()
                || connectionsPerHost < 1) {
            throw new IllegalArgumentException("timeouts and the number of connections must be positive");
        }
    }
}
