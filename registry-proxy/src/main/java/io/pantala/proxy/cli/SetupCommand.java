package io.pantala.proxy.cli;

import com.github.difflib.DiffUtils;
import com.github.difflib.UnifiedDiffUtils;
import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.config.EngineConfig;
import io.pantala.proxy.config.Key;
import io.pantala.proxy.config.ProxyMode;
import io.pantala.proxy.config.Settings;
import io.pantala.proxy.intercept.CertificateAuthority;
import io.pantala.proxy.setup.Engine;
import io.pantala.proxy.setup.Mode;
import io.pantala.proxy.setup.Setup;
import io.pantala.proxy.setup.SetupException;
import io.pantala.proxy.setup.Target;
import io.pantala.registry.Upstream;
import io.pantala.transport.NodeAddress;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code pantala setup}. */
@Command(
        name = "setup",
        header = "Point an engine of this host at its proxy, or take that back.",
        synopsisHeading = "%nUsage: ",
        optionListHeading = "%n",
        sortOptions = false,
        abbreviateSynopsis = true)
final class SetupCommand implements Callable<Integer> {
    /** What of the proxy's settings an engine is told, or that says where to remember it. */
    private static final Set<Key> KEYS =
            EnumSet.of(Key.LISTEN, Key.DATA_DIR, Key.UPSTREAM_URL, Key.INTERCEPT_CA, Key.INTERCEPT_CA_KEY);

    private static final Path ROOT = Path.of("/");
    private static final int CONTEXT = 3;

    private final Map<String, String> environment;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(
            paramLabel = "ENGINE",
            converter = EngineName.class,
            description = "docker, containerd, podman (and buildah), crio or buildkit")
    @SuppressWarnings("NullAway.Init")
    private Engine engine;

    @Option(
            names = "--mode",
            paramLabel = "MODE",
            defaultValue = "mirror",
            converter = Modes.class,
            description = {
                "mirror: asked first, the registry where it can't help;",
                "proxy: private images and pushes go through it too",
                "(default mirror)"
            })
    @SuppressWarnings("NullAway.Init")
    private Mode mode;

    @Option(
            names = "--registry",
            paramLabel = "NAME,..",
            split = ",",
            description = "for which registries; default all that the proxy knows")
    private List<String> registries = List.of();

    @Option(names = "--dry-run", description = "show what would change, change nothing")
    private boolean dryRun;

    @Option(names = "--undo", description = "make the files what they were before")
    private boolean undo;

    @Option(
            names = "--root",
            paramLabel = "DIR",
            defaultValue = "/",
            description = "where the system is whose files are meant, such as an image that is being built (default /)")
    @SuppressWarnings("NullAway.Init")
    private Path root;

    private SetupCommand(Map<String, String> environment) {
        this.environment = environment;
    }

    static CommandSpec of(Map<String, String> environment) {
        CommandSpec spec = CommandSpec.forAnnotatedObject(new SetupCommand(environment));
        NodeOptions.addTo(spec, KEYS::contains);
        return spec;
    }

    @Override
    public Integer call() {
        Settings settings = NodeOptions.read(spec.commandLine().getParseResult(), environment);
        EngineConfig config = EngineConfig.read(settings);
        if (!Files.isDirectory(root)) {
            throw new ParameterException(spec.commandLine(), "--root " + root + " is no directory");
        }
        Setup setup = new Setup(root, config.directory(), engine);
        try {
            Setup.Outcome outcome = undo ? setup.undo(dryRun) : setup.apply(mode, target(config), dryRun);
            tell(outcome);
            return ExitCode.OK;
        } catch (SetupException e) {
            throw new CommandFailure(String.valueOf(e.getMessage()));
        }
    }

    private Target target(EngineConfig config) {
        return new Target(
                reachable(config.listen()),
                chosen(config),
                certificate(config),
                engine == Engine.PODMAN && root.equals(ROOT) && !isRoot()
                        ? System.getProperty("user.home") + "/.config/containers"
                        : Target.CONTAINERS);
    }

    private List<Upstream> chosen(EngineConfig config) {
        List<UpstreamName> names = new ArrayList<>(config.upstreams().names());
        if (!registries.isEmpty()) {
            names = registries.stream().map(this::registry).toList();
        }
        List<Upstream> chosen = new ArrayList<>();
        for (UpstreamName name : names) {
            chosen.add(config.upstreams()
                    .find(name)
                    .orElseThrow(() -> new ParameterException(
                            spec.commandLine(),
                            "--registry " + name + " is none that the proxy knows; add "
                                    + Key.UPSTREAM_URL.path().replace("NAME", name.value()))));
        }
        return chosen;
    }

    private UpstreamName registry(String text) {
        try {
            return UpstreamName.parse(text);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--registry " + text + " is " + e.getMessage());
        }
    }

    private Optional<String> certificate(EngineConfig config) {
        Path file = config.proxyMode()
                .authority()
                .map(ProxyMode.Authority::certificate)
                .orElseGet(() -> root.resolve(ROOT.relativize(config.directory()))
                        .resolve(CertificateAuthority.CERTIFICATE_FILE));
        try {
            return Optional.of(Files.readString(file));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new CommandFailure(file + " can't be read: " + e.getMessage());
        }
    }

    /** What listens everywhere is reached here. */
    private static NodeAddress reachable(NodeAddress listen) {
        try {
            InetAddress address = InetAddress.ofLiteral(listen.host());
            return address.isAnyLocalAddress() ? new NodeAddress("127.0.0.1", listen.port()) : listen;
        } catch (IllegalArgumentException e) {
            return listen;
        }
    }

    private static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    private void tell(Setup.Outcome outcome) {
        PrintWriter out = spec.commandLine().getOut();
        if (outcome.changes().isEmpty()) {
            out.println(engine.title() + (undo ? " was not set up: nothing to undo" : " is set up already"));
            return;
        }
        for (Setup.Change change : outcome.changes()) {
            diff(change).forEach(out::println);
        }
        out.println();
        List<String> steps = new ArrayList<>(outcome.steps());
        if (!undo) {
            steps.add("pantala doctor --engine " + engine.title() + "    (shows whether it goes through the proxy)");
        }
        if (steps.isEmpty()) {
            steps.add("nothing: it reads its files each time");
        }
        out.println(dryRun ? "nothing was changed; without --dry-run that would be done, and then:" : "to do now:");
        steps.forEach(step -> out.println("  " + step));
    }

    private static List<String> diff(Setup.Change change) {
        List<String> before = lines(change.before());
        List<String> after = lines(change.after());
        return UnifiedDiffUtils.generateUnifiedDiff(
                change.before().isPresent() ? change.path() : "/dev/null",
                change.after().isPresent() ? change.path() : "/dev/null",
                before,
                DiffUtils.diff(before, after),
                CONTEXT);
    }

    private static List<String> lines(Optional<String> text) {
        return text.map(some -> some.lines().toList()).orElse(List.of());
    }

    /** Reads modes as users write them. */
    static final class Modes implements ITypeConverter<Mode> {
        @Override
        public Mode convert(String text) {
            try {
                return Mode.valueOf(text.toUpperCase(Locale.ROOT));
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException("must be mirror or proxy");
            }
        }
    }
}
