package io.pantala.proxy.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/** The demo's last word: both rounds side by side. */
final class Summary {
    private Summary() {}

    static List<String> of(DemoConfig config, Round straight, Round shared) {
        List<String> lines = new ArrayList<>();
        lines.add(row("", straight, shared, Round::name));
        lines.add(row("delivered to the hosts", straight, shared, round -> Screen.bytes(round.delivered())));
        lines.add(row("sent by the registry", straight, shared, round -> Screen.bytes(round.sent())));
        lines.add(row("time", straight, shared, round -> Screen.seconds(round.took())));
        lines.add(row("digests verified", straight, shared, round -> round.verified() + " of " + round.expected()));
        lines.add("");
        for (Round round : List.of(straight, shared)) {
            if (!round.isRight()) {
                lines.add("FAILED " + round.name() + ": "
                        + (round.failure() == null ? "not every digest was right" : round.failure()));
            }
        }
        if (straight.isRight() && shared.isRight()) {
            lines.add(String.format(
                    Locale.ROOT,
                    "The registry sent %s the bytes, and %s had the image %s.",
                    fraction((double) straight.sent() / shared.sent()),
                    config.hosts() == 1 ? "the host" : "all hosts",
                    speed((double) straight.took().toNanos() / shared.took().toNanos())));
        }
        return lines;
    }

    private static String fraction(double factor) {
        return String.format(Locale.ROOT, "1/%.1f of", factor);
    }

    private static String speed(double factor) {
        return String.format(Locale.ROOT, "%.1f times as fast", factor);
    }

    private static String row(String name, Round straight, Round shared, Function<Round, String> value) {
        return row(name, value.apply(straight), value.apply(shared));
    }

    private static String row(String name, String straight, String shared) {
        return String.format(Locale.ROOT, "  %-24s %14s %16s", name, straight, shared);
    }
}
