package io.pantala.proxy.setup;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What is to be changed for one engine, before anything is: files as they are without Pantala, and as they are wanted. */
final class Draft {
    private final FileTree tree;
    private final Map<String, Optional<String>> originals;
    private final Map<String, Wanted> wanted = new LinkedHashMap<>();
    private final List<String> steps = new ArrayList<>();

    /**
     * A file as it is wanted.
     *
     * @param inserted what was added to what was there; none if the whole text is Pantala's
     */
    record Wanted(Optional<String> original, String text, List<String> inserted) {}

    /** @param originals of the files that Pantala has changed already */
    Draft(FileTree tree, Map<String, Optional<String>> originals) {
        this.tree = tree;
        this.originals = originals;
    }

    /** What a file holds without Pantala. */
    Optional<String> read(String path) throws SetupException {
        Optional<String> original = originals.get(path);
        return original == null ? tree.read(path) : original;
    }

    /** The same, nothing for a file that isn't there. */
    String textOf(String path) throws SetupException {
        return read(path).orElse("");
    }

    /** The files of a directory, but those that are Pantala's. */
    List<String> list(String directory, String ending) throws SetupException {
        List<String> found = new ArrayList<>();
        for (String file : tree.list(directory, ending)) {
            if (!file.substring(directory.length() + 1).startsWith("pantala")
                    && read(file).isPresent()) {
                found.add(file);
            }
        }
        return found;
    }

    /** A file that is Pantala's alone. */
    void own(String path, String text) throws SetupException {
        wanted.put(path, new Wanted(read(path), text, List.of()));
    }

    /** Adds to a file that is someone else's; none of the insertions: it is as it should be. */
    void insert(String path, List<Insertion> insertions) throws SetupException {
        if (!insertions.isEmpty()) {
            Optional<String> original = read(path);
            wanted.put(
                    path,
                    new Wanted(
                            original,
                            Insertion.apply(original.orElse(""), insertions),
                            insertions.stream().map(Insertion::added).toList()));
        }
    }

    /** Something for the user to do afterwards, or to know. */
    void step(String what) {
        steps.add(what);
    }

    Map<String, Wanted> wanted() {
        return wanted;
    }

    List<String> steps() {
        return steps;
    }
}
