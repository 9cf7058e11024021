package io.pantala.examples.bench;

import io.pantala.examples.bench.Cold.What;
import io.pantala.examples.rig.Installation;
import io.pantala.examples.rig.Machine;
import io.pantala.examples.rig.Program;
import io.pantala.examples.rig.Rate;
import io.pantala.examples.rig.RegistryContent;
import io.pantala.examples.rig.Tools;
import io.pantala.examples.rig.Workspace;
import io.pantala.proxy.config.ByteSize;
import io.pantala.proxy.node.Version;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The {@code bench} program: measures Pantala on one host, and prints figures beside what they should be. */
@Command(
        name = "bench",
        header = "Measures Pantala on this machine, beside a registry, its pull-through mode, and nginx.",
        description = {
            "",
            "Needs root, for links of known rates between network namespaces of its own, and docker-registry and nginx. "
                    + "Rivals are measured in turns: read ratios, since other work on the machine concerns all alike. "
                    + "Where the disk is slower than the links, name a place in memory with --dir: else it is the disk "
                    + "that is measured.",
            ""
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
public final class Bench extends Program {
    private static final long KIB = 1 << 10;
    private static final long MIB = 1 << 20;
    private static final long GIB = 1 << 30;

    /** What can be measured, by the name that the command line knows. */
    enum Kind {
        COLD_LAYER,
        COLD_IMAGE,
        LOOPBACK_LAYER,
        LOOPBACK_IMAGE,
        WARM,
        BLOCKS,
        INTERCEPTION,
        MANIFESTS,
        MEMORY,
        START;

        Figure figure(Settings settings) {
            return switch (this) {
                case COLD_LAYER -> new Cold(What.LAYER, settings.rate());
                case COLD_IMAGE -> new Cold(What.IMAGE, settings.rate());
                case LOOPBACK_LAYER -> new Cold(What.LAYER, null);
                case LOOPBACK_IMAGE -> new Cold(What.IMAGE, null);
                case WARM -> new Warm();
                case BLOCKS -> new Blocks();
                case INTERCEPTION -> new Interception();
                case MANIFESTS -> new Manifests();
                case MEMORY -> new Memory();
                case START -> new Start();
            };
        }

        String text() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    @Parameters(
            arity = "0..*",
            paramLabel = "FIGURE",
            description = "some of: cold-layer, cold-image, loopback-layer, loopback-image, warm, blocks, "
                    + "interception, manifests, memory, start (default all)")
    private List<String> names = List.of();

    @Option(names = "--rounds", paramLabel = "N", description = "of each comparison (default 5)")
    private int rounds = 5;

    @Option(names = "--rate", paramLabel = "RATE", description = "of every shaped link (default 1gbit)")
    private Rate rate = new Rate(1_000_000_000);

    @Option(
            names = "--layer",
            paramLabel = "SIZE",
            description = "of the large layer (default 1GiB; memory is watched with layers of four times that, too)")
    private ByteSize layer = new ByteSize(GIB);

    @Option(
            names = "--minutes",
            paramLabel = "N",
            description = "after which it ends with the rounds that it has (default 40)")
    private int minutes = 40;

    @Option(names = "--quick", description = "small and once, to see that it works; its figures mean nothing")
    private boolean quick;

    private Bench() {}

    public static void main(String[] args) {
        Program.main(commandLine(), args);
    }

    /** The program, ready to execute. */
    static CommandLine commandLine() {
        return Program.commandLine(new Bench());
    }

    @Override
    protected int run(Workspace workspace, Installation program) throws Exception {
        Set<Kind> kinds = kinds();
        if (rounds < 1 || minutes < 1 || layer.bytes() < 1) {
            throw misuse("--rounds, --minutes and --layer must be at least 1");
        }
        Tools.requireRoot();
        Tools.require("docker-registry", "ip", "nginx", "tc");
        Settings settings = quick
                ? new Settings(1, 2 * MIB, 3, 700 * KIB, 3, 20, rate, 2, 8 * MIB, 1, Duration.ofMillis(200))
                : new Settings(
                        rounds,
                        layer.bytes(),
                        40,
                        5 * MIB,
                        3,
                        1000,
                        rate,
                        8,
                        4 * layer.bytes(),
                        10,
                        Duration.ofSeconds(5));
        Printout printout = new Printout(out());
        printout.line(
                "Pantala " + Version.read() + ", " + program.description() + ", " + LocalDate.now(ZoneOffset.UTC));
        printout.line(Machine.describe() + ", load " + Machine.load());
        printout.line(Tools.version("docker-registry", "--version") + "; " + Tools.version("nginx", "-v"));
        RegistryContent content = new RegistryContent(workspace.directory("content"));
        Stage stage = new Stage(settings, program, workspace, content, printout);
        try (Workspace cache = Workspace.create(Path.of(System.getProperty("java.io.tmpdir")), "page-cache")) {
            if (!quick) {
                Machine.fillPageCache(cache.root().resolve("hole"));
            }
            Deadline deadline = Deadline.in(Duration.ofMinutes(minutes));
            int left = kinds.size();
            for (Kind kind : kinds) {
                kind.figure(settings).measure(stage, deadline.share(left--));
            }
        }
        printout.summarize();
        return 0;
    }

    private Set<Kind> kinds() {
        Set<Kind> kinds = EnumSet.noneOf(Kind.class);
        for (String name : names) {
            kinds.add(Stream.of(Kind.values())
                    .filter(kind -> kind.text().equals(name))
                    .findFirst()
                    .orElseThrow(() -> misuse("there is no figure " + name + "; there are: "
                            + Stream.of(Kind.values()).map(Kind::text).collect(Collectors.joining(", ")))));
        }
        return kinds.isEmpty() ? EnumSet.allOf(Kind.class) : kinds;
    }
}
