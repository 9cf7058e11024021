package io.pantala.examples.bench;

import io.pantala.examples.rig.Daemon;
import io.pantala.examples.rig.Engine;
import io.pantala.examples.rig.Machine;
import io.pantala.examples.rig.Spread;
import io.pantala.examples.rig.Usage;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleFunction;

/** Rivals that are measured in turns, so that whatever else the machine does concerns them alike. */
final class Race {
    /** What a shaped round must leave of the CPU so that it measured the links and not the machine. */
    static final double LEAST_IDLE = 0.30;

    private static final String ENGINE = "engine";
    private static final double GIB = 1L << 30;

    /** CPU s/GiB. */
    private static final double WORTH_SAYING = 0.05;

    /** A process at rest uses no more than this of the CPU in this time. */
    private static final Duration REST = Duration.ofMillis(500);

    private static final Duration RESTING = Duration.ofMillis(20);
    private static final Duration MOST_AFTERWARDS = Duration.ofSeconds(30);

    private final Printout out;
    private final boolean shaped;
    private final Map<Rival, List<Lap>> laps = new LinkedHashMap<>();

    /**
     * One measured pull.
     *
     * @param cpu time that each process took meanwhile, the engine included
     * @param after time that each process took for what the pull had left to do
     */
    record Lap(Engine.Pulled pulled, Map<String, Duration> cpu, Map<String, Duration> after, double idle, double load) {
        double seconds() {
            return pulled.all().toNanos() / 1e9;
        }

        double headersMillis() {
            return pulled.headers().toNanos() / 1e6;
        }

        double firstByteMillis() {
            return pulled.firstByte().toNanos() / 1e6;
        }

        double cpuPerGib(String process) {
            return perGib(cpu, process);
        }

        double afterPerGib(String process) {
            return perGib(after, process);
        }

        private double perGib(Map<String, Duration> times, String process) {
            return times.getOrDefault(process, Duration.ZERO).toNanos() / 1e9 / (pulled.bytes() / GIB);
        }
    }

    /** @param shaped whether links are meant to be the limit, so that a busy machine spoils a round */
    Race(Printout out, boolean shaped, List<Rival> rivals) {
        this.out = out;
        this.shaped = shaped;
        rivals.forEach(rival -> laps.put(rival, new ArrayList<>()));
    }

    /**
     * Runs so many rounds, or, when time is over, fewer, but one. Those before them are shown but not counted:
     * just-started programs are slow.
     *
     * @param before at least one
     */
    void run(int before, int rounds, Deadline deadline) throws Exception {
        for (int turn = 0; turn < before + rounds; turn++) {
            if (turn > before && deadline.passed()) {
                out.line("  its time is over after " + (turn - before) + " of " + rounds + " rounds");
                break;
            }
            List<Rival> order = new ArrayList<>(laps.keySet());
            Collections.rotate(order, turn);
            int round = turn - before + 1;
            for (Rival rival : order) {
                rival.prepare();
                Lap lap = lap(rival, turn);
                show(rival, lap, turn == 0 ? "(first)" : round < 1 ? "(again)" : "round " + round);
                if (round >= 1) {
                    Objects.requireNonNull(laps.get(rival)).add(lap);
                }
            }
        }
        laps.keySet().forEach(this::summarize);
    }

    private static Lap lap(Rival rival, int turn) throws IOException, InterruptedException {
        Map<String, Duration> before = cpu(rival);
        Machine.Ticks ticks = Machine.ticks();
        Engine.Pulled pulled = rival.pull(turn);
        double idle = Machine.ticks().idleSince(ticks);
        Map<String, Duration> end = cpu(rival);
        Map<String, Duration> rested = rest(rival, end);
        return new Lap(pulled, minus(end, before), minus(rested, end), idle, Machine.load());
    }

    private static Map<String, Duration> cpu(Rival rival) throws IOException {
        Map<String, Duration> cpu = new LinkedHashMap<>();
        for (Daemon process : rival.processes()) {
            cpu.put(process.name(), process.usage().cpu());
        }
        cpu.put(ENGINE, Usage.of(ProcessHandle.current().pid()).cpu());
        return cpu;
    }

    private static Map<String, Duration> minus(Map<String, Duration> later, Map<String, Duration> earlier) {
        Map<String, Duration> difference = new LinkedHashMap<>();
        later.forEach(
                (process, cpu) -> difference.put(process, cpu.minus(earlier.getOrDefault(process, Duration.ZERO))));
        return difference;
    }

    private static Map<String, Duration> rest(Rival rival, Map<String, Duration> from)
            throws IOException, InterruptedException {
        long end = System.nanoTime() + MOST_AFTERWARDS.toNanos();
        Map<String, Duration> before = from;
        while (true) {
            Thread.sleep(REST);
            Map<String, Duration> now = cpu(rival);
            boolean resting = minus(now, before).entrySet().stream()
                    .filter(entry -> !entry.getKey().equals(ENGINE))
                    .allMatch(entry -> entry.getValue().compareTo(RESTING) <= 0);
            if (resting || System.nanoTime() > end) {
                return now;
            }
            before = now;
        }
    }

    private void show(Rival rival, Lap lap, String turn) {
        out.line(String.format(
                Locale.ROOT,
                "  %-8s %-27s %8.3f s %6.0f MB/s   idle %2.0f %%, load %.1f%s",
                turn,
                rival.name(),
                lap.seconds(),
                lap.pulled().bytes() / 1e6 / lap.seconds(),
                100 * lap.idle(),
                lap.load(),
                shaped && lap.idle() < LEAST_IDLE ? "   BUSY: measures the machine" : ""));
    }

    private void summarize(Rival rival) {
        List<Lap> measured = laps(rival);
        List<String> costs = new ArrayList<>();
        for (String process : measured.getFirst().cpu().keySet()) {
            double after = spread(measured, lap -> lap.afterPerGib(process)).median();
            costs.add(process + " "
                    + spread(measured, lap -> lap.cpuPerGib(process)).format(2)
                    + (!process.equals(ENGINE) && after >= WORTH_SAYING
                            ? " and " + Spread.number(after, 2) + " afterwards"
                            : ""));
        }
        out.line("  CPU s/GiB, " + rival.name() + ": " + String.join(", ", costs));
    }

    /** The laps that count. */
    List<Lap> laps(Rival rival) {
        return Objects.requireNonNull(laps.get(rival));
    }

    /** What one rival takes of something, divided by what another takes of it in the same round. */
    Spread ratio(Rival rival, Rival other, ToDoubleFunction<Lap> of) {
        List<Double> ratios = new ArrayList<>();
        for (int i = 0; i < laps(rival).size(); i++) {
            ratios.add(of.applyAsDouble(laps(rival).get(i))
                    / of.applyAsDouble(laps(other).get(i)));
        }
        return Spread.of(ratios);
    }

    /** What one rival takes of something beyond what another takes of it in the same round. */
    Spread difference(Rival rival, Rival other, ToDoubleFunction<Lap> of) {
        List<Double> differences = new ArrayList<>();
        for (int i = 0; i < laps(rival).size(); i++) {
            differences.add(of.applyAsDouble(laps(rival).get(i))
                    - of.applyAsDouble(laps(other).get(i)));
        }
        return Spread.of(differences);
    }

    private static Spread spread(List<Lap> laps, ToDoubleFunction<Lap> of) {
        return Spread.of(laps.stream().map(of::applyAsDouble).toList());
    }
}
