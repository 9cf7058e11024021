package io.pantala.proxy.demo;

import java.util.Locale;
import java.util.function.Function;

/** The demo's last word: both rounds side by side. */
final class Summary {
    private final Screen screen;
    private final Round straight;
    private final Round shared;

    Summary(Screen screen, Round straight, Round shared) {
        this.screen = screen;
        this.straight = straight;
        this.shared = shared;
    }

    void show() {
        row("", Round::name, "");
        row("delivered to the hosts", round -> Screen.bytes(round.delivered()), "");
        row("sent by the registry", round -> Screen.bytes(round.sent()), less());
        row("time", round -> Screen.seconds(round.took()), faster());
        row("digests verified", round -> round.verified() + " of " + round.expected(), "");
        screen.line("");
        if (straight.isRight() && shared.isRight()) {
            screen.line("Every byte was right, to the last host.");
        }
        failure(straight);
        failure(shared);
    }

    private void row(String name, Function<Round, String> value, String factor) {
        String row = String.format(Locale.ROOT, "  %-24s %12s %16s", name, value.apply(straight), value.apply(shared));
        screen.line(factor.isEmpty() ? row : row + "   " + screen.strong(factor));
    }

    private void failure(Round round) {
        if (!round.isRight()) {
            String why = round.failure() == null ? "not every digest was right" : round.failure();
            screen.line(screen.strong("FAILED") + " " + round.name() + ": " + why);
        }
    }

    private String less() {
        return factor((double) straight.sent() / shared.sent(), "times less");
    }

    private String faster() {
        return factor((double) straight.took().toNanos() / shared.took().toNanos(), "times as fast");
    }

    private String factor(double factor, String words) {
        return straight.isRight() && shared.isRight() ? String.format(Locale.ROOT, "%.1f %s", factor, words) : "";
    }
}
