package io.pantala.examples.rig;

import io.pantala.proxy.cli.Signals;
import io.pantala.proxy.config.ByteSize;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * A program that runs others for a while in a directory of its own, and leaves nothing behind: not on failure, and not
 * after Ctrl-C.
 */
public abstract class Program implements Callable<Integer> {
    private static final int FAILED = 1;
    private static final int INTERRUPTED = 130;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(
            names = "--pantala",
            paramLabel = "ARCHIVE",
            description = "the distribution to run (default: the one built from this checkout)")
    private @Nullable Path archive;

    @Option(
            names = "--dir",
            paramLabel = "DIR",
            description =
                    "where a temporary directory is made for all that is stored meanwhile (default: the system's)")
    private Path directory = Path.of(System.getProperty("java.io.tmpdir"));

    protected Program() {}

    /** Does the work; the exit code. What it opened, it has closed when it returns or throws. */
    protected abstract int run(Workspace workspace, Installation program) throws Exception;

    /** To be thrown when it was called wrongly. */
    protected ParameterException misuse(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    /** Where it prints to. */
    protected PrintWriter out() {
        return spec.commandLine().getOut();
    }

    /** Runs a program as the process, to its end. */
    protected static void main(CommandLine program, String[] args) {
        Thread main = Thread.currentThread();
        Signals.onFirst(main::interrupt);
        System.exit(program.execute(args));
    }

    /** A program, ready to execute. */
    protected static CommandLine commandLine(Program program) {
        return new CommandLine(program)
                .registerConverter(ByteSize.class, ByteSize::parse)
                .registerConverter(Rate.class, Rate::parse)
                // The launcher names an archive; the user may name another.
                .setOverwrittenOptionsAllowed(true)
                .setParameterExceptionHandler((misuse, _) -> misused(misuse))
                .setExecutionExceptionHandler(Program::failed);
    }

    @Override
    public final Integer call() throws Exception {
        if (archive != null && !Files.isReadable(archive)) {
            throw new RigException("there is no distribution " + archive);
        }
        String name = spec.name();
        try (Workspace workspace = Workspace.create(directory, name)) {
            Installation program = archive == null
                    ? Installation.onClassPath()
                    : Installation.unpack(archive, workspace.directory("pantala"));
            return run(workspace, program);
        }
    }

    private static int misused(ParameterException misuse) {
        CommandLine command = misuse.getCommandLine();
        String name = command.getCommandName();
        command.getErr().println(name + ": " + misuse.getMessage() + " (try: " + name + " --help)");
        return command.getCommandSpec().exitCodeOnInvalidInput();
    }

    private static int failed(Exception failure, CommandLine command, CommandLine.ParseResult parsed) {
        // What it ran was sent the same signal, and what it says to that matters to nobody.
        if (failure instanceof InterruptedException || Thread.interrupted()) {
            command.getErr().println(command.getCommandName() + ": interrupted; all is removed again");
            return INTERRUPTED;
        }
        if (failure instanceof RigException) {
            command.getErr().println(command.getCommandName() + ": " + failure.getMessage());
        } else {
            failure.printStackTrace(command.getErr());
        }
        return FAILED;
    }
}
