package io.pantala.proxy.http;

import io.pantala.manifest.UpstreamName;
import org.jspecify.annotations.Nullable;

/**
 * Where a request goes.
 *
 * @param upstream always a configured one
 * @param namespace what the engine gave as {@code ns}; null if it gave none
 * @param query as received, without the question mark, and without the {@code ns} of a request to a mirror; empty if
 *     nothing is left
 * @param origin what the engine believes to speak to, such as {@code https://ghcr.io}; null when it knows that this is a
 *     mirror
 */
public record Route(
        UpstreamName upstream,
        @Nullable String namespace,
        String query,
        @Nullable String origin) {
    /** One of a request to a mirror. */
    public Route(UpstreamName upstream, @Nullable String namespace, String query) {
        this(upstream, namespace, query, null);
    }

    /** Whether the engine has no other way to its registry: nothing of it may be refused, or answered from here alone. */
    public boolean proxied() {
        return origin != null;
    }
}
