package io.pantala.examples.bench;

import io.pantala.examples.rig.Spread;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** What the bench says, line by line. */
final class Printout {
    private final PrintWriter out;
    private final List<String> verdicts = new ArrayList<>();
    private String title = "";

    Printout(PrintWriter out) {
        this.out = out;
    }

    /** Begins a figure. */
    void title(String text) {
        title = text;
        out.println();
        line(text);
    }

    void line(String text) {
        out.println(text);
        out.flush();
    }

    /** Says once more, all together, what was measured beside what it should be. */
    void summarize() {
        title("Together");
        verdicts.forEach(verdict -> line("  " + verdict));
    }

    /**
     * A figure that should be at most so much.
     *
     * @param unit with its space, if it has one
     */
    void atMost(String what, Spread spread, int decimals, double aim, String unit) {
        verdict(what, spread, decimals, "at most " + Spread.number(aim, decimals) + unit, unit, spread.median() <= aim);
    }

    /** A figure that should be at least so much. */
    void atLeast(String what, Spread spread, int decimals, double aim, String unit) {
        verdict(
                what,
                spread,
                decimals,
                "at least " + Spread.number(aim, decimals) + unit,
                unit,
                spread.median() >= aim);
    }

    private void verdict(String what, Spread spread, int decimals, String aim, String unit, boolean met) {
        String verdict =
                what + ": " + spread.format(decimals) + unit + "; aim: " + aim + ": " + (met ? "met" : "MISSED");
        line("  => " + verdict);
        verdicts.add(title + ": " + verdict);
    }
}
