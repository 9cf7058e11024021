package io.pantala.proxy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pantala.manifest.ImageReference;
import io.pantala.manifest.Platform;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Asks a seed about preheats. */
final class PreheatClient implements AutoCloseable {
    private static final Duration ANSWER = Duration.ofSeconds(10);
    private static final Duration CANCEL = Duration.ofSeconds(2);
    private static final String PREHEATS = "preheats";

    private final SeedApi seed;

    PreheatClient(SeedApi seed) {
        this.seed = seed;
    }

    /**
     * Asks for an image.
     *
     * @param credentials for its registry, as an Authorization header would have them
     */
    JsonNode submit(ImageReference image, List<Platform> platforms, Optional<String> credentials)
            throws InterruptedException {
        ObjectNode wish =
                JsonNodeFactory.instance.objectNode().put("type", "image").put("url", image.toString());
        ArrayNode list = wish.putArray("platforms");
        platforms.forEach(platform -> list.add(platform.toString()));
        try {
            return seed.ask(PREHEATS, ANSWER, request -> {
                credentials.ifPresent(value -> request.header("X-Registry-Authorization", value));
                return request.header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(wish.toString()));
            });
        } catch (IOException e) {
            throw outOfReach(e);
        }
    }

    /** How far one has come. */
    JsonNode find(String id) throws IOException, InterruptedException {
        return seed.ask(PREHEATS + "/" + id, ANSWER, HttpRequest.Builder::GET);
    }

    /** Stops one, if the seed can be reached at once. */
    void cancel(String id) throws InterruptedException {
        try {
            var _ = seed.ask(PREHEATS + "/" + id, CANCEL, HttpRequest.Builder::DELETE);
        } catch (IOException e) {
            throw outOfReach(e);
        }
    }

    CommandFailure outOfReach(IOException e) {
        return seed.outOfReach(e);
    }

    @Override
    public void close() {
        seed.close();
    }
}
