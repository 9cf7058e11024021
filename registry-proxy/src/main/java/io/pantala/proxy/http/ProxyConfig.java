package io.pantala.proxy.http;

import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.intercept.Authority;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.function.Predicate;

/**
 * How engines reach the proxy.
 *
 * @param listen where it listens; port 0 takes a free one
 * @param defaultUpstream what a request that names no upstream means
 * @param tunnelled hosts that are never taken for an upstream, also where engines use this as their proxy
 * @param access who may use it
 * @param idle how long a connection without a request is kept
 * @param drain how long running replies may take to end when the proxy closes
 * @param maxRequests how many requests are worked on at once; more are answered with 503
 */
public record ProxyConfig(
        InetSocketAddress listen,
        UpstreamName defaultUpstream,
        Predicate<Authority> tunnelled,
        Access access,
        Duration idle,
        Duration drain,
        int maxRequests) {
    public ProxyConfig {
        if (!idle.isPositive() || drain.isNegative() || maxRequests < 1) {
            throw new IllegalArgumentException("idle and maxRequests must be positive, drain not negative");
        }
    }

    /** The usual bounds. */
    public static ProxyConfig on(InetSocketAddress listen, UpstreamName defaultUpstream) {
        return new ProxyConfig(
                listen,
                defaultUpstream,
                _ -> false,
                Access.open(),
                Duration.ofSeconds(90),
                Duration.ofSeconds(30),
                1024);
    }
}
