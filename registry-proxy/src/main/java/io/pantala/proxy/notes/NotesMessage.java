package io.pantala.proxy.notes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What a host tells a seed, or asks it, in JSON; a seed's answer tells what was asked. Names are hashes.
 *
 * @param told facts to keep, or to forget
 * @param asked names whose facts are wanted
 */
record NotesMessage(Map<String, Told> told, List<String> asked) {
    /** Facts or names in one message. */
    static final int MOST = 16;

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern NAME = Pattern.compile("[0-9a-f]{64}");
    private static final Duration LONGEST_LIFE = Duration.ofDays(90);

    /**
     * A fact.
     *
     * @param fact empty: forget it
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Told(byte[] fact, Duration life) {
        static final Told NO_MORE = new Told(new byte[0], Duration.ZERO);
    }

    NotesMessage {
        told = Map.copyOf(told);
        asked = List.copyOf(asked);
        if (told.size() > MOST || asked.size() > MOST) {
            throw new IllegalArgumentException("more than " + MOST + " notes in one message");
        }
    }

    static NotesMessage read(byte[] json) throws IOException {
        JsonNode root = JSON.readTree(json);
        if (root == null || !root.isObject()) {
            throw new IOException("a message about notes is an object in JSON");
        }
        Map<String, Told> told = new LinkedHashMap<>();
        for (JsonNode each : root.path("told")) {
            byte[] fact = each.path("fact").binaryValue();
            long seconds = each.path("seconds").asLong();
            if (fact == null || fact.length > Notes.LONGEST || seconds < 0) {
                throw new IOException("a note has a fact in base64, " + Notes.LONGEST + " bytes at most, and a life");
            }
            told.put(name(each.path("name").asText()), new Told(fact, life(seconds)));
        }
        List<String> asked = new ArrayList<>();
        for (JsonNode each : root.path("asked")) {
            asked.add(name(each.asText()));
        }
        return new NotesMessage(told, asked);
    }

    byte[] write() {
        ObjectNode root = JSON.createObjectNode();
        var list = root.putArray("told");
        told.forEach((name, note) ->
                list.addObject().put("name", name).put("fact", note.fact).put("seconds", note.life.toSeconds()));
        asked.forEach(root.putArray("asked")::add);
        try {
            return JSON.writeValueAsBytes(root);
        } catch (IOException e) {
            throw new IllegalStateException("a tree can always be written", e);
        }
    }

    private static Duration life(long seconds) {
        return seconds < LONGEST_LIFE.toSeconds() ? Duration.ofSeconds(seconds) : LONGEST_LIFE;
    }

    private static String name(String text) throws IOException {
        if (!NAME.matcher(text).matches()) {
            throw new IOException("the name of a note is a hash in hexadecimal digits");
        }
        return text;
    }
}
