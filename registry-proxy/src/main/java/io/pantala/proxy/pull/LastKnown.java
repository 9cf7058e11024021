package io.pantala.proxy.pull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pantala.manifest.Digest;
import io.pantala.manifest.Reference;
import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.http.Exchange;
import io.pantala.proxy.http.RegistryCall;
import io.pantala.proxy.notes.Notes;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** What upstreams said last: of what a tag stands for, and to those who ask how to authenticate. */
final class LastKnown {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration LIFE = Duration.ofDays(90);

    /** What of a ping's answer says something to an engine. */
    private static final Set<String> OF_PINGS =
            Set.of("www-authenticate", "docker-distribution-api-version", "content-type");

    private final Notes notes;
    private final InstantSource clock;

    LastKnown(Notes notes, InstantSource clock) {
        this.notes = notes;
        this.clock = clock;
    }

    /**
     * What a ping was answered with.
     *
     * @param said when; to the hour
     */
    record Ping(int status, List<Map.Entry<String, String>> headers, Instant said) {}

    /**
     * What a tag stood for.
     *
     * @param said when; to the hour
     */
    record Tag(Digest digest, String mediaType, long length, Instant said) {}

    void tag(RegistryCall.Manifest call, Exchange exchange, Head.Found found) {
        if (call.reference() instanceof Reference.ByTag) {
            ObjectNode fact = JSON.createObjectNode()
                    .put("digest", found.digest().toString())
                    .put("type", found.mediaType())
                    .put("length", found.length())
                    .put("at", hour());
            put(name(call, knowsIndexes(exchange)), fact);
        }
    }

    Optional<Tag> tag(RegistryCall.Manifest call, Exchange exchange) {
        return find(name(call, knowsIndexes(exchange)))
                .map(fact -> new Tag(
                        Digest.parse(fact.path("digest").asText()),
                        fact.path("type").asText(),
                        fact.path("length").asLong(),
                        Instant.ofEpochSecond(fact.path("at").asLong())));
    }

    /** The tag is there no more, or stands for something new. */
    void forgetTag(RegistryCall.Manifest call) {
        forgetTag(call.route().upstream(), call.path());
    }

    /** @param path of the manifest at the upstream */
    void forgetTag(UpstreamName upstream, String path) {
        notes.remove(name(upstream, path, true));
        notes.remove(name(upstream, path, false));
    }

    void ping(UpstreamName upstream, int status, List<Map.Entry<String, String>> headers) {
        ObjectNode fact = JSON.createObjectNode().put("status", status).put("at", hour());
        ArrayNode list = fact.putArray("headers");
        headers.stream()
                .filter(header -> OF_PINGS.contains(header.getKey().toLowerCase(Locale.ROOT)))
                .forEach(header -> list.add(header.getKey()).add(header.getValue()));
        put("ping " + upstream, fact);
    }

    Optional<Ping> ping(UpstreamName upstream) {
        return find("ping " + upstream).map(fact -> {
            List<Map.Entry<String, String>> headers = new ArrayList<>();
            JsonNode list = fact.path("headers");
            for (int i = 0; i + 1 < list.size(); i += 2) {
                headers.add(Map.entry(list.get(i).asText(), list.get(i + 1).asText()));
            }
            return new Ping(
                    fact.path("status").asInt(),
                    headers,
                    Instant.ofEpochSecond(fact.path("at").asLong()));
        });
    }

    /** What is told with an answer that its upstream gave another time. */
    static Map.Entry<String, String> warning(UpstreamName upstream, Instant said) {
        return Map.entry(
                "Warning", "299 - \"%s does not answer; this is what it said at %s\"".formatted(upstream, said));
    }

    /** So that a fact which stays the same need not be written all the time. */
    private long hour() {
        return clock.instant().truncatedTo(ChronoUnit.HOURS).getEpochSecond();
    }

    private void put(String name, ObjectNode fact) {
        try {
            notes.put(name, JSON.writeValueAsBytes(fact), LIFE);
        } catch (IOException e) {
            throw new IllegalStateException("a tree can always be written", e);
        }
    }

    private Optional<JsonNode> find(String name) {
        return notes.find(name).flatMap(bytes -> {
            try {
                return Optional.of(JSON.readTree(bytes));
            } catch (IOException e) {
                return Optional.empty();
            }
        });
    }

    private static String name(RegistryCall.Manifest call, boolean indexes) {
        return name(call.route().upstream(), call.path(), indexes);
    }

    private static String name(UpstreamName upstream, String path, boolean indexes) {
        return "tag " + upstream + " " + path + (indexes ? " indexes" : "");
    }

    /** Registries give the image of one platform to engines that know no indexes. */
    private static boolean knowsIndexes(Exchange exchange) {
        List<String> accepted = exchange.headers().stream()
                .filter(header -> header.getKey().equalsIgnoreCase("accept"))
                .flatMap(header -> Stream.of(header.getValue().split(",", -1)))
                .map(String::strip)
                .toList();
        return accepted.isEmpty()
                || accepted.stream()
                        .anyMatch(type -> type.startsWith("*")
                                || type.startsWith("application/*")
                                || type.contains("index")
                                || type.contains("manifest.list"));
    }
}
