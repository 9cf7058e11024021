package io.pantala.proxy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.pantala.proxy.config.ByteSize;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What became of blobs, for people. Successive blocks that came in the same way are one line. */
final class Explanation {
    private final PrintWriter out;

    Explanation(PrintWriter out) {
        this.out = out;
    }

    void show(JsonNode blobs) {
        blobs.forEach(this::blob);
        out.flush();
    }

    private void blob(JsonNode blob) {
        out.println(blob.path("upstream").asText() + "@" + blob.path("digest").asText());
        List<String> repositories = new ArrayList<>();
        blob.path("repositories").forEach(repository -> repositories.add(repository.asText()));
        if (!repositories.isEmpty()) {
            out.println("  of " + String.join(", ", repositories));
        }
        if (!blob.has("began")) {
            out.println("  was here when it was asked for");
        } else {
            Instant began = Instant.parse(blob.path("began").asText());
            out.println("  began " + began
                    + (blob.has("complete")
                            ? ", whole after "
                                    + seconds(
                                            began,
                                            Instant.parse(blob.path("complete").asText()))
                            : ", not whole yet"));
            JsonNode bytes = blob.path("bytes");
            out.println("  " + size(bytes, "peer") + " from peers, " + size(bytes, "seed") + " from seeds, "
                    + size(bytes, "registry") + " from the registry, " + size(bytes, "passedThrough")
                    + " from it past the store");
            blocks(blob.path("blocks"), began, blob.has("complete"));
        }
        for (JsonNode note : blob.path("notes")) {
            out.println(
                    "  " + note.path("at").asText() + "  " + note.path("text").asText());
        }
    }

    private void blocks(JsonNode blocks, Instant began, boolean whole) {
        List<JsonNode> run = new ArrayList<>();
        for (JsonNode block : blocks) {
            if (!run.isEmpty() && !continues(run.getLast(), block)) {
                lines(run, began, whole);
                run.clear();
            }
            run.add(block);
        }
        if (!run.isEmpty()) {
            lines(run, began, whole);
        }
    }

    private static boolean continues(JsonNode before, JsonNode block) {
        return block.path("block").asInt() == before.path("block").asInt() + 1
                && block.path("from").equals(before.path("from"))
                && block.path("source").equals(before.path("source"))
                && block.path("why").equals(before.path("why"))
                && !before.has("retries")
                && !block.has("retries");
    }

    private void lines(List<JsonNode> run, Instant began, boolean whole) {
        JsonNode first = run.getFirst();
        String index = first.path("block").asText()
                + (run.size() == 1 ? "" : "–" + run.getLast().path("block").asText());
        if (first.has("source")) {
            long bytes = run.stream()
                    .mapToLong(block -> block.path("bytes").asLong())
                    .sum();
            long slowest = run.stream()
                    .mapToLong(block -> block.path("ms").asLong())
                    .max()
                    .orElse(0);
            Instant last = run.stream()
                    .map(block -> Instant.parse(block.path("at").asText()))
                    .max(Instant::compareTo)
                    .orElseThrow();
            out.println(String.format(
                    Locale.ROOT,
                    "  %-11s %-8s %-24s %8s  by %8s  %5d ms  %s",
                    index,
                    first.path("source").asText(),
                    first.path("from").asText(),
                    new ByteSize(bytes),
                    seconds(began, last),
                    slowest,
                    first.path("why").asText()));
        } else {
            // What a seed takes back from hosts is not told by block.
            out.println(String.format(
                    Locale.ROOT, "  %-11s %s", index, whole ? "came in another way" : "has not come yet"));
        }
        for (JsonNode retry : first.path("retries")) {
            out.println(String.format(
                    Locale.ROOT,
                    "  %-11s before: %s %s %s",
                    "",
                    retry.path("source").asText(),
                    retry.path("from").asText(),
                    retry.path("why").asText()));
        }
    }

    private static String size(JsonNode bytes, String source) {
        return new ByteSize(bytes.path(source).asLong()).toString();
    }

    private static String seconds(Instant from, Instant to) {
        return String.format(Locale.ROOT, "%.2f s", Duration.between(from, to).toMillis() / 1e3);
    }
}
