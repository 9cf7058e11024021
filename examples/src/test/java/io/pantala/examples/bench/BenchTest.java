package io.pantala.examples.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.pantala.examples.rig.RigException;
import io.pantala.examples.rig.Tools;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The program as its users run it, small enough to wait for. What it measures here says nothing. */
@Tag("engine")
class BenchTest {
    @TempDir
    private Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void measuresEveryFigureAndLeavesNothingBehind() throws Exception {
        assumeCanRun();

        assertThat(run("--quick")).describedAs("%s%s", out, err).isZero();

        assertThat(out.toString())
                .contains("Cold, one layer of 4 MiB, every link 1 Gbit/s")
                .contains("Cold, an image of 3 layers of 300 KiB by 3 connections, every link 1 Gbit/s")
                .contains("=> headers, later than straight: ", "=> first byte, later than straight: ")
                .contains("Cold, one layer of 4 MiB, on loopback, unshaped", "=> time, ÷ docker-registry: ")
                .contains("Warm, one layer of 4 MiB by 4 engines at once", "=> speed, ÷ nginx: ")
                .contains("2 layers of 4 MiB in ", "2 layers of 8 MiB in ", "=> host, peak: ")
                .contains("=> seed, start to ready: ", "=> host, idle memory in all: ");
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

        assertThat(err.toString())
                .startsWith("bench: ")
                .contains("colder")
                .contains("cold, loopback, warm, memory, start");
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
