package io.pantala.proxy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pantala nodes}. */
@Command(
        name = "nodes",
        header = "Show the hosts that are linked to a seed; shut one out of the cluster, or let it in again.",
        synopsisHeading = "%nUsage: ",
        optionListHeading = "%n",
        sortOptions = false,
        abbreviateSynopsis = true,
        mixinStandardHelpOptions = true)
final class NodesCommand implements Callable<Integer> {
    private static final int INTERRUPTED = 130;
    private static final Duration ANSWER = Duration.ofSeconds(10);

    private final Map<String, String> environment;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Mixin
    @SuppressWarnings("NullAway.Init")
    private SeedOptions seed;

    @ArgGroup
    private Change change = new Change();

    /** One thing at a time. */
    private static final class Change {
        @Option(
                names = "--shut-out",
                paramLabel = "NODE",
                description =
                        "this node takes no part any more; revoke its token too, or it can come back under another name")
        private @Nullable String shutOut;

        @Option(names = "--let-in", paramLabel = "NODE", description = "one that was shut out may take part again")
        private @Nullable String letIn;
    }

    NodesCommand(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        try (SeedApi api = seed.open(environment)) {
            try {
                if (change.shutOut != null) {
                    var _ = api.ask(
                            "shut-outs/" + word(change.shutOut),
                            ANSWER,
                            request -> request.PUT(HttpRequest.BodyPublishers.noBody()));
                } else if (change.letIn != null) {
                    var _ = api.ask("shut-outs/" + word(change.letIn), ANSWER, HttpRequest.Builder::DELETE);
                } else {
                    show(api.ask("nodes", ANSWER, HttpRequest.Builder::GET));
                }
                return ExitCode.OK;
            } catch (IOException e) {
                throw api.outOfReach(e);
            }
        } catch (InterruptedException e) {
            return INTERRUPTED;
        }
    }

    private static String word(String node) {
        if (!node.matches("[0-9A-Za-z._-]{1,64}")) {
            throw new CommandFailure("there is no node '" + node.replaceAll("\\p{Cntrl}", "?") + "'");
        }
        return node;
    }

    private void show(JsonNode document) {
        PrintWriter out = spec.commandLine().getOut();
        for (JsonNode node : document.path("nodes")) {
            out.println(node.path("node").asText() + "  " + node.path("address").asText() + "  "
                    + node.path("software").asText() + "  since "
                    + node.path("linkedSince").asText()
                    + (node.path("certified").asBoolean() ? "" : "  without a certificate"));
        }
        for (JsonNode node : document.path("shutOut")) {
            out.println(node.asText() + "  shut out");
        }
    }
}
