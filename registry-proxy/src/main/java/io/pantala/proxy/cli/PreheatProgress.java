package io.pantala.proxy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.pantala.manifest.ImageReference;
import io.pantala.proxy.config.ByteSize;
import java.io.Console;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Shows how a preheat comes along: by a bar that is redrawn in a terminal, else by a line every tenth of the way. */
final class PreheatProgress {
    private static final int WIDTH = 40;
    private static final int STEP = 10;
    private static final String ERASE_LINE = "\r\u001b[K";

    private final PrintWriter out;
    private final boolean terminal;
    private final long start = System.nanoTime();
    private boolean drawn;
    private int told = -STEP;

    private PreheatProgress(PrintWriter out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    static PreheatProgress of(PrintWriter out, Map<String, String> environment) {
        boolean terminal =
                Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
        return new PreheatProgress(out, terminal && !"dumb".equals(environment.get("TERM")));
    }

    void show(JsonNode preheat) {
        long total = preheat.path("bytesTotal").asLong();
        long done = preheat.path("bytesDone").asLong();
        int percent = total == 0 ? 0 : (int) (100 * done / total);
        if (terminal) {
            int full = percent * WIDTH / 100;
            out.print(ERASE_LINE + "[" + "#".repeat(full) + "-".repeat(WIDTH - full) + "] "
                    + text(preheat, percent, done, total));
            out.flush();
            drawn = true;
        } else if (total > 0 && percent >= told + STEP) {
            told = percent - percent % STEP;
            out.println(text(preheat, percent, done, total));
        }
    }

    void succeeded(ImageReference image, JsonNode preheat) {
        end();
        out.println(String.format(
                Locale.ROOT,
                "%s is there: %d blobs, %s, in %.1f s",
                image,
                preheat.path("blobs").size(),
                new ByteSize(preheat.path("bytesTotal").asLong()),
                (System.nanoTime() - start) / 1e9));
    }

    /** Leaves the terminal's line as it was. */
    void end() {
        if (drawn) {
            out.print(ERASE_LINE);
            out.flush();
            drawn = false;
        }
    }

    private static String text(JsonNode preheat, int percent, long done, long total) {
        if (total == 0) {
            return preheat.path("state").asText().equals("PENDING") ? "waiting for its turn" : "reading manifests";
        }
        int there = 0;
        for (JsonNode blob : preheat.path("blobs")) {
            there += blob.path("state").asText().equals("SUCCEEDED") ? 1 : 0;
        }
        return String.format(
                Locale.ROOT,
                "%3d %%  %s of %s, %d of %d blobs",
                percent,
                new ByteSize(done),
                new ByteSize(total),
                there,
                preheat.path("blobs").size());
    }
}
