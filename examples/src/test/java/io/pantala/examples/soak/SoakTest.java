package io.pantala.examples.soak;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.pantala.examples.rig.RigException;
import io.pantala.examples.rig.Tools;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** The program as its users run it, for some seconds: CI lets it run for longer by itself. */
@Tag("engine")
class SoakTest {
    @TempDir
    private Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void aSmallClusterHoldsAndNothingIsLeftBehind() throws Exception {
        assumeCanRun();

        assertThat(run("--minutes=0.2", "--seed=1", "--hosts=2", "--pause=4", "--largest=4MiB"))
                .describedAs("%s%s", out, err)
                .isZero();

        assertThat(out.toString())
                .contains("0:12, --seed 1: 2 hosts with 2 engines each")
                .containsPattern("nodes +[0-9]+ times killed, [0-9]+ stopped, and started again")
                .containsPattern("(?m)^  seed +descriptors [0-9]+ at its start, [0-9]+ now")
                .containsPattern("(?m)^lost pulls +0$")
                .containsPattern("(?m)^wrong bytes +0$")
                .endsWith("It held.\n");
        assertThat(directory).isEmptyDirectory();
        assertThat(Tools.run(List.of("ip", "netns", "list")))
                .doesNotContain("pantala-" + ProcessHandle.current().pid() + "-");
        try (Stream<ProcessHandle> children = ProcessHandle.current().children()) {
            assertThat(children.flatMap(child -> child.info().commandLine().stream()))
                    .isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--minutes=-1|--minutes: it must last",
                "--hosts=0|--hosts, --engines: there must be at least one",
                "--largest=1KiB|--largest: must be at least 16KiB",
                "--faulty=60|--faulty: must be from 0 to 50",
                "--pause=0|--pause: must be longer",
                "--seed=some|--seed",
            })
    void saysWhatIsWrongInOneLine(String argument, String says) {
        assertThat(run(argument)).isEqualTo(2);

        assertThat(err.toString()).startsWith("soak: ").contains(says).hasLineCount(1);
        assertThat(directory).isEmptyDirectory();
    }

    private int run(String... arguments) {
        CommandLine soak = Soak.commandLine().setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
        return soak.execute(Stream.concat(Stream.of("--dir", directory.toString()), Stream.of(arguments))
                .toArray(String[]::new));
    }

    private static void assumeCanRun() {
        try {
            Tools.requireRoot();
            Tools.require("docker-registry", "ip", "tc");
        } catch (RigException e) {
            assumeThat(e).isNull();
        }
    }
}
