package io.pantala.examples.lab;

import io.pantala.examples.lab.Experiment.Load;
import io.pantala.examples.lab.Outcome.Way;
import io.pantala.examples.rig.Installation;
import io.pantala.examples.rig.Machine;
import io.pantala.examples.rig.Program;
import io.pantala.examples.rig.Rate;
import io.pantala.examples.rig.RegistryContent;
import io.pantala.examples.rig.Tools;
import io.pantala.examples.rig.Workspace;
import io.pantala.proxy.config.ByteSize;
import io.pantala.proxy.node.Version;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The {@code lab} program: many hosts pull at once on one machine, through Pantala and without. */
@Command(
        name = "lab",
        header = "Shows what a swarm does: many hosts on this machine, behind links of known rates, pull the same.",
        description = {
            "",
            "Each host is a process in a network namespace of its own; so are a seed and docker-registry. Prints a table, and writes CSV and SVG plots. Needs root, docker-registry and iproute2.",
            ""
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
public final class Lab extends Program {
    @Parameters(
            arity = "0..1",
            paramLabel = "EXPERIMENT",
            description = "one-file, sizes, copies, bound or trial (default); what is given besides takes its place")
    private String preset = Preset.TRIAL.text();

    @Option(names = "--hosts", split = ",", paramLabel = "N,..", description = "how many pull at once, each tried")
    private @Nullable List<Integer> hosts;

    @Option(names = "--sizes", split = ",", paramLabel = "SIZE,..", description = "what each pulls, such as 64MiB")
    private @Nullable List<ByteSize> sizes;

    @Option(names = "--rate", paramLabel = "RATE", description = "of each host's link, such as 20mbit, both ways")
    private @Nullable Rate link;

    @Option(
            names = "--source-rate",
            paramLabel = "RATE",
            description = "of the registry's link and of the seed's (default: as of the hosts)")
    private @Nullable Rate source;

    @Option(
            names = "--zones",
            paramLabel = "N",
            description = "over which hosts are spread; registry and seed are in the first")
    private int zones;

    @Option(names = "--border", paramLabel = "RATE", description = "of the link between a zone and the others")
    private @Nullable Rate border;

    @Option(
            names = "--arrival",
            paramLabel = "PATTERN",
            description =
                    "when hosts begin: at-once (default), poisson:2 (two a second on average), waves:4:10s (in four groups, ten seconds apart)")
    private Arrival arrival = new Arrival.AtOnce();

    @Option(
            names = "--kill",
            paramLabel = "P%@X%",
            description = "kill so many hosts when so much of all bytes has come, such as 20%%@50%%")
    private Faults.@Nullable Hosts kill;

    @Option(
            names = "--kill-seed",
            paramLabel = "X%[+TIME]",
            description = "kill the seed when so much has come, and start it again that much later, such as 50%%+2s")
    private Faults.@Nullable Seed killSeed;

    @Option(
            names = "--pull",
            paramLabel = "WHAT",
            description = "blob, image (of three layers), or skopeo (the image, by skopeo)")
    private @Nullable Load load;

    @Option(names = "--rounds", paramLabel = "N", description = "pulls through Pantala of each kind")
    private @Nullable Integer rounds;

    @Option(names = "--native", paramLabel = "N", description = "pulls straight from the registry of each kind")
    private @Nullable Integer unaided;

    @Option(
            names = "--per-process",
            paramLabel = "N",
            description = "hosts that share a process, which takes less memory (default 1)")
    private int perProcess = 1;

    @Option(names = "--plaintext", description = "nodes talk without TLS, which takes less CPU")
    private boolean plaintext;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "where CSV and plots go, in place of older ones (default lab-results)")
    private Path results = Path.of("lab-results");

    @Option(names = "--logs", paramLabel = "DIR", description = "keep there what the seed and the hosts log")
    private @Nullable Path logs;

    @Option(names = "--links", description = "also write what each link carries, five times a second")
    private boolean watchLinks;

    private Lab() {}

    public static void main(String[] args) {
        Program.main(commandLine(), args);
    }

    /** The program, ready to execute. */
    static CommandLine commandLine() {
        return Program.commandLine(new Lab())
                .registerConverter(Arrival.class, Arrival::parse)
                .registerConverter(Faults.Hosts.class, Faults.Hosts::parse)
                .registerConverter(Faults.Seed.class, Faults.Seed::parse)
                .setCaseInsensitiveEnumValuesAllowed(true);
    }

    @Override
    protected int run(Workspace workspace, Installation program) throws Exception {
        Preset named = preset();
        Experiment experiment = experiment(named.experiment());
        Tools.requireRoot();
        Tools.require("docker-registry", "ip", "tc");
        if (experiment.load() == Load.SKOPEO) {
            Tools.require("skopeo");
        }
        workspace.require(room(experiment));
        out().println("Pantala " + Version.read() + ", " + program.description() + ", " + LocalDate.now(ZoneOffset.UTC)
                + ": " + experiment.name());
        out().println(Machine.describe() + ", load " + Machine.load());
        out().println(named.meaning() + "; " + experiment.describe());
        out().flush();
        Files.createDirectories(results);
        try (Writer runs = writer(experiment, "runs");
                Writer pulls = writer(experiment, "pulls");
                Writer links = watchLinks ? writer(experiment, "links") : Writer.nullWriter()) {
            LinkLog log = watchLinks ? LinkLog.to(links) : LinkLog.none();
            return pull(experiment, program, workspace, new Csv(experiment.name(), runs, pulls), log);
        }
    }

    private int pull(Experiment experiment, Installation program, Workspace workspace, Csv csv, LinkLog links)
            throws Exception {
        RegistryContent registry = new RegistryContent(workspace.directory("content"));
        try (Workspace files = workspace.part("fleet");
                Fleet fleet = Fleet.start(experiment, program, files, logs(files), registry)) {
            Runs runs = new Runs(experiment, fleet, files, registry, links);
            runs.warmUp();
            Results outcomes = new Results(experiment, out(), csv);
            for (long size : experiment.sizes()) {
                for (int count : experiment.hosts()) {
                    for (Way way : Way.values()) {
                        int times = way == Way.NATIVE ? experiment.unaided() : experiment.rounds();
                        for (int round = 1; round <= times; round++) {
                            outcomes.add(runs.next(way, size, count, round));
                        }
                    }
                }
            }
            outcomes.summarize();
            outcomes.plot(results);
            return outcomes.failures() == 0 ? 0 : 1;
        }
    }

    private Path logs(Workspace files) throws IOException {
        return logs == null ? files.directory("logs") : Files.createDirectories(logs);
    }

    private Writer writer(Experiment experiment, String what) throws IOException {
        return Files.newBufferedWriter(results.resolve(experiment.name() + "-" + what + ".csv"));
    }

    private Preset preset() {
        return Stream.of(Preset.values())
                .filter(each -> each.text().equals(preset))
                .findFirst()
                .orElseThrow(() -> misuse("there is no experiment " + preset + "; there are: "
                        + Stream.of(Preset.values()).map(Preset::text).collect(Collectors.joining(", "))));
    }

    private Experiment experiment(Experiment named) {
        // Who names one rate alone means it to be that of all links.
        Rate ofSource = or(source, or(link, named.source()));
        try {
            return new Experiment(
                    named.name(),
                    or(hosts, named.hosts()),
                    sizes != null ? sizes.stream().map(ByteSize::bytes).toList() : named.sizes(),
                    or(link, named.link()),
                    ofSource,
                    zones,
                    border,
                    arrival,
                    new Faults(Optional.ofNullable(kill), Optional.ofNullable(killSeed)),
                    or(load, named.load()),
                    or(rounds, named.rounds()),
                    or(unaided, named.unaided()),
                    perProcess,
                    !plaintext);
        } catch (IllegalArgumentException e) {
            throw misuse(String.valueOf(e.getMessage()));
        }
    }

    private static <T> T or(@Nullable T given, T preset) {
        return given != null ? given : preset;
    }

    /** What hosts keep at most, what the registry has, and something to spare. */
    private static long room(Experiment experiment) {
        long runs = (long) experiment.hosts().size() * (experiment.rounds() + experiment.unaided());
        long contents =
                runs * experiment.sizes().stream().mapToLong(Long::longValue).sum();
        return contents + (experiment.mostHosts() + 1) * Math.min(contents, Fleet.quota(experiment)) + (1L << 30);
    }
}
