package io.pantala.proxy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pantala.manifest.ImageReference;
import io.pantala.manifest.Platform;
import io.pantala.transport.NodeAddress;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Speaks to a seed's API about preheats. What a seed says against it ends the command with the seed's words. */
final class PreheatClient implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final Duration ANSWER = Duration.ofSeconds(10);
    private static final Duration CANCEL = Duration.ofSeconds(2);

    private final NodeAddress seed;
    private final URI preheats;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .proxy(HttpClient.Builder.NO_PROXY)
            .connectTimeout(CONNECT)
            .build();

    PreheatClient(NodeAddress seed) {
        this.seed = seed;
        this.preheats = URI.create("http://" + seed + "/api/v1/preheats");
    }

    /**
     * Asks for an image.
     *
     * @param credentials for its registry, as an Authorization header would have them
     */
    JsonNode submit(ImageReference image, List<Platform> platforms, Optional<String> credentials)
            throws InterruptedException {
        ObjectNode wish = JSON.createObjectNode().put("type", "image").put("url", image.toString());
        ArrayNode list = wish.putArray("platforms");
        platforms.forEach(platform -> list.add(platform.toString()));
        HttpRequest.Builder request = HttpRequest.newBuilder(preheats)
                .timeout(ANSWER)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(wish.toString()));
        credentials.ifPresent(value -> request.header("X-Registry-Authorization", value));
        try {
            return answer(http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray()));
        } catch (IOException e) {
            throw outOfReach(e);
        }
    }

    /** How far one has come. */
    JsonNode find(String id) throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(preheat(id)).timeout(ANSWER).build();
        return answer(http.send(request, HttpResponse.BodyHandlers.ofByteArray()));
    }

    /** Stops one, if the seed can be reached at once. */
    void cancel(String id) throws InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(preheat(id)).timeout(CANCEL).DELETE().build();
        try {
            http.send(request, HttpResponse.BodyHandlers.discarding());
        } catch (IOException e) {
            throw outOfReach(e);
        }
    }

    CommandFailure outOfReach(IOException e) {
        String why = e.getMessage() == null ? "connection refused" : e.getMessage();
        return new CommandFailure("no seed answers at " + seed + " (" + why + "); --seed says where it is");
    }

    @Override
    public void close() {
        http.shutdownNow();
    }

    private URI preheat(String id) {
        return URI.create(preheats + "/" + id);
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
