package io.pantala.proxy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.pantala.manifest.ImageReference;
import io.pantala.manifest.Platform;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pantala preheat}. An interrupt stops the preheat too, unless it was detached. */
@Command(
        name = "preheat",
        header = "Have a seed fetch an image ahead of the pulls, and wait for it.",
        synopsisHeading = "%nUsage: ",
        optionListHeading = "%n",
        sortOptions = false,
        abbreviateSynopsis = true,
        mixinStandardHelpOptions = true)
final class PreheatCommand implements Callable<Integer> {
    private static final int INTERRUPTED = 130;
    private static final int LONGEST_PASSWORD = 32 << 10;
    private static final long POLL_MILLIS = 250;
    private static final int UNANSWERED_AT_MOST = 20;

    private final Map<String, String> environment;
    private final InputStream in;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(paramLabel = "IMAGE", description = "as for docker pull, such as nginx:1.27 or ghcr.io/a/b@sha256:…")
    @SuppressWarnings("NullAway.Init")
    private String image;

    @Mixin
    @SuppressWarnings("NullAway.Init")
    private SeedOptions seed;

    @Option(
            names = "--platform",
            paramLabel = "OS/ARCH",
            split = ",",
            description = "which of the image's platforms, such as linux/amd64; all when not given")
    private List<String> platforms = List.of();

    @Option(names = "--username", paramLabel = "NAME", description = "for a registry that asks for it")
    private @Nullable String username;

    @Option(names = "--password-stdin", description = "read its password, or token, from the standard input")
    private boolean passwordFromInput;

    @Option(names = "--detach", description = "don't wait: print the preheat's id")
    private boolean detach;

    PreheatCommand(Map<String, String> environment, InputStream in) {
        this.environment = environment;
        this.in = in;
    }

    @Override
    public Integer call() {
        ImageReference reference = valid(() -> ImageReference.parse(image));
        List<Platform> wanted =
                valid(() -> platforms.stream().map(Platform::parse).toList());
        Optional<String> credentials = credentials();
        Signals.onFirst(Thread.currentThread()::interrupt);
        try (PreheatClient client = new PreheatClient(seed.open(environment))) {
            JsonNode submitted = client.submit(reference, wanted, credentials);
            String id = submitted.path("id").asText();
            if (detach) {
                spec.commandLine().getOut().println(id);
                return ExitCode.OK;
            }
            return await(client, id, reference);
        } catch (InterruptedException e) {
            return INTERRUPTED;
        }
    }

    private int await(PreheatClient client, String id, ImageReference reference) throws InterruptedException {
        PreheatProgress progress = PreheatProgress.of(spec.commandLine().getOut(), environment);
        try {
            while (true) {
                JsonNode preheat = poll(client, id);
                String state = preheat.path("state").asText();
                switch (state) {
                    case "SUCCEEDED" -> {
                        progress.succeeded(reference, preheat);
                        return ExitCode.OK;
                    }
                    case "FAILED" -> {
                        progress.end();
                        throw new CommandFailure(
                                reference + ": " + preheat.path("error").asText("it failed"));
                    }
                    case "CANCELLED" -> {
                        progress.end();
                        throw new CommandFailure(reference + ": someone has cancelled it");
                    }
                    default -> progress.show(preheat);
                }
                Thread.sleep(POLL_MILLIS);
            }
        } catch (InterruptedException e) {
            progress.end();
            client.cancel(id);
            spec.commandLine().getErr().println("cancelled; what was fetched stays with the seed");
            throw e;
        }
    }

    /** A seed that is slow to answer once, or is out of reach for a moment, ends nothing. */
    private static JsonNode poll(PreheatClient client, String id) throws InterruptedException {
        for (int unanswered = 1; ; unanswered++) {
            try {
                return client.find(id);
            } catch (IOException e) {
                if (unanswered == UNANSWERED_AT_MOST) {
                    throw client.outOfReach(e);
                }
                Thread.sleep(POLL_MILLIS);
            }
        }
    }

    private Optional<String> credentials() {
        if (username == null && !passwordFromInput) {
            return Optional.empty();
        }
        if (username == null || !passwordFromInput || username.contains(":")) {
            throw new ParameterException(
                    spec.commandLine(), "--username, without a colon, and --password-stdin go together");
        }
        try {
            String password = new String(in.readNBytes(LONGEST_PASSWORD), StandardCharsets.UTF_8).stripTrailing();
            byte[] pair = (username + ":" + password).getBytes(StandardCharsets.UTF_8);
            return Optional.of("Basic " + Base64.getEncoder().encodeToString(pair));
        } catch (IOException e) {
            throw new CommandFailure("can't read the password: " + e.getMessage());
        }
    }

    private <T> T valid(Supplier<T> parse) {
        try {
            return parse.get();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()));
        }
    }
}
