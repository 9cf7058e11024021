package io.pantala.proxy.cli;

import io.pantala.proxy.config.ConfigException;
import io.pantala.proxy.config.HostConfig;
import io.pantala.proxy.config.Key;
import io.pantala.proxy.config.SeedConfig;
import io.pantala.proxy.logging.Logging;
import io.pantala.proxy.node.Host;
import io.pantala.proxy.node.Seed;
import io.pantala.proxy.node.Version;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The {@code pantala} program. */
@Command(
        name = "pantala",
        header = "Container image pulls, fast and cheap at any scale.",
        synopsisSubcommandLabel = "COMMAND",
        mixinStandardHelpOptions = true,
        versionProvider = Pantala.Built.class,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:done", "1:failed", "2:wrong usage or settings"})
public final class Pantala implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(Pantala.class);

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    private Pantala() {}

    public static void main(String[] args) {
        Thread.setDefaultUncaughtExceptionHandler(
                (thread, failure) -> LOG.error("thread {} ended", thread.getName(), failure));
        int code = commandLine(
                        System.getenv(),
                        new PrintWriter(System.out, true, System.out.charset()),
                        new PrintWriter(System.err, true, System.err.charset()),
                        args)
                .execute(args);
        Logging.close();
        System.exit(code);
    }

    /**
     * The program, ready to execute.
     *
     * @param arguments that it will be executed with: when the first is a command, the others are left out, since a node
     *     would wait at its start until they are made
     */
    static CommandLine commandLine(
            Map<String, String> environment, PrintWriter out, PrintWriter err, String... arguments) {
        CommandLine program = new CommandLine(new Pantala());
        Map<String, Supplier<Object>> commands = commands(environment);
        String asked = arguments.length == 0 ? "" : arguments[0];
        commands.forEach((name, command) -> {
            if (name.equals(asked) || !commands.containsKey(asked)) {
                program.addSubcommand(name, command.get());
            }
        });
        if (!commands.containsKey(asked)) {
            program.addSubcommand("help", new CommandLine.HelpCommand());
        }
        return program.setOut(out)
                .setErr(err)
                .setAbbreviatedOptionsAllowed(false)
                .setParameterExceptionHandler(Pantala::misused)
                .setExecutionExceptionHandler(Pantala::failed);
    }

    private static Map<String, Supplier<Object>> commands(Map<String, String> environment) {
        Map<String, Supplier<Object>> commands = new LinkedHashMap<>();
        commands.put("demo", () -> new DemoCommand(environment));
        commands.put(
                "proxy",
                () -> NodeCommand.of(
                        Key.Use.PROXY,
                        "Run this host's proxy: engines pull through it.",
                        environment,
                        settings -> Host.start(HostConfig.read(settings))));
        commands.put(
                "seed",
                () -> NodeCommand.of(
                        Key.Use.SEED,
                        "Run a seed: it fetches each blob from its registry once, for all hosts.",
                        environment,
                        settings -> Seed.start(SeedConfig.read(settings))));
        commands.put("token", () -> new TokenCommand(environment));
        commands.put("nodes", () -> new NodesCommand(environment));
        commands.put("setup", () -> SetupCommand.of(environment));
        commands.put("doctor", () -> DoctorCommand.of(environment));
        commands.put("explain", () -> ExplainCommand.of(environment));
        commands.put("preheat", () -> new PreheatCommand(environment, System.in));
        return commands;
    }

    /** Without a command, says which ones there are. */
    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getErr());
        throw new ParameterException(spec.commandLine(), "no command given");
    }

    private static int misused(ParameterException misuse, String[] args) {
        CommandLine command = misuse.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        command.getErr().println(name + ": " + reason(misuse) + " (try: " + name + " --help)");
        return ExitCode.USAGE;
    }

    private static String reason(ParameterException misuse) {
        if (misuse instanceof UnmatchedArgumentException unmatched) {
            String wrong = unmatched.getUnmatched().getFirst();
            List<String> known = known(misuse.getCommandLine().getCommandSpec(), wrong.startsWith("-"));
            String what = wrong.startsWith("-") ? "unknown option " : "unknown command ";
            return known.isEmpty()
                    ? "unexpected argument " + wrong
                    : what + wrong + "; the nearest is " + Key.nearest(wrong.replaceFirst("=.*", ""), known);
        }
        return String.valueOf(misuse.getMessage()).lines().findFirst().orElse("");
    }

    private static List<String> known(CommandSpec spec, boolean option) {
        return option
                ? spec.options().stream()
                        .filter(each -> !each.hidden())
                        .map(each -> each.longestName())
                        .toList()
                : List.copyOf(spec.subcommands().keySet());
    }

    private static int failed(Exception failure, CommandLine command, CommandLine.ParseResult parsed) {
        String name = command.getCommandSpec().qualifiedName();
        return switch (failure) {
            case ConfigException wrong -> {
                command.getErr().println(name + ": " + wrong.getMessage());
                yield ExitCode.USAGE;
            }
            case CommandFailure expected -> {
                command.getErr().println(name + ": " + expected.getMessage());
                yield ExitCode.FAILED;
            }
            default -> {
                LOG.error("this should not have happened", failure);
                yield ExitCode.FAILED;
            }
        };
    }

    /** As it was built. */
    static final class Built implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"pantala " + Version.read()};
        }
    }
}
