package io.pantala.proxy.cli;

import io.pantala.proxy.config.HostConfig;
import io.pantala.proxy.config.Key;
import io.pantala.proxy.config.Settings;
import io.pantala.proxy.doctor.Doctor;
import io.pantala.proxy.doctor.Finding;
import io.pantala.proxy.setup.Engine;
import java.io.PrintWriter;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pantala doctor}: fails if any check does. */
@Command(
        name = "doctor",
        header = "Check this host: the proxy, its registries and seeds, and whether engines go through it.",
        description = {
            "",
            "Each engine is made to pull an image that doesn't exist, under a name that only the proxy knows: if that"
                    + " request doesn't arrive, neither do others. It takes the settings of pantala proxy.",
            ""
        },
        synopsisHeading = "%nUsage: ",
        optionListHeading = "%n",
        sortOptions = false,
        abbreviateSynopsis = true)
final class DoctorCommand implements Callable<Integer> {
    private static final Duration FOR_AN_ENGINE = Duration.ofSeconds(30);
    private static final Set<Key> KEYS = EnumSet.of(
            Key.LISTEN,
            Key.ADMIN_LISTEN,
            Key.DATA_DIR,
            Key.SEEDS,
            Key.JOIN_TOKEN_FILE,
            Key.UPSTREAM_URL,
            Key.DEFAULT_UPSTREAM,
            Key.INTERCEPT_CA,
            Key.INTERCEPT_CA_KEY);

    private final Map<String, String> environment;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(
            names = "--engine",
            paramLabel = "ENGINE,..",
            split = ",",
            converter = EngineName.class,
            description = "which engines to make pull; default those that pantala setup has set up")
    private List<Engine> engines = List.of();

    private DoctorCommand(Map<String, String> environment) {
        this.environment = environment;
    }

    static CommandSpec of(Map<String, String> environment) {
        CommandSpec spec = CommandSpec.forAnnotatedObject(new DoctorCommand(environment));
        NodeOptions.addTo(spec, KEYS::contains);
        return spec;
    }

    @Override
    public Integer call() throws InterruptedException {
        Settings settings = NodeOptions.read(spec.commandLine().getParseResult(), environment);
        HostConfig config = HostConfig.read(settings);
        PrintWriter out = spec.commandLine().getOut();
        Set<Finding.Result> results = EnumSet.noneOf(Finding.Result.class);
        new Doctor(config, engines, environment, FOR_AN_ENGINE, new SecureRandom(), finding -> {
                    results.add(finding.result());
                    show(finding, out);
                })
                .run();
        return results.contains(Finding.Result.FAIL) ? ExitCode.FAILED : ExitCode.OK;
    }

    private static void show(Finding finding, PrintWriter out) {
        out.println(
                String.format(Locale.ROOT, "%-4s  %-22s %s", finding.result(), finding.check(), finding.evidence()));
        if (!finding.advice().isEmpty()) {
            out.println(String.format(Locale.ROOT, "%-4s  %-22s -> %s", "", "", finding.advice()));
        }
        out.flush();
    }
}
