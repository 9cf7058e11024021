package io.pantala.proxy.cli;

import io.pantala.proxy.config.Key;
import io.pantala.proxy.config.NodeConfig;
import io.pantala.proxy.config.Settings;
import io.pantala.seed.cluster.ClusterOperator;
import io.pantala.transport.identity.Role;
import io.pantala.transport.identity.Token;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code pantala token}: what is read by scripts goes to the standard output, what people should know to the other. */
@Command(
        name = "token",
        header = "Print a token for new nodes of a seed's cluster; run where the seed keeps its data.",
        description = {
            "",
            "The token is the fingerprint of the cluster's authority and a secret. A node that joins with it checks the first before it sends the second. Seeds keep only the secret's hash: a token can't be printed twice.",
            ""
        },
        synopsisHeading = "%nUsage: ",
        optionListHeading = "%n",
        sortOptions = false,
        abbreviateSynopsis = true,
        mixinStandardHelpOptions = true)
final class TokenCommand implements Callable<Integer> {
    private final Map<String, String> environment;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(names = "--data-dir", paramLabel = "DIR", description = "the seed's data directory; as for `pantala seed`")
    private @Nullable Path directory;

    @Option(names = "--config", paramLabel = "FILE", description = "the seed's settings, which name it too")
    private @Nullable Path config;

    @Option(
            names = "--expires",
            paramLabel = "TIME",
            description = "nobody joins with it after this time, such as 30m or 24h; never when not given")
    private @Nullable String expires;

    @ArgGroup
    private Kind kind = new Kind();

    /** One thing at a time. */
    private static final class Kind {
        @Option(names = "--seed", description = "for a seed: whoever holds it can get the keys of the cluster")
        private boolean seed;

        @Option(names = "--api", paramLabel = "NAME", description = "for someone or something that uses the seeds' API")
        private @Nullable String api;

        @Option(names = "--list", description = "show the tokens that nodes can join with")
        private boolean list;

        @Option(names = "--revoke", paramLabel = "ID", description = "let nobody else join with that token")
        private @Nullable String revoke;

        @Option(
                names = "--rotate",
                description =
                        "first make a new authority; the one before is trusted for as long as --overlap says, and so are its tokens")
        private boolean rotate;

        @Option(
                names = "--ca",
                description = "print the certificates of the authorities, for programs that use the API")
        private boolean authorities;
    }

    @Option(
            names = "--overlap",
            paramLabel = "TIME",
            defaultValue = "48h",
            description = "with --rotate; shorter than 24h can part nodes that are out of reach (default 48h)")
    @SuppressWarnings("NullAway.Init")
    private String overlap;

    @Option(
            names = "--append",
            paramLabel = "FILE",
            description =
                    "with --api: add the token's hash to this file, the one that api.tokens-file of the seeds names")
    private @Nullable Path append;

    TokenCommand(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        if (append != null && kind.api == null) {
            throw new ParameterException(spec.commandLine(), "--append goes with --api");
        }
        try {
            ClusterOperator operator = ClusterOperator.of(directory(), InstantSource.system());
            if (kind.list) {
                list(operator);
            } else if (kind.revoke != null) {
                revoke(operator, kind.revoke);
            } else if (kind.authorities) {
                out().print(operator.rootsPem());
                out().flush();
            } else if (kind.api != null) {
                api(operator, kind.api);
            } else {
                if (kind.rotate) {
                    rotate(operator);
                }
                join(operator, kind.seed ? Role.SEED : Role.HOST);
            }
            return ExitCode.OK;
        } catch (IOException e) {
            throw new CommandFailure(e.getMessage() == null ? e.toString() : e.getMessage());
        }
    }

    private void join(ClusterOperator operator, Role role) throws IOException {
        Token token = operator.newToken(role, Optional.ofNullable(expires).map(text -> time("--expires", text)));
        out().println(token.text());
        err().println("# a " + role.text() + " joins with it as join.token, or in the file of join.token-file;"
                + " seeds says where the seeds are");
    }

    private void rotate(ClusterOperator operator) throws IOException {
        operator.rotate(time("--overlap", overlap));
        err().println("# a new authority signs; earlier tokens count for " + overlap + " more");
    }

    private void api(ClusterOperator operator, String name) throws IOException {
        Token token = operator.newApiToken();
        String line = token.hash() + " " + name.replaceAll("\\p{Cntrl}", "?");
        if (append == null) {
            err().println("# add this line to the file that api.tokens-file of the seeds names:");
            err().println(line);
        } else {
            Files.writeString(append, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        }
        out().println(token.text());
    }

    private void list(ClusterOperator operator) throws IOException {
        for (ClusterOperator.Joining token : operator.tokens()) {
            out().println(token.id() + "  " + token.role().text() + "  made " + token.created()
                    + token.expires().map(end -> "  expires " + end).orElse(""));
        }
    }

    private static void revoke(ClusterOperator operator, String id) throws IOException {
        if (!operator.revoke(id)) {
            throw new CommandFailure("there is no token " + id + "; --list shows those that there are");
        }
    }

    private Path directory() {
        Map<Key, List<String>> flags = new EnumMap<>(Key.class);
        if (directory != null) {
            flags.put(Key.DATA_DIR, List.of(directory.toString()));
        }
        return NodeConfig.directory(Settings.read(config, flags, environment));
    }

    private Duration time(String option, String text) {
        try {
            return NodeConfig.time(text);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), option + " " + text + ": " + e.getMessage());
        }
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }

    private PrintWriter err() {
        return spec.commandLine().getErr();
    }
}
