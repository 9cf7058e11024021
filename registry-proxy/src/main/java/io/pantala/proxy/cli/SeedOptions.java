package io.pantala.proxy.cli;

import io.pantala.proxy.config.Addresses;
import io.pantala.proxy.config.Settings;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.Token;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** Which seed's API a command asks, and with which token. */
final class SeedOptions {
    @Spec(Target.MIXEE)
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(
            names = "--seed",
            paramLabel = "HOST:PORT",
            defaultValue = "127.0.0.1:6462",
            description = "the seed to ask (default 127.0.0.1:6462)")
    @SuppressWarnings("NullAway.Init")
    private String seed;

    @Option(
            names = "--api-token-file",
            paramLabel = "FILE",
            description = {
                "holds a token of `pantala token --api`, needed for a seed on another machine",
                "(or the environment: " + Settings.API_TOKEN_VARIABLE + ")"
            })
    private @Nullable Path tokenFile;

    /** The seed's API; a token always goes over TLS, to a seed that has proved to be one of its cluster. */
    SeedApi open(Map<String, String> environment) {
        NodeAddress address = address();
        Optional<Token> token = token(environment);
        if (token.isEmpty() && !address.isLoopback()) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--seed " + seed + " is on another machine: its API takes a token of `pantala token --api`,"
                            + " by --api-token-file or " + Settings.API_TOKEN_VARIABLE);
        }
        return new SeedApi(address, token);
    }

    private NodeAddress address() {
        try {
            return Addresses.ofSeed(seed);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--seed " + e.getMessage());
        }
    }

    private Optional<Token> token(Map<String, String> environment) {
        String variable = environment.get(Settings.API_TOKEN_VARIABLE);
        try {
            if (tokenFile != null) {
                return Optional.of(Token.parse(Files.readString(tokenFile)));
            }
            return variable == null ? Optional.empty() : Optional.of(Token.parse(variable));
        } catch (IOException e) {
            throw new ParameterException(spec.commandLine(), "--api-token-file " + tokenFile + " can't be read: " + e);
        } catch (IllegalArgumentException e) {
            String origin = tokenFile == null ? Settings.API_TOKEN_VARIABLE : "--api-token-file " + tokenFile;
            throw new ParameterException(spec.commandLine(), origin + " " + e.getMessage());
        }
    }
}
