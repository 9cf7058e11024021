package io.pantala.proxy.setup;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** A JSON object as a text, with where its fields are. */
final class JsonText {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String INDENT = "\n  ";

    private final String path;
    private final String text;
    private final JsonNode tree;
    private final Map<String, Integer> values;
    private final int open;
    private final int first;

    private JsonText(String path, String text, JsonNode tree, Map<String, Integer> values, int open, int first) {
        this.path = path;
        this.text = text;
        this.tree = tree;
        this.values = values;
        this.open = open;
        this.first = first;
    }

    static JsonText parse(String path, String text) throws SetupException {
        try (JsonParser parser = new JsonFactory().createParser(text)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new SetupException(path + " holds no JSON object");
            }
            int open = after(parser);
            int first = -1;
            Map<String, Integer> values = new HashMap<>();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                first = first < 0 ? (int) parser.currentTokenLocation().getCharOffset() : first;
                String name = parser.currentName();
                parser.nextToken();
                values.put(name, after(parser));
                parser.skipChildren();
            }
            return new JsonText(path, text, JSON.readTree(text), values, open, first);
        } catch (JsonProcessingException e) {
            throw new SetupException(
                    "%s:%d: not JSON: %s".formatted(path, e.getLocation().getLineNr(), e.getOriginalMessage()));
        } catch (IOException e) {
            throw new IllegalStateException("a text can always be read", e);
        }
    }

    /** A field's value; missing where there is none. */
    JsonNode get(String name) {
        return tree.path(name);
    }

    /** What puts a text into the list of this name, as the first of it; empty if it is in it. */
    Optional<Insertion> prepend(String name, String value) throws SetupException {
        JsonNode list = tree.path(name);
        String quoted = '"' + value + '"';
        if (list.isMissingNode()) {
            String indent = first < 0 || first == open ? INDENT : text.substring(open, first);
            return Optional.of(
                    new Insertion(open, indent + '"' + name + "\": [" + quoted + (first < 0 ? "]\n" : "],")));
        }
        if (!list.isArray()) {
            throw new SetupException(path + ": " + name + " must be a list");
        }
        for (JsonNode each : list) {
            if (each.asText().replaceFirst("/$", "").equals(value)) {
                return Optional.empty();
            }
        }
        int start = Objects.requireNonNull(values.get(name));
        return Optional.of(new Insertion(start, list.isEmpty() ? quoted : quoted + ", "));
    }

    private static int after(JsonParser parser) {
        return (int) parser.currentTokenLocation().getCharOffset() + 1;
    }
}
