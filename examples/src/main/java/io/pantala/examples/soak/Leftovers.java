package io.pantala.examples.soak;

import io.pantala.examples.rig.Metrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What a node has on disk, or open, that it should not: files that its store doesn't know, that wait to be deleted or
 * were, and more descriptors than it needs.
 */
final class Leftovers {
    private static final String DATA = ".data";
    private static final String BLOCKS = ".blocks";

    /** Connections that are kept for the next request. */
    private static final int KEPT_OPEN = 40;

    private Leftovers() {}

    /** Each kind in words; nothing when all is as it should be. */
    static List<String> of(Member member) throws IOException, InterruptedException {
        List<String> found = new ArrayList<>();
        Metrics metrics = member.metrics();
        found.addAll(inStore(member.data().resolve("store"), (long) metrics.value("pantala_store_blobs")));
        List<Path> spooled = files(member.data().resolve("spool"));
        if (!spooled.isEmpty()) {
            found.add(spooled.size() + " files that a backfill left, such as " + spooled.getFirst());
        }
        Descriptors open = member.descriptors();
        if (open.deleted() > 0) {
            found.add(open.deleted() + " deleted files are open");
        }
        int more = open.others() - member.descriptorsAtStart();
        if (more > KEPT_OPEN) {
            found.add(more + " descriptors more than at its start");
        }
        return found;
    }

    /**
     * In a store's directory.
     *
     * @param known how many blobs the store says it has
     */
    static List<String> inStore(Path store, long known) throws IOException {
        List<String> found = new ArrayList<>();
        List<Path> trash = files(store.resolve("trash"));
        if (!trash.isEmpty()) {
            found.add(trash.size() + " files wait to be deleted");
        }
        Set<Path> contents = new HashSet<>(files(store.resolve("blobs")));
        contents.addAll(files(store.resolve("partial")));
        long blobs = 0;
        for (Path file : contents) {
            String name = file.getFileName().toString();
            if (name.endsWith(DATA)) {
                blobs++;
            }
            String other = name.endsWith(DATA)
                    ? name.replace(DATA, BLOCKS)
                    : name.endsWith(BLOCKS) ? name.replace(BLOCKS, DATA) : "";
            if (!contents.contains(file.resolveSibling(other))) {
                found.add(file + " belongs to no blob");
            }
        }
        if (blobs != known) {
            found.add(blobs + " blobs are on disk, of which the store knows " + known);
        }
        return found;
    }

    private static List<Path> files(Path directory) throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            return all.filter(Files::isRegularFile).toList();
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }
}
