package io.pantala.proxy.intercept;

import java.time.Duration;

/**
 * How connections of engines are joined with others.
 *
 * @param tunnels at most at once; more are answered with 503
 * @param connect how long each address may take to answer
 * @param idle how long a tunnel may carry nothing
 * @param firstBytes how long an engine may take to begin with TLS where that is expected; then it gets its tunnel
 * @param handshake how long TLS may take to be agreed on
 */
public record ConnectConfig(int tunnels, Duration connect, Duration idle, Duration firstBytes, Duration handshake) {
    public static final ConnectConfig DEFAULT = new ConnectConfig(
            1024, Duration.ofSeconds(10), Duration.ofMinutes(15), Duration.ofSeconds(5), Duration.ofSeconds(20));

    public ConnectConfig {
        if (tunnels < 1
                || !connect.isPositive()
                || !idle.isPositive()
                || !firstBytes.isPositive()
                || !handshake.isPositive()) {
            throw new IllegalArgumentException("the bounds must be positive");
        }
    }
}
