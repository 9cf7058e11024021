package io.pantala.proxy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pantala.manifest.ImageReference;
import io.pantala.proxy.config.Key;
import io.pantala.proxy.config.NodeConfig;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.link.LinkFailure;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pantala explain}: asks the node of this machine what it remembers. */
@Command(
        name = "explain",
        header = "Show where each block of a blob came from, and why.",
        description = {
            "",
            "The proxy of this machine (or the seed) remembers what it has fetched since it was started, newest blobs first"
                    + " when there is too much.",
            ""
        },
        synopsisHeading = "%nUsage: ",
        optionListHeading = "%n",
        sortOptions = false,
        abbreviateSynopsis = true)
final class ExplainCommand implements Callable<Integer> {
    private static final int INTERRUPTED = 130;
    private static final Duration ANSWER = Duration.ofSeconds(10);
    private static final Pattern DIGEST = Pattern.compile("(?:sha256:)?([0-9a-f]{6,64})");

    private final Map<String, String> environment;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(
            paramLabel = "DIGEST|IMAGE",
            description = "a blob, by six of its digits or more; or the blobs of an image's repository")
    @SuppressWarnings("NullAway.Init")
    private String what;

    @Option(names = "--json", description = "all there is to tell, for programs")
    private boolean json;

    private ExplainCommand(Map<String, String> environment) {
        this.environment = environment;
    }

    static CommandSpec of(Map<String, String> environment) {
        CommandSpec spec = CommandSpec.forAnnotatedObject(new ExplainCommand(environment));
        NodeOptions.addTo(spec, Key.ADMIN_LISTEN::equals);
        return spec;
    }

    @Override
    public Integer call() {
        String path = path();
        NodeAddress admin = NodeConfig.admin(NodeOptions.read(spec.commandLine().getParseResult(), environment));
        try {
            JsonNode document = ask(admin, path);
            if (json) {
                spec.commandLine().getOut().println(document);
            } else {
                new Explanation(spec.commandLine().getOut()).show(document.path("blobs"));
            }
            if (document.path("blobs").isEmpty()) {
                throw new CommandFailure("nothing has happened to " + what + " since the node at " + admin
                        + " was started, or it was too long ago");
            }
            return ExitCode.OK;
        } catch (InterruptedException e) {
            return INTERRUPTED;
        }
    }

    private String path() {
        var digest = DIGEST.matcher(what);
        if (digest.matches()) {
            return "sha256:" + digest.group(1);
        }
        try {
            return ImageReference.parse(what).toString();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), what + " is no digest and no image: " + e.getMessage());
        }
    }

    private JsonNode ask(NodeAddress admin, String path) throws InterruptedException {
        try (HttpClient http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .proxy(HttpClient.Builder.NO_PROXY)
                .connectTimeout(ANSWER)
                .build()) {
            HttpResponse<byte[]> response = http.send(
                    HttpRequest.newBuilder(URI.create("http://" + admin + "/explain/" + path))
                            .timeout(ANSWER)
                            .build(),
                    HttpResponse.BodyHandlers.ofByteArray());
            if (response.statusCode() != 200) {
                throw new CommandFailure(new String(response.body(), StandardCharsets.UTF_8).strip());
            }
            return new ObjectMapper().readTree(response.body());
        } catch (IOException e) {
            String why = e.getMessage() == null ? "connection refused" : LinkFailure.words(e);
            throw new CommandFailure("no node answers at " + admin + " (" + why + "); --admin-listen says where it is");
        }
    }
}
