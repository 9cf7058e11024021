package io.pantala.proxy.setup;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pantala.manifest.Digest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What was changed for one engine, with the files as they were before. */
final class Journal {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String FILE = "/journal.json";
    private static final int VERSION = 1;

    private final FileTree tree;
    private final String directory;
    private final List<Entry> entries;
    private final List<String> made;

    /**
     * A file that was changed.
     *
     * @param original what it held before; empty if there was none
     * @param written the digest of what it was given
     * @param inserted what was added to what was there; none if all of it was replaced
     */
    record Entry(String path, Optional<String> original, Digest written, List<String> inserted) {}

    private Journal(FileTree tree, String directory, List<Entry> entries, List<String> made) {
        this.tree = tree;
        this.directory = directory;
        this.entries = List.copyOf(entries);
        this.made = List.copyOf(made);
    }

    /**
     * The one that is kept in a directory; one of nothing, if there is none.
     *
     * @param directory of this engine alone
     */
    static Journal read(FileTree tree, String directory) throws SetupException {
        Optional<String> text = tree.read(directory + FILE);
        if (text.isEmpty()) {
            return new Journal(tree, directory, List.of(), List.of());
        }
        try {
            JsonNode root = JSON.readTree(text.get());
            if (root.path("version").asInt() != VERSION) {
                throw new SetupException(directory + FILE + " is of another version of Pantala");
            }
            List<Entry> entries = new ArrayList<>();
            for (JsonNode file : root.path("files")) {
                Optional<String> original = Optional.empty();
                if (file.hasNonNull("backup")) {
                    String backup = directory + "/" + file.path("backup").asText();
                    original = Optional.of(tree.read(backup)
                            .orElseThrow(() -> new SetupException("the backup " + backup + " is gone")));
                }
                entries.add(new Entry(
                        file.path("path").asText(),
                        original,
                        Digest.parse(file.path("written").asText()),
                        texts(file.path("inserted"))));
            }
            return new Journal(tree, directory, entries, texts(root.path("directories")));
        } catch (IOException | IllegalArgumentException e) {
            throw new SetupException(directory + FILE + " can't be understood: " + e.getMessage());
        }
    }

    /** One of changes that are about to be made. */
    static Journal of(FileTree tree, String directory, List<Entry> entries) throws SetupException {
        List<String> made = new ArrayList<>();
        for (Entry entry : entries) {
            for (String missing : tree.missingDirectories(entry.path)) {
                if (!made.contains(missing)) {
                    made.add(missing);
                }
            }
        }
        return new Journal(tree, directory, entries, made);
    }

    List<Entry> entries() {
        return entries;
    }

    /** Directories that were not there, the outermost first. */
    List<String> made() {
        return made;
    }

    /** Keeps it and all backups, the latter first. */
    void write() throws SetupException {
        ObjectNode root = JSON.createObjectNode().put("version", VERSION);
        ArrayNode files = root.putArray("files");
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            ObjectNode file = files.addObject().put("path", entry.path).put("written", entry.written.toString());
            entry.inserted.forEach(file.putArray("inserted")::add);
            if (entry.original.isPresent()) {
                String backup = backup(i, entry);
                tree.write(directory + "/" + backup, entry.original.get());
                file.put("backup", backup);
            }
        }
        made.forEach(root.putArray("directories")::add);
        tree.write(directory + FILE, root.toPrettyString() + "\n");
    }

    /** Keeps it no more. */
    void delete() throws SetupException {
        tree.delete(directory + FILE);
        for (int i = 0; i < entries.size(); i++) {
            if (entries.get(i).original.isPresent()) {
                tree.delete(directory + "/" + backup(i, entries.get(i)));
            }
        }
        tree.deleteIfEmpty(directory);
    }

    /** What a file holds without what was changed, also when someone else has changed it since. */
    Optional<String> original(Entry entry) throws SetupException {
        Optional<String> now = tree.read(entry.path);
        if (now.isEmpty() || now.equals(entry.original)) {
            return now;
        }
        if (digest(now.get()).equals(entry.written)) {
            return entry.original;
        }
        String rest = now.get();
        for (String inserted : entry.inserted) {
            int at = rest.indexOf(inserted);
            if (at < 0 || rest.indexOf(inserted, at + 1) >= 0) {
                throw changedSince(entry);
            }
            rest = rest.substring(0, at) + rest.substring(at + inserted.length());
        }
        if (entry.inserted.isEmpty()) {
            throw changedSince(entry);
        }
        return entry.original.isEmpty() && rest.isBlank() ? Optional.empty() : Optional.of(rest);
    }

    static Digest digest(String text) {
        return Digest.sha256(text.getBytes(StandardCharsets.UTF_8));
    }

    private SetupException changedSince(Entry entry) {
        return new SetupException(entry.path + " was changed by hand where Pantala had changed it: mend it by hand"
                + (entry.original.isPresent()
                        ? "; as it was before it is in " + directory + "/" + backup(entries.indexOf(entry), entry)
                        : " or delete it: it was not there before"));
    }

    private static String backup(int index, Entry entry) {
        return index + "-" + entry.path.substring(entry.path.lastIndexOf('/') + 1);
    }

    private static List<String> texts(JsonNode list) {
        List<String> texts = new ArrayList<>();
        list.forEach(each -> texts.add(each.asText()));
        return texts;
    }
}
