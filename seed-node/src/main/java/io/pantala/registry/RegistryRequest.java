package io.pantala.registry;

import io.pantala.manifest.UpstreamName;
import io.pantala.swarm.Authorization;
import io.vertx.core.http.HttpMethod;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request to a registry.
 *
 * @param target raw path and query, from {@code /v2/} on
 * @param headers in order, repeated ones apart; hop-by-hop ones, {@code Host}, {@code Authorization} and
 *     {@code Accept-Encoding} among them are not sent on
 * @param kind for the listener alone: {@code blob}, {@code manifest}, {@code token}, {@code ping}, {@code tags} or
 *     {@code other}
 * @param body null without one
 */
public record RegistryRequest(
        UpstreamName upstream,
        HttpMethod method,
        String target,
        List<Map.Entry<String, String>> headers,
        Authorization authorization,
        String kind,
        @Nullable RequestBody body) {
    /** The kind of a blob's request, whose body bytes are reported. */
    public static final String BLOB = "blob";

    public RegistryRequest {
        headers = List.copyOf(headers);
        if (!target.startsWith("/") || target.chars().anyMatch(c -> c <= ' ' || c >= 0x7f)) {
            throw new IllegalArgumentException("not a raw request target");
        }
    }

    /** One without a body. */
    public RegistryRequest(
            UpstreamName upstream,
            HttpMethod method,
            String target,
            List<Map.Entry<String, String>> headers,
            Authorization authorization,
            String kind) {
        this(upstream, method, target, headers, authorization, kind, null);
    }

    /** Whether it changes nothing, so that it may be sent again. */
    boolean isSafe() {
        return body == null && (method.equals(HttpMethod.GET) || method.equals(HttpMethod.HEAD));
    }
}
