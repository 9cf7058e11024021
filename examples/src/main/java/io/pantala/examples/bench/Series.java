package io.pantala.examples.bench;

import io.pantala.examples.rig.Daemon;
import io.pantala.examples.rig.Spread;
import io.pantala.examples.rig.Together;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** Something small that is done many times in a row, in several ways in turns. */
final class Series {
    private final Printout out;
    private final int times;
    private final int atOnce;
    private final Map<Way, List<Turn>> turns = new LinkedHashMap<>();

    /**
     * One way to do it.
     *
     * @param process whose CPU time is of interest; null is nobody's
     */
    record Way(String name, @Nullable Daemon process, Opener opener) {}

    /** Gets ready to do it. */
    @FunctionalInterface
    interface Opener {
        Doer open() throws IOException, InterruptedException;
    }

    /** Does it again and again; used by one thread. */
    interface Doer extends AutoCloseable {
        void once() throws IOException, InterruptedException;

        @Override
        void close() throws IOException;
    }

    /**
     * What one turn took.
     *
     * @param p50 milliseconds that half of them took at most
     * @param p99 milliseconds that all but one in a hundred took at most
     * @param perSecond how many in a second
     * @param cpuMicros of the process, for each of them
     */
    record Turn(double p50, double p99, double perSecond, double cpuMicros) {}

    /**
     * @param times in each turn, by each of those at once
     * @param atOnce how many do it at the same time
     */
    Series(Printout out, int times, int atOnce, List<Way> ways) {
        this.out = out;
        this.times = times;
        this.atOnce = atOnce;
        ways.forEach(way -> turns.put(way, new ArrayList<>()));
    }

    /** Runs so many rounds, or, when time is over, fewer, but one; one before them is not counted. */
    void run(int rounds, Deadline deadline) throws IOException, InterruptedException {
        for (int round = 0; round <= rounds; round++) {
            if (round > 1 && deadline.passed()) {
                out.line("  its time is over after " + (round - 1) + " of " + rounds + " rounds");
                break;
            }
            List<Way> order = new ArrayList<>(turns.keySet());
            Collections.rotate(order, round);
            for (Way way : order) {
                Turn turn = turn(way);
                if (round > 0) {
                    turns(way).add(turn);
                }
            }
        }
        turns.keySet().forEach(this::show);
    }

    private Turn turn(Way way) throws IOException, InterruptedException {
        long cpu = cpu(way);
        long start = System.nanoTime();
        List<Long> took = Together.run(atOnce, () -> doTimes(way)).stream()
                .flatMap(List::stream)
                .sorted()
                .toList();
        double seconds = (System.nanoTime() - start) / 1e9;
        return new Turn(
                took.get(took.size() / 2) / 1e6,
                took.get(took.size() * 99 / 100) / 1e6,
                took.size() / seconds,
                (cpu(way) - cpu) / 1e3 / took.size());
    }

    private List<Long> doTimes(Way way) throws IOException, InterruptedException {
        List<Long> took = new ArrayList<>(times);
        try (Doer doer = way.opener().open()) {
            for (int i = 0; i < times; i++) {
                long start = System.nanoTime();
                doer.once();
                took.add(System.nanoTime() - start);
            }
        }
        return took;
    }

    private static long cpu(Way way) throws IOException {
        return way.process() == null ? 0 : way.process().usage().cpu().toNanos();
    }

    private List<Turn> turns(Way way) {
        return Objects.requireNonNull(turns.get(way));
    }

    private void show(Way way) {
        out.line(String.format(
                Locale.ROOT,
                "  %-27s p50 %s ms, p99 %s ms, %s a second%s",
                way.name(),
                spread(way, Turn::p50).format(2),
                spread(way, Turn::p99).format(2),
                spread(way, Turn::perSecond).format(0),
                way.process() == null
                        ? ""
                        : ", CPU " + spread(way, Turn::cpuMicros).format(0) + " us each"));
    }

    /** What a way took of something in each turn. */
    Spread spread(Way way, ToDoubleFunction<Turn> of) {
        return Spread.of(turns(way).stream().map(of::applyAsDouble).toList());
    }

    /** What one way takes of something beyond what another takes of it in the same round. */
    Spread difference(Way way, Way other, ToDoubleFunction<Turn> of) {
        List<Double> differences = new ArrayList<>();
        for (int i = 0; i < turns(way).size(); i++) {
            differences.add(of.applyAsDouble(turns(way).get(i))
                    - of.applyAsDouble(turns(other).get(i)));
        }
        return Spread.of(differences);
    }

    /** What one way takes of something, divided by what another takes of it in the same round. */
    Spread ratio(Way way, Way other, ToDoubleFunction<Turn> of) {
        List<Double> ratios = new ArrayList<>();
        for (int i = 0; i < turns(way).size(); i++) {
            ratios.add(of.applyAsDouble(turns(way).get(i))
                    / of.applyAsDouble(turns(other).get(i)));
        }
        return Spread.of(ratios);
    }
}
