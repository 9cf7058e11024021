package io.pantala.proxy.cli;

import io.pantala.proxy.config.ByteSize;
import io.pantala.proxy.demo.Demo;
import io.pantala.proxy.demo.DemoConfig;
import io.pantala.proxy.demo.Screen;
import io.pantala.proxy.logging.LogConfig;
import io.pantala.proxy.logging.Logging;
import io.pantala.proxy.node.StartException;
import java.io.Console;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.slf4j.event.Level;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code pantala demo}. */
@Command(
        name = "demo",
        header = "Watch several hosts pull an image, without and with Pantala; needs nothing else.",
        synopsisHeading = "%nUsage: ",
        optionListHeading = "%n",
        sortOptions = false,
        abbreviateSynopsis = true,
        mixinStandardHelpOptions = true)
final class DemoCommand implements Callable<Integer> {
    private static final int INTERRUPTED = 130;

    private final Map<String, String> environment;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(names = "--hosts", paramLabel = "N", defaultValue = "5", description = "how many pull at once (default 5)")
    private int hosts;

    @Option(
            names = "--image",
            paramLabel = "SIZE",
            defaultValue = "115MB",
            converter = Size.class,
            description = "all layers together (default 115MB)")
    @SuppressWarnings("NullAway.Init")
    private ByteSize image;

    @Option(
            names = "--rate",
            paramLabel = "SIZE",
            defaultValue = "25MB",
            converter = Size.class,
            description = "what the registry's link carries in a second (default 25MB)")
    @SuppressWarnings("NullAway.Init")
    private ByteSize rate;

    DemoCommand(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        Logging.configure(new LogConfig(LogConfig.Format.TEXT, Level.ERROR));
        DemoConfig config = config();
        Thread demo = Thread.currentThread();
        Signals.onFirst(demo::interrupt);
        try {
            return Demo.run(config, screen()) ? ExitCode.OK : ExitCode.FAILED;
        } catch (InterruptedException e) {
            return INTERRUPTED;
        } catch (IOException | StartException e) {
            throw new CommandFailure(String.valueOf(e.getMessage()));
        }
    }

    private DemoConfig config() {
        try {
            return new DemoConfig(hosts, image, rate);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--" + e.getMessage());
        }
    }

    private Screen screen() {
        boolean terminal =
                Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false)
                        && !"dumb".equals(environment.get("TERM"));
        boolean colours = environment.getOrDefault("NO_COLOR", "").isEmpty();
        boolean unicode = System.out.charset().equals(StandardCharsets.UTF_8);
        return Screen.of(spec.commandLine().getOut(), terminal, colours, unicode);
    }

    /** Reads sizes as the settings do. */
    static final class Size implements ITypeConverter<ByteSize> {
        @Override
        public ByteSize convert(String text) {
            try {
                return ByteSize.parse(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }
}
