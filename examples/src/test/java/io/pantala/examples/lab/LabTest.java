package io.pantala.examples.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import picocli.CommandLine;

/** What the program says to wrong arguments. Running it takes root and minutes. */
class LabTest {
    @TempDir
    private Path directory;

    private final StringWriter err = new StringWriter();

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "colder|there is no experiment colder; there are: one-file, sizes, copies, bound, trial",
                "--hosts=0|--hosts: there must be at least one",
                "--hosts=few|--hosts",
                "--sizes=0|--sizes: there must be something",
                "--sizes=big|must be a size",
                "--rate=fast|must be a rate",
                "--border=1mbit|--border: is between zones",
                "--zones=-1|--zones",
                "--arrival=late|must be at-once",
                "--kill=20%|must read like 20%@50%",
                "--kill-seed=half|must read like 50%",
                "--kill-seed=50% --pull=skopeo|nobody sees how far skopeo is",
                "--kill=20%@50% --hosts=1|needs at least 2 hosts",
                "--rounds=0 --native=0|something must be pulled",
                "--per-process=0|--per-process: must be at least 1",
                "--pull=push|--pull",
            })
    void saysWhatIsWrongInOneLine(String arguments, String says) {
        assertThat(run(arguments.split(" ", -1))).isEqualTo(2);

        assertThat(err.toString()).startsWith("lab: ").contains(says).hasLineCount(1);
        assertThat(directory).isEmptyDirectory();
    }

    @ParameterizedTest
    @EnumSource
    void everyPresetIsAnExperiment(Preset preset) {
        Experiment experiment = preset.experiment();

        assertThat(experiment.name()).isEqualTo(preset.text());
        assertThat(experiment.rounds()).isPositive();
    }

    @Test
    void describesWhatIsTried() {
        Experiment experiment = Preset.ONE_FILE.experiment();

        assertThat(experiment.describe())
                .isEqualTo("hosts' links 20 Mbit/s, the registry's and the seed's 200 Mbit/s; hosts arrive at once");
        assertThat(experiment.mostHosts()).isEqualTo(40);
    }

    private int run(String... arguments) {
        CommandLine lab = Lab.commandLine().setErr(new PrintWriter(err, true));
        return lab.execute(Stream.concat(Stream.of("--dir", directory.toString()), Stream.of(arguments))
                .toArray(String[]::new));
    }
}
