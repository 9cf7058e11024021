package io.pantala.examples.simulator;

import io.pantala.examples.rig.Rate;
import io.pantala.proxy.config.ByteSize;
import io.pantala.seed.schedule.ConductorConfig;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The {@code simulator} program: a blob to many hosts on virtual time, and how long that takes beside the bound. */
@Command(
        name = "simulator",
        header = "Simulates a swarm on virtual time, conducted by the class that conducts real ones.",
        sortOptions = false,
        mixinStandardHelpOptions = true)
public final class Simulator implements Callable<Integer> {
    /** What can be simulated, by the name that the command line knows. */
    enum Kind {
        EQUAL,
        SLOW,
        LAGGARD,
        ZONES,
        FAILING,
        ARRIVING,
        CHOOSING;

        Scenario scenario(Scenario equal) {
            return switch (this) {
                case EQUAL, CHOOSING -> equal;
                case SLOW -> equal.withSlow(0.1, 10);
                case LAGGARD -> equal.withSlow(1.0 / equal.hosts(), 100);
                case ZONES -> equal.withZones(3, 2);
                case FAILING -> equal.withFailing(0.01);
                case ARRIVING -> equal.withArriving(0.5);
            };
        }

        Function<World, Design> design() {
            return this == CHOOSING ? Choosing::new : world -> new Conducted(world, ConductorConfig.DEFAULT);
        }

        String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(
            arity = "0..*",
            paramLabel = "SCENARIO",
            description =
                    "some of: equal (all links), slow (10 %% of hosts ten times slower), laggard (one host a hundred times "
                            + "slower), zones (3, with a line of two links' rate between each two), failing (1 %% of hosts a "
                            + "minute), arriving (over half of the time), choosing (equal, but hosts choose themselves); default "
                            + "all")
    private List<String> names = List.of();

    @Option(names = "--hosts", split = ",", paramLabel = "N", description = "how many, also several (default 100)")
    private List<Integer> hosts = List.of(100);

    @Option(names = "--size", paramLabel = "SIZE", description = "of the blob (default 1GiB)")
    private ByteSize size = new ByteSize(1L << 30);

    @Option(names = "--rate", paramLabel = "RATE", description = "of every link (default 1gbit)")
    private Rate rate = new Rate(1_000_000_000);

    @Option(
            names = "--delay",
            split = ",",
            paramLabel = "TIMES",
            description = "of what hosts and seed tell one another, in times of a block, also several (default 0.1)")
    private List<Double> delays = List.of(0.1);

    @Option(
            names = "--latency",
            paramLabel = "TIMES",
            description = "of a request for a block, in times of a block (default 0.02)")
    private double latency = 0.02;

    @Option(names = "--chance", paramLabel = "N", description = "another number gives another run (default 1)")
    private long chance = 1;

    private Simulator() {}

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    /** The program, ready to execute. */
    static CommandLine commandLine() {
        return new CommandLine(new Simulator())
                .registerConverter(Rate.class, Rate::parse)
                .registerConverter(ByteSize.class, ByteSize::parse)
                .setParameterExceptionHandler((misuse, _) -> misused(misuse));
    }

    private static int misused(ParameterException misuse) {
        CommandLine command = misuse.getCommandLine();
        command.getErr().println("simulator: " + misuse.getMessage() + " (try: simulator --help)");
        return command.getCommandSpec().exitCodeOnInvalidInput();
    }

    @Override
    public Integer call() {
        List<Kind> kinds = names.isEmpty()
                ? List.of(Kind.values())
                : names.stream().map(this::kind).toList();
        List<Scenario> all = hosts.stream()
                .flatMap(count -> delays.stream().map(delay -> scenario(count, delay)))
                .toList();
        PrintWriter out = spec.commandLine().getOut();
        out.println(ROW.formatted(
                "scenario",
                "hosts",
                "blocks",
                "delay",
                "p50",
                "p99",
                "last",
                "half",
                "slow",
                "registry",
                "seed",
                "across",
                "CPU us",
                "messages/s",
                "B/host"));
        for (Scenario equal : all) {
            for (Kind kind : kinds) {
                Scenario scenario = kind.scenario(equal);
                // Before there is anything else that takes memory.
                String memory = kind == Kind.CHOOSING ? "-" : Long.toString(Conducted.bytesPerHost(scenario.layout()));
                out.println(row(kind, new World(scenario, kind.design()).run(), memory));
                out.flush();
            }
        }
        return 0;
    }

    private Kind kind(String name) {
        return Arrays.stream(Kind.values())
                .filter(kind -> kind.text().equals(name))
                .findFirst()
                .orElseThrow(() -> misuse("there is no scenario " + name + "; there are: "
                        + Arrays.stream(Kind.values()).map(Kind::text).collect(Collectors.joining(", "))));
    }

    private Scenario scenario(int count, double delay) {
        if (count < 3) {
            throw misuse("--hosts: a swarm needs 3 hosts at least, not " + count);
        }
        if (size.bytes() < 1 || !(delay >= 0) || !(latency >= 0)) {
            throw misuse("--size must be more than nothing, and --delay and --latency not negative");
        }
        return Scenario.equal(count, size.bytes(), rate.bits() / 8.0)
                .withDelay(delay)
                .withLatency(latency)
                .withChance(chance);
    }

    private ParameterException misuse(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    private static final String ROW = "%-9s %6s %6s %5s %6s %6s %6s %6s %6s %8s %6s %6s %6s %10s %6s";

    private static String row(Kind kind, Outcome outcome, String memory) {
        double[] ascending = outcome.completion();
        double[] slow = outcome.slowCompletion();
        Scenario scenario = outcome.scenario();
        Design.Cost cost = outcome.cost();
        return ROW.formatted(
                kind.text(),
                scenario.hosts(),
                scenario.layout().count(),
                number(scenario.delay(), 1),
                number(Outcome.quantile(ascending, 0.5), 3),
                number(Outcome.quantile(ascending, 0.99), 3),
                number(Outcome.quantile(ascending, 1), 3),
                number(outcome.firstHalf(), 3),
                slow.length == 0 ? "-" : number(Outcome.quantile(slow, 1), 3),
                number(outcome.registryCopies(), 3),
                number(outcome.seedCopies(), 3),
                scenario.zones() == 1 ? "-" : number(outcome.borderCopies() / (scenario.zones() - 1), 3),
                cost.decisions() == 0 ? "-" : number(cost.cpuNanos() / 1e3 / cost.decisions(), 2),
                number(cost.messages() / outcome.seconds(), 0),
                memory);
    }

    private static String number(double value, int decimals) {
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }
}
