package io.pantala.proxy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.ClusterTls;
import io.pantala.transport.identity.Token;
import io.pantala.transport.link.LinkFailure;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** Speaks to a seed's API. What a seed says against it ends the command with the seed's words. */
final class SeedApi implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration CONNECT = Duration.ofSeconds(5);

    private final NodeAddress seed;
    private final Optional<Token> token;
    private final HttpClient http;

    /** @param token without one, the API is spoken to in plain text, on this machine */
    SeedApi(NodeAddress seed, Optional<Token> token) {
        this.seed = seed;
        this.token = token;
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .proxy(HttpClient.Builder.NO_PROXY)
                .connectTimeout(CONNECT);
        token.ifPresent(given -> builder.sslContext(ClusterTls.pinned(given.authority(), InstantSource.system())));
        this.http = builder.build();
    }

    /**
     * Asks, and reads the answer, which may be empty.
     *
     * @param path below {@code /api/v1/}
     * @param details the method, the body and what else the request has
     * @throws IOException when there is no answer
     */
    JsonNode ask(String path, Duration patience, UnaryOperator<HttpRequest.Builder> details)
            throws IOException, InterruptedException {
        URI uri = URI.create((token.isPresent() ? "https://" : "http://") + seed + "/api/v1/" + path);
        HttpRequest.Builder request = HttpRequest.newBuilder(uri).timeout(patience);
        token.ifPresent(given -> request.header("Authorization", "Bearer " + given.secret()));
        return answer(http.send(details.apply(request).build(), HttpResponse.BodyHandlers.ofByteArray()));
    }

    CommandFailure outOfReach(IOException e) {
        String why = e.getMessage() == null ? "connection refused" : LinkFailure.words(e);
        return new CommandFailure("no seed answers at " + seed + " (" + why + "); --seed says where it is");
    }

    @Override
    public void close() {
        http.shutdownNow();
    }

    private JsonNode answer(HttpResponse<byte[]> response) throws IOException {
        JsonNode document;
        try {
            document = JSON.readTree(response.body());
        } catch (IOException e) {
            throw new CommandFailure("what answers at " + seed + " is no seed");
        }
        if (response.statusCode() >= 300) {
            throw new CommandFailure(document.path("detail").asText("the seed answered " + response.statusCode()));
        }
        return document;
    }
}
