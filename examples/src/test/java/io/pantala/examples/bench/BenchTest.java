package io.pantala.examples.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.pantala.examples.rig.Daemon;
import io.pantala.examples.rig.Engine;
import io.pantala.examples.rig.RigException;
import io.pantala.examples.rig.Tools;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The program as its users run it, small enough to wait for. What it measures here says nothing. */
@Tag("engine")
class BenchTest {
    @TempDir
    private Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    /** It starts many processes, which takes its time where others work, too. */
    @Test
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    void measuresFiguresOfEveryKindAndLeavesNothingBehind() throws Exception {
        assumeCanRun();

        assertThat(run(
                        "--quick",
                        "cold-layer",
                        "loopback-image",
                        "warm",
                        "blocks",
                        "interception",
                        "manifests",
                        "memory",
                        "start"))
                .describedAs("%s%s", out, err)
                .isZero();

        assertThat(out.toString())
                .contains("Cold, one layer of 2 MiB, every link 1 Gbit/s")
                .contains("=> headers, later than straight: ", "=> first byte, later than straight: ")
                .contains("Cold, an image of 3 layers of 700 KiB by 3 connections, on loopback, unshaped")
                .contains("=> time, ÷ docker-registry: ")
                .contains("Warm, one layer of 2 MiB by 4 engines at once", "=> speed, ÷ nginx: ")
                .contains("Blocks of a layer of 2 MiB over TLS, by 4 connections at once", "Pantala's blocks: seed ")
                .contains("HTTPS, one layer of 2 MiB", "=> speed, intercepted ÷ straight: ")
                .contains("=> handshakes a second, tunnelled ÷ straight: ")
                .contains("A manifest by its tag", "=> later than straight: p50 ", "=> requests a second of one core")
                .contains("2 layers of 2 MiB in ", "2 layers of 8 MiB in ", "=> host, peak: ")
                .contains("=> seed, start to ready: ", "=> host, idle memory in all: ")
                .contains("Together", "Start and idle memory, ", ": seed, start to ready: ");
        assertThat(directory).isEmptyDirectory();
        assertThat(Tools.run(List.of("ip", "netns", "list")))
                .doesNotContain("pantala-" + ProcessHandle.current().pid() + "-");
        try (Stream<ProcessHandle> children = ProcessHandle.current().children()) {
            assertThat(children.flatMap(child -> child.info().commandLine().stream()))
                    .isEmpty();
        }
    }

    @Test
    void namesAFigureThatItDoesNotKnow() {
        assertThat(run("--quick", "colder")).isEqualTo(2);

        assertThat(err.toString()).startsWith("bench: ").contains("colder").contains("cold-layer, cold-image, ");
    }

    @Test
    void doesNotMeasureNothing() {
        assertThat(run("--rounds", "0")).isEqualTo(2);

        assertThat(err.toString()).startsWith("bench: --rounds").contains("at least 1");
    }

    @Test
    void endsWithTheRoundsThatItHasWhenItsTimeIsOver() throws Exception {
        StringWriter said = new StringWriter();
        Race race = new Race(new Printout(new PrintWriter(said)), false, List.of(new Idler()));

        race.run(1, 5, Deadline.in(Duration.ZERO));

        assertThat(said.toString())
                .contains("(first) ", "round 1 ", "its time is over after 1 of 5 rounds")
                .doesNotContain("round 2");
    }

    /** Pulls nothing. */
    private static final class Idler implements Rival {
        @Override
        public String name() {
            return "idler";
        }

        @Override
        public List<Daemon> processes() {
            return List.of();
        }

        @Override
        public Engine.Pulled pull(int turn) {
            return new Engine.Pulled(1, Duration.ZERO, Duration.ZERO, Duration.ofSeconds(1));
        }
    }

    private int run(String... arguments) {
        CommandLine bench =
                Bench.commandLine().setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
        String[] all = Stream.concat(Stream.of(arguments), Stream.of("--dir", directory.toString()))
                .toArray(String[]::new);
        return bench.execute(all);
    }

    private static void assumeCanRun() {
        try {
            Tools.requireRoot();
            Tools.require("docker-registry", "ip", "nginx", "tc");
        } catch (RigException e) {
            assumeThat(e).isNull();
        }
    }
}
