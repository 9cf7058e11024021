package io.pantala.seed.api;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pantala.manifest.ImageReference;
import io.pantala.manifest.Platform;
import io.pantala.seed.preheat.PreheatRequest;
import io.pantala.seed.preheat.PreheatStatus;
import io.pantala.swarm.Authorization;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Preheats as JSON, as {@code docs/api.md} describes it. */
final class PreheatDocuments {
    private static final String TYPE = "image";
    private static final Set<String> FIELDS = new LinkedHashSet<>(List.of("type", "url", "platforms"));
    private static final int MOST_PLATFORMS = 64;
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private PreheatDocuments() {}

    /** Reads what is asked for; a {@link BadRequestException} says what is wrong with it. */
    static PreheatRequest read(byte[] body, Authorization credentials) throws BadRequestException {
        JsonNode root = parse(body);
        for (Iterator<String> names = root.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            if (!FIELDS.contains(name)) {
                throw new BadRequestException("unknown field '" + name + "'; known are " + String.join(", ", FIELDS));
            }
        }
        String type = text(root.path("type"), "type");
        if (!type.equals(TYPE)) {
            throw new BadRequestException("unknown type '" + type + "'; known is " + TYPE);
        }
        return new PreheatRequest(image(text(root.path("url"), "url")), platforms(root.path("platforms")), credentials);
    }

    private static JsonNode parse(byte[] body) throws BadRequestException {
        try {
            JsonNode root = JSON.readTree(body);
            if (!root.isObject()) {
                throw new BadRequestException("the body must be a JSON object");
            }
            return root;
        } catch (JsonProcessingException e) {
            throw new BadRequestException("the body is not JSON: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw new BadRequestException("the body is not JSON");
        }
    }

    private static String text(JsonNode value, String name) throws BadRequestException {
        if (!value.isTextual() || value.asText().isBlank()) {
            throw new BadRequestException("'" + name + "' is missing: it must be a text");
        }
        return value.asText();
    }

    private static ImageReference image(String url) throws BadRequestException {
        try {
            return ImageReference.parse(url);
        } catch (IllegalArgumentException e) {
            throw new BadRequestException("'url' is not an image: " + e.getMessage());
        }
    }

    private static List<Platform> platforms(JsonNode value) throws BadRequestException {
        if (value.isMissingNode() || value.isNull()) {
            return List.of();
        }
        if (!value.isArray() || value.size() > MOST_PLATFORMS) {
            throw new BadRequestException("'platforms' must be a list of at most " + MOST_PLATFORMS);
        }
        List<Platform> platforms = new ArrayList<>();
        for (JsonNode each : value) {
            try {
                platforms.add(Platform.parse(each.asText()));
            } catch (IllegalArgumentException e) {
                throw new BadRequestException("'platforms': " + e.getMessage());
            }
        }
        return platforms;
    }

    /** All of one preheat. */
    static ObjectNode write(PreheatStatus preheat) {
        ObjectNode document = summary(preheat);
        ArrayNode blobs = document.putArray("blobs");
        for (PreheatStatus.BlobStatus blob : preheat.blobs()) {
            ObjectNode each = blobs.addObject()
                    .put("digest", blob.digest().toString())
                    .put("state", blob.state().name())
                    .put("bytesDone", blob.bytesDone())
                    .put("bytesTotal", blob.bytesTotal());
            if (blob.error() != null) {
                each.put("error", blob.error());
            }
        }
        return document;
    }

    /** Several, without their blobs. */
    static ObjectNode write(List<PreheatStatus> preheats) {
        ObjectNode document = JSON.createObjectNode();
        ArrayNode list = document.putArray("preheats");
        preheats.forEach(preheat -> list.add(summary(preheat)));
        return document;
    }

    private static ObjectNode summary(PreheatStatus preheat) {
        ObjectNode document = JSON.createObjectNode()
                .put("id", preheat.id())
                .put("type", TYPE)
                .put("url", preheat.image().toString());
        ArrayNode platforms = document.putArray("platforms");
        preheat.platforms().forEach(platform -> platforms.add(platform.toString()));
        document.put("state", preheat.state().name())
                .put("created", preheat.created().toString())
                .put("bytesDone", preheat.bytesDone())
                .put("bytesTotal", preheat.bytesTotal());
        if (preheat.digest() != null) {
            document.put("digest", preheat.digest().toString());
        }
        if (preheat.finished() != null) {
            document.put("finished", preheat.finished().toString());
        }
        if (preheat.error() != null) {
            document.put("error", preheat.error());
        }
        return document;
    }
}
