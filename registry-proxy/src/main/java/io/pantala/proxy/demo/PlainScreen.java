package io.pantala.proxy.demo;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;

/** A line every few seconds. */
final class PlainScreen extends Screen {
    private static final Duration BETWEEN = Duration.ofSeconds(2);

    private Duration next = BETWEEN;

    PlainScreen(PrintWriter out) {
        super(out);
    }

    @Override
    void begin(String title) {
        line(title);
        next = BETWEEN;
    }

    @Override
    void draw(Progress progress, long sent, Duration since) {
        if (since.compareTo(next) >= 0) {
            show(progress, sent, since);
            next = since.plus(BETWEEN);
        }
    }

    @Override
    void end(Progress progress, long sent, Duration took) {
        show(progress, sent, took);
        line("");
    }

    private void show(Progress progress, long sent, Duration since) {
        line(String.format(
                Locale.ROOT,
                "  %6s: %3d %% delivered (%s), %s sent by the registry",
                seconds(since),
                (int) (100 * progress.share()),
                bytes(progress.delivered()),
                bytes(sent)));
    }
}
