package io.pantala.registry;

import io.pantala.manifest.UpstreamName;
import io.pantala.swarm.Authorization;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Reaches one registry's token service, and waits for its whole answer. */
interface TokenEndpoint {
    /** Asks as Docker's clients do. */
    TokenReply get(URI uri, Authorization authorization) throws IOException;

    /** Posts an OAuth2 form. */
    TokenReply post(URI uri, String form) throws IOException;

    /** The one that uses the client and the trust of its registry. */
    static TokenEndpoint of(RegistryClient client, UpstreamName upstream) {
        return new TokenEndpoint() {
            private static final int LARGEST_REPLY = 64 << 10;
            private static final Duration IDLE = Duration.ofSeconds(10);
            private static final List<Map.Entry<String, String>> HEADERS =
                    List.of(Map.entry("Accept", "application/json"));
            private static final List<Map.Entry<String, String>> OF_FORMS = List.of(
                    Map.entry("Accept", "application/json"),
                    Map.entry("Content-Type", "application/x-www-form-urlencoded"));

            @Override
            public TokenReply get(URI uri, Authorization authorization) throws IOException {
                return read(client.ask(upstream, uri, HEADERS, authorization, null, "token"));
            }

            @Override
            public TokenReply post(URI uri, String form) throws IOException {
                byte[] body = form.getBytes(StandardCharsets.US_ASCII);
                return read(client.ask(upstream, uri, OF_FORMS, Authorization.ANONYMOUS, body, "token"));
            }

            private TokenReply read(RegistryResponse response) throws IOException {
                try (response) {
                    return new TokenReply(
                            response.status(),
                            new String(response.readAll(LARGEST_REPLY, IDLE), StandardCharsets.UTF_8));
                }
            }
        };
    }
}
