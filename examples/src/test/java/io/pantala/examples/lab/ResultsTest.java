package io.pantala.examples.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.examples.lab.Outcome.End;
import io.pantala.examples.lab.Outcome.Pull;
import io.pantala.examples.lab.Outcome.Way;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResultsTest {
    private static final long SIZE = 16 << 20;

    @TempDir
    private Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter runs = new StringWriter();
    private final StringWriter pulls = new StringWriter();
    private final Results results = results();

    @Test
    void comparesMediansOfRunsWithNative() throws IOException {
        results.add(outcome(Way.NATIVE, 1, 4, 0.9, done(10.0, 20.0)));
        results.add(outcome(Way.PANTALA, 1, 1, 0.9, done(8.0, 10.0)));
        results.add(outcome(Way.PANTALA, 2, 1, 0.9, done(9.0, 12.5)));
        results.add(outcome(Way.PANTALA, 3, 1, 0.9, done(5.0, 16.0)));

        results.summarize();

        assertThat(out.toString())
                .contains("=> 2 hosts, 16 MiB: last 1.250 (1.000 to 1.600) × bound")
                .contains("median host 1.050 (0.900 to 1.075) × bound")
                .contains("registry 1.000 (1.000 to 1.000)")
                .contains("speed-up 1.6 (1.3 to 2.0) = 0.80 × hosts")
                .doesNotContain("BUSY", "FAILED");
    }

    @Test
    void saysWhenTheMachineWasTheLimit() throws IOException {
        results.add(outcome(Way.PANTALA, 1, 1, 0.29, done(8.0, 10.0)));

        results.summarize();

        assertThat(out.toString()).contains("BUSY: less than 30 %", "BUSY: 1 of 1 runs");
    }

    @Test
    void namesHostsThatFailedAndCountsNoneThatWereKilled() throws IOException {
        Outcome outcome = outcome(
                Way.PANTALA,
                1,
                1,
                0.9,
                List.of(
                        new Pull("host1", "", 0, 0.1, 8, End.DONE, null),
                        new Pull("host2", "", 0, Double.NaN, 3, End.KILLED, "reset"),
                        new Pull("host3", "", 0, Double.NaN, 4, End.FAILED, "wrong bytes")));

        results.add(outcome);
        results.summarize();

        assertThat(results.failures()).isEqualTo(1);
        assertThat(out.toString())
                .contains("1 hosts were killed", "FAILED: host3 after 4.0 s: wrong bytes", "FAILED: 1 pulls")
                .doesNotContain("reset");
        assertThat(outcome.last()).hasValue(8);
    }

    @Test
    void writesALineForEachRunAndForEachPull() throws IOException {
        results.add(outcome(Way.PANTALA, 1, 1, 0.9, done(8.0, 10.0)));

        assertThat(out.toString()).contains(" 0.50 % ");
        assertThat(runs.toString().lines().toList())
                .hasSize(2)
                .element(1)
                .asString()
                .isEqualTo(
                        "trial,pantala,2,16777216,1,10.000,10.000,9.000,0.100,2,0,0,16777216,16777216,0,16777216,,167772,2.000,0.900");
        assertThat(pulls.toString().lines().toList())
                .hasSize(3)
                .element(2)
                .isEqualTo("trial,pantala,2,16777216,1,host2,,0.000,0.100,10.000,done");
    }

    @Test
    void tellsWhyTheRegistrySentMoreThanOneCopy() throws IOException {
        Map<String, Double> excess = Map.of("no_seed", SIZE / 4.0, "lost", SIZE / 2.0);

        results.add(outcome(Way.PANTALA, 1, 2, 0.9, done(8.0), excess));

        assertThat(out.toString()).contains("the registry sent more than one copy: lost 0.500, no_seed 0.250");
        assertThat(runs.toString()).contains(",lost:8388608 no_seed:4194304,");
    }

    @Test
    void plotsTimesCopiesAndSpeedUp() throws IOException {
        results.add(outcome(Way.NATIVE, 1, 2, 0.9, done(10.0, 20.0)));
        results.add(outcome(Way.PANTALA, 1, 1, 0.9, done(8.0, 10.0)));

        results.plot(directory);

        assertThat(Files.readString(directory.resolve("trial-time.svg"))).contains("16 MiB", "native", "the bound");
        assertThat(Files.readString(directory.resolve("trial-registry.svg"))).contains("one copy");
        assertThat(directory.resolve("trial-speedup.svg")).exists();
    }

    private Results results() {
        try {
            return new Results(Preset.TRIAL.experiment(), new PrintWriter(out, true), new Csv("trial", runs, pulls));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Pull> done(double... seconds) {
        List<Pull> pulls = new ArrayList<>();
        for (double each : seconds) {
            pulls.add(new Pull("host" + (pulls.size() + 1), "", 0, 0.1, each, End.DONE, null));
        }
        return pulls;
    }

    private static Outcome outcome(Way way, int round, int copies, double idle, List<Pull> pulls) {
        return outcome(way, round, copies, idle, pulls, Map.of());
    }

    private static Outcome outcome(
            Way way, int round, int copies, double idle, List<Pull> pulls, Map<String, Double> excess) {
        return new Outcome(way, round, SIZE, 10, pulls, copies * SIZE, SIZE, 0, SIZE, excess, SIZE / 100.0, 2, idle);
    }
}
