package io.pantala.examples.lab;

import io.pantala.examples.lab.Outcome.End;
import io.pantala.examples.lab.Outcome.Pull;
import io.pantala.examples.lab.Outcome.Way;
import io.pantala.examples.lab.Plot.Line;
import io.pantala.examples.lab.Plot.Look;
import io.pantala.examples.lab.Plot.Point;
import io.pantala.examples.rig.Spread;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What came of all runs: a table while they go, lines of CSV, and plots in the end. */
final class Results {
    private static final List<Look> LOOKS = List.of(Look.PANTALA, Look.SECOND, Look.THIRD);

    private final Experiment experiment;
    private final PrintWriter out;
    private final Csv csv;
    private final List<Outcome> outcomes = new ArrayList<>();

    Results(Experiment experiment, PrintWriter out, Csv csv) {
        this.experiment = experiment;
        this.out = out;
        this.csv = csv;
        row(
                "hosts",
                "size",
                "way",
                "round",
                "last",
                "÷ bound",
                "median",
                "÷ bound",
                "1st byte",
                "registry",
                "seed",
                "control",
                "idle",
                "CPU s/GiB");
    }

    /** Shows and keeps one more. */
    void add(Outcome outcome) throws IOException {
        outcomes.add(outcome);
        csv.add(outcome);
        row(
                outcome.hosts(),
                size(outcome.bytes()),
                outcome.way() == Way.NATIVE ? "native" : "Pantala",
                outcome.round(),
                seconds(outcome.last()),
                ratio(outcome.last(), outcome.bound()),
                seconds(outcome.median()),
                ratio(outcome.median(), outcome.bound()),
                seconds(outcome.firstByte()),
                Spread.number(outcome.copies(), 3),
                outcome.way() == Way.NATIVE ? "-" : Spread.number((double) outcome.seedBytes() / outcome.bytes(), 2),
                outcome.way() == Way.NATIVE ? "-" : Spread.number(100 * outcome.control(), 2) + " %",
                Spread.number(100 * outcome.idle(), 0) + " %",
                outcome.way() == Way.NATIVE ? "-" : Spread.number(outcome.hostCpu(), 2));
        if (outcome.isBusy()) {
            line("       BUSY: less than 30 % of the CPU was idle, so this measured the machine and not the swarm");
        }
        if (experiment.zones() > 1 && outcome.way() == Way.PANTALA) {
            line("       into zones over their borders: "
                    + Spread.number((double) outcome.borderBytes() / outcome.bytes(), 2) + " copies, of which "
                    + (experiment.zones() - 1) + " are needed");
        }
        if (!outcome.excess().isEmpty()) {
            line("       the registry sent more than one copy: "
                    + outcome.excess().entrySet().stream()
                            .map(reason ->
                                    reason.getKey() + " " + Spread.number(reason.getValue() / outcome.bytes(), 3))
                            .collect(Collectors.joining(", ")));
        }
        if (!outcome.ended(End.KILLED).isEmpty()) {
            line("       " + outcome.ended(End.KILLED).size() + " hosts were killed before they had it all");
        }
        for (Pull failed : outcome.ended(End.FAILED)) {
            line("       FAILED: " + failed.host() + " after " + Spread.number(failed.seconds(), 1) + " s: "
                    + failed.trouble());
        }
    }

    /** How many pulls failed that should not have. */
    long failures() {
        return outcomes.stream()
                .mapToLong(outcome -> outcome.ended(End.FAILED).size())
                .sum();
    }

    /** Says what the runs of each size by each number of hosts gave together. */
    void summarize() {
        line("");
        line(
                "Medians, with the least and the most; registry: copies that it sent; speed-up: native's time, ÷ Pantala's.");
        for (long size : experiment.sizes()) {
            for (int hosts : experiment.hosts()) {
                List<Outcome> runs = of(Way.PANTALA, size, hosts);
                each(runs, run -> over(run.last(), run.bound()))
                        .ifPresent(last -> line(String.format(
                                Locale.ROOT,
                                "=> %d hosts, %s: last %s × bound, median host %s × bound, registry %s%s",
                                hosts,
                                size(size),
                                last.format(3),
                                each(runs, run -> over(run.median(), run.bound()))
                                        .map(spread -> spread.format(3))
                                        .orElse("-"),
                                each(runs, run -> OptionalDouble.of(run.copies()))
                                        .map(spread -> spread.format(3))
                                        .orElse("-"),
                                speedUp(size, hosts)
                                        .map(factor -> ", speed-up " + factor.format(1) + " = "
                                                + Spread.number(factor.median() / hosts, 2) + " × hosts")
                                        .orElse(""))));
            }
        }
        long busy = outcomes.stream().filter(Outcome::isBusy).count();
        if (busy > 0) {
            line("BUSY: " + busy + " of " + outcomes.size() + " runs had less than 30 % of the CPU idle");
        }
        if (failures() > 0) {
            line("FAILED: " + failures() + " pulls");
        }
    }

    /** Writes all plots that there is something for. */
    void plot(Path directory) throws IOException {
        for (long size : experiment.sizes()) {
            String suffix =
                    experiment.sizes().size() == 1 ? "" : "-" + size(size).replace(" ", "");
            write(
                    directory.resolve(experiment.name() + "-time" + suffix + ".svg"),
                    new Plot("Time until the last host has " + size(size), "seconds", times(size)));
        }
        write(
                directory.resolve(experiment.name() + "-registry.svg"),
                new Plot("What the registry sends", "copies", copies()));
        List<Line> speedUps = speedUps();
        if (!speedUps.isEmpty() && experiment.source().equals(experiment.link())) {
            write(
                    directory.resolve(experiment.name() + "-speedup.svg"),
                    new Plot(
                            "How much faster than native the last host has it",
                            "native's time, ÷ Pantala's",
                            speedUps));
        }
    }

    private List<Line> times(long size) {
        return List.of(
                new Line("native", Look.NATIVE, points(Way.NATIVE, size, Outcome::last)),
                new Line("its bound", Look.NATIVE_BOUND, bounds(Way.NATIVE, size)),
                new Line("Pantala", Look.PANTALA, points(Way.PANTALA, size, Outcome::last)),
                new Line("the bound", Look.BOUND, bounds(Way.PANTALA, size)));
    }

    /** Of the largest size: it is the same of all. */
    private List<Line> copies() {
        long size = experiment.largest();
        Function<Outcome, OptionalDouble> copies = run -> OptionalDouble.of(run.copies());
        return List.of(
                new Line("native", Look.NATIVE, points(Way.NATIVE, size, copies)),
                new Line("Pantala", Look.PANTALA, points(Way.PANTALA, size, copies)),
                new Line(
                        "one copy",
                        Look.BOUND,
                        experiment.hosts().stream()
                                .map(hosts -> Point.of(hosts, 1))
                                .toList()));
    }

    private List<Line> speedUps() {
        List<Line> lines = new ArrayList<>();
        for (long size : experiment.sizes()) {
            List<Point> points = new ArrayList<>();
            for (int hosts : experiment.hosts()) {
                speedUp(size, hosts).ifPresent(factor -> points.add(new Point(hosts, factor)));
            }
            if (!points.isEmpty()) {
                lines.add(new Line(size(size), LOOKS.get(lines.size() % LOOKS.size()), points));
            }
        }
        if (!lines.isEmpty()) {
            lines.add(new Line(
                    "hosts",
                    Look.BOUND,
                    experiment.hosts().stream()
                            .map(hosts -> Point.of(hosts, hosts))
                            .toList()));
        }
        return lines;
    }

    private Optional<Spread> speedUp(long size, int hosts) {
        return each(of(Way.NATIVE, size, hosts), Outcome::last)
                .flatMap(unaided -> each(
                        of(Way.PANTALA, size, hosts),
                        run -> run.last().isPresent()
                                ? OptionalDouble.of(
                                        unaided.median() / run.last().getAsDouble())
                                : OptionalDouble.empty()));
    }

    private List<Point> points(Way way, long size, Function<Outcome, OptionalDouble> value) {
        List<Point> points = new ArrayList<>();
        for (int hosts : experiment.hosts()) {
            each(of(way, size, hosts), value).ifPresent(spread -> points.add(new Point(hosts, spread)));
        }
        return points;
    }

    private List<Point> bounds(Way way, long size) {
        return points(way, size, run -> OptionalDouble.of(run.bound()));
    }

    private List<Outcome> of(Way way, long size, int hosts) {
        return outcomes.stream()
                .filter(run -> run.way() == way && run.bytes() == size && run.hosts() == hosts)
                .toList();
    }

    private static Optional<Spread> each(List<Outcome> runs, Function<Outcome, OptionalDouble> value) {
        List<Double> values = new ArrayList<>();
        runs.forEach(run -> value.apply(run).ifPresent(values::add));
        return values.isEmpty() ? Optional.empty() : Optional.of(Spread.of(values));
    }

    private static OptionalDouble over(OptionalDouble value, double bound) {
        return value.isPresent() ? OptionalDouble.of(value.getAsDouble() / bound) : value;
    }

    private static String seconds(OptionalDouble value) {
        return value.isPresent() ? Spread.number(value.getAsDouble(), 2) + " s" : "-";
    }

    private static String ratio(OptionalDouble value, double bound) {
        return value.isPresent() ? Spread.number(value.getAsDouble() / bound, 3) : "-";
    }

    /** For people, in binary units. */
    static String size(long bytes) {
        for (int unit = 30; unit >= 10; unit -= 10) {
            if (bytes % (1L << unit) == 0) {
                return (bytes >> unit) + " " + "KMG".charAt(unit / 10 - 1) + "iB";
            }
        }
        return bytes + " B";
    }

    private void write(Path file, Plot plot) throws IOException {
        Files.writeString(file, plot.svg());
        line("plot: " + file);
    }

    private void row(Object... cells) {
        out.printf(Locale.ROOT, "%6s %9s  %-8s %5s  %9s %7s  %9s %7s  %8s  %8s %8s  %7s %5s  %9s%n", cells);
        out.flush();
    }

    private void line(String text) {
        out.println(text);
        out.flush();
    }
}
