package io.pantala.proxy.http;

import io.pantala.manifest.UpstreamName;
import org.jspecify.annotations.Nullable;

/**
 * Where a request goes.
 *
 * @param upstream always a configured one
 * @param namespace what the engine gave as {@code ns}; null if it gave none
 * @param query as received, without {@code ns} and without the question mark; empty if nothing is left
 */
public record Route(UpstreamName upstream, @Nullable String namespace, String query) {}
