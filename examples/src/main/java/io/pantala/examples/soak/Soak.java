package io.pantala.examples.soak;

import io.pantala.examples.rig.Installation;
import io.pantala.examples.rig.Machine;
import io.pantala.examples.rig.Program;
import io.pantala.examples.rig.Rate;
import io.pantala.examples.rig.RegistryContent;
import io.pantala.examples.rig.Tools;
import io.pantala.examples.rig.Workspace;
import io.pantala.proxy.config.ByteSize;
import io.pantala.proxy.node.Version;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The {@code soak} program: strains a small cluster by random faults, and says whether it held. */
@Command(
        name = "soak",
        header =
                "Pulls random blobs through several hosts and a seed, with random faults and restarts, and says what came of it.",
        description = {
            "",
            "Each host is a process in a network namespace of its own; so are a seed and docker-registry. The registry refuses, cuts, stalls and spoils answers, nodes are killed or stopped and started again, engines leave in the middle and ask for ranges. Exit code 0 means that no pull was lost, no byte was wrong and nothing was left behind. Needs root, docker-registry and iproute2.",
            ""
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
public final class Soak extends Program {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Duration SETTLING = Duration.ofMinutes(1);

    @Option(names = "--minutes", paramLabel = "N", description = "how long it lasts (default 2)")
    private double minutes;

    @Option(names = "--hours", paramLabel = "N", description = "and so many hours")
    private double hours;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description =
                    "of all that is left to chance: the same number does the same (default: another one each time)")
    private long seed = System.nanoTime() % 1_000_000;

    @Option(names = "--hosts", paramLabel = "N", description = "that run at once (default 3)")
    private int hosts = 3;

    @Option(names = "--engines", paramLabel = "N", description = "that pull at once on each host (default 2)")
    private int engines = 2;

    @Option(
            names = "--blobs",
            paramLabel = "N",
            description = "that can be asked for at a time; each is replaced after some pulls (default 24)")
    private int blobs = 24;

    @Option(
            names = "--largest",
            paramLabel = "SIZE",
            description = "of these, the smallest being 16KiB (default 16MiB)")
    private ByteSize largest = new ByteSize(16 << 20);

    @Option(names = "--rate", paramLabel = "RATE", description = "of every link (default 200mbit)")
    private Rate rate = new Rate(200_000_000);

    @Option(
            names = "--faulty",
            paramLabel = "PERCENT",
            description = "of the registry's answers that it spoils, 50 at most (default 20)")
    private double faulty = 20;

    @Option(
            names = "--pause",
            paramLabel = "SECONDS",
            description = "between two nodes that are ended, on average (default 8)")
    private double pause = 8;

    @Option(names = "--logs", paramLabel = "DIR", description = "keep the logs of all nodes there")
    private @Nullable Path logs;

    private Soak() {}

    public static void main(String[] args) {
        Program.main(commandLine(), args);
    }

    /** The program, ready to execute. */
    static CommandLine commandLine() {
        return Program.commandLine(new Soak());
    }

    @Override
    protected int run(Workspace workspace, Installation program) throws Exception {
        Settings settings = settings();
        Tools.requireRoot();
        Tools.require("docker-registry", "ip", "tc");
        workspace.require(settings.room());
        out().println("Pantala " + Version.read() + ", " + program.description() + ", "
                + LocalDate.now(ZoneOffset.UTC));
        out().println(Machine.describe() + ", load " + Machine.load());
        out().printf(
                        Locale.ROOT,
                        "%s, --seed %d: %d hosts with %d engines each, links of %s, blobs of up to %s, %.0f %% of the"
                                + " registry's answers spoilt, a node ended every %.0f s%n",
                        Report.time(settings.duration()),
                        settings.seed(),
                        settings.hosts(),
                        settings.engines(),
                        settings.rate(),
                        largest,
                        faulty,
                        pause);
        out().flush();
        RegistryContent content = new RegistryContent(workspace.directory("content"));
        Catalogue catalogue = Catalogue.create(content, settings);
        Workspace files = workspace.part("fleet");
        try (Fleet fleet = Fleet.start(settings, program, files, content)) {
            Report report = new Report(out(), settings, fleet, catalogue);
            new Strain(settings, fleet, catalogue, report).run();
            return report.summarize() ? 0 : 1;
        } finally {
            keepLogs(files.root());
        }
    }

    private Settings settings() {
        try {
            double all = minutes + 60 * hours;
            return new Settings(
                    seconds(60 * (all == 0 ? 2 : all)),
                    seed,
                    hosts,
                    engines,
                    blobs,
                    largest.bytes(),
                    rate,
                    faulty / 100,
                    seconds(pause),
                    PATIENCE,
                    SETTLING);
        } catch (IllegalArgumentException e) {
            throw misuse(String.valueOf(e.getMessage()));
        }
    }

    private static Duration seconds(double seconds) {
        return Duration.ofMillis((long) (1000 * seconds));
    }

    private void keepLogs(Path from) throws Exception {
        if (logs == null) {
            return;
        }
        Files.createDirectories(logs);
        try (DirectoryStream<Path> written = Files.newDirectoryStream(from, "*.log")) {
            for (Path log : written) {
                Files.copy(log, logs.resolve(log.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }
}
