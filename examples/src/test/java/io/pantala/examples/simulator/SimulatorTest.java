package io.pantala.examples.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.pantala.seed.schedule.ConductorConfig;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** Small swarms, whose figures are to keep their shape. What they are like when large, the program tells. */
class SimulatorTest {
    private static final Scenario EQUAL = Scenario.equal(60, 64 << 20, 125e6);

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void allHaveItNearTheBoundFromOneCopyOfTheRegistrys() {
        Outcome outcome = conducted(EQUAL);

        assertThat(outcome.completion()).hasSize(60);
        assertThat(last(outcome)).isBetween(1.0, 1.15);
        assertThat(outcome.registryCopies()).isEqualTo(1, within(1e-9));
        assertThat(outcome.seedCopies()).isBetween(1.0, 1.2);
        assertThat(outcome.firstHalf()).isLessThan(0.75);
    }

    /** None of the others has to wait for it, at the end or before. */
    @Test
    void oneHostAtAHundredthOfTheSpeedIsSlowAlone() {
        Outcome outcome = conducted(EQUAL.withSlow(1.0 / EQUAL.hosts(), 100));

        assertThat(outcome.completion()).hasSize(59);
        assertThat(last(outcome)).isLessThan(last(conducted(EQUAL)) + 0.02);
        assertThat(outcome.slowCompletion()).hasSize(1);
        assertThat(outcome.slowCompletion()[0]).isBetween(0.9, 1.1);
        assertThat(outcome.registryCopies()).isEqualTo(1, within(1e-9));
    }

    @Test
    void blocksCrossTheBorderOfEachZoneOnce() {
        Outcome outcome = conducted(EQUAL.withZones(3, 2));

        assertThat(outcome.completion()).hasSize(60);
        assertThat(outcome.borderCopies()).isBetween(1.999, 2.1);
    }

    @Test
    void aRunIsTheSameAgain() {
        Scenario small = Scenario.equal(20, 8 << 20, 125e6);

        assertThat(conducted(small).completion())
                .containsExactly(conducted(small).completion());
        assertThat(conducted(small).completion())
                .isNotEqualTo(conducted(small.withChance(2)).completion());
    }

    @Test
    void theSeedDecidesBetterThanHostsThatChoose() {
        Scenario small = Scenario.equal(40, 16 << 20, 125e6);

        double chosen = last(new World(small, Choosing::new).run());

        assertThat(last(conducted(small))).isLessThan(chosen);
    }

    @Test
    void whoeverStaysGetsAllWhenOthersFail() {
        Outcome outcome = conducted(Scenario.equal(60, 64 << 20, 1.25e6).withFailing(0.2));

        assertThat(outcome.hosts()).anyMatch(host -> host.gone && host.done < 0);
        assertThat(outcome.hosts()).allMatch(host -> host.gone || host.done >= 0);
    }

    @Test
    void tellsWhatASchedulerKeepsForAHost() {
        assertThat(Conducted.bytesPerHost(EQUAL.layout())).isBetween(200L, 10_000L);
    }

    @Test
    void linksCarryNoMoreThanTheyCan() {
        Timeline timeline = new Timeline();
        Network network = new Network(timeline);
        Link up = new Link(100);
        Link one = new Link(100);
        Link other = new Link(20);
        double[] ended = new double[2];

        // The second is held up elsewhere, and leaves the first so much more of what they share.
        network.start(new Flow(800, 1, () -> ended[0] = timeline.now(), up, one));
        network.start(new Flow(200, 1, () -> ended[1] = timeline.now(), up, other));
        while (timeline.step()) {
            assertThat(up.flows.stream().mapToDouble(flow -> flow.rate).sum()).isLessThanOrEqualTo(100.001);
        }

        assertThat(ended[0]).isEqualTo(10, within(0.1));
        assertThat(ended[1]).isEqualTo(10, within(0.1));
    }

    /** So many that its heap grows. */
    @Test
    void whatIsAtTheSameTimeHappensInTheOrderInWhichItWasTold() {
        record Happening(int time, int told) {}
        Timeline timeline = new Timeline();
        Random random = new Random(1);
        List<Happening> told = new ArrayList<>();
        List<Happening> happened = new ArrayList<>();
        for (int i = 0; i < 100_000; i++) {
            Happening happening = new Happening(random.nextInt(1000), i);
            told.add(happening);
            timeline.in(happening.time, () -> happened.add(happening));
        }

        while (timeline.step()) {
            assertThat(timeline.now()).isEqualTo(happened.getLast().time);
        }

        told.sort(Comparator.comparingInt(Happening::time));
        assertThat(happened).isEqualTo(told);
    }

    @Test
    void printsARowForEachScenario() {
        assertThat(run("--hosts", "10", "--size", "4MiB", "equal", "zones", "slow"))
                .isZero();

        assertThat(out.toString().lines()).hasSize(4);
        assertThat(out.toString()).contains("scenario", "equal ", "zones ", "slow ");
    }

    @Test
    void requestsThatTakeLongerMakeAllTakeLonger() {
        assertThat(last(conducted(EQUAL.withLatency(1)))).isGreaterThan(last(conducted(EQUAL)) + 0.02);
    }

    @Test
    void namesAScenarioThatItDoesNotKnow() {
        assertThat(run("faster")).isEqualTo(2);

        assertThat(err.toString()).startsWith("simulator: there is no scenario faster; there are: equal, ");
    }

    private int run(String... arguments) {
        CommandLine simulator =
                Simulator.commandLine().setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
        return simulator.execute(arguments);
    }

    private static Outcome conducted(Scenario scenario) {
        return new World(scenario, world -> new Conducted(world, ConductorConfig.DEFAULT)).run();
    }

    private static double last(Outcome outcome) {
        return Outcome.quantile(outcome.completion(), 1);
    }
}
