package io.pantala.proxy.config;

import io.pantala.seed.cluster.ClusterConfig.Given;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.Token;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a seed is told.
 *
 * @param listen its control link, blocks and API
 * @param others the other seeds of its cluster, addresses or names; may name this one too
 * @param token what it joins their cluster with at its first start; empty: it has one of its own
 * @param given the authority of its own cluster, if that was made elsewhere
 * @param plaintext whether hosts may come over a network without TLS
 * @param apiTokens the file with who may use its API over a network
 */
public record SeedConfig(
        NodeAddress listen,
        List<NodeAddress> others,
        Optional<Token> token,
        Optional<Given> given,
        boolean plaintext,
        Optional<Path> apiTokens,
        NodeConfig node) {
    public SeedConfig {
        others = List.copyOf(others);
    }

    /** The only seed of a cluster of its own. */
    public SeedConfig(NodeAddress listen, NodeConfig node) {
        this(listen, List.of(), Optional.empty(), Optional.empty(), false, Optional.empty(), node);
    }

    /**
     * Reads the settings of a seed.
     *
     * @throws ConfigException on the first wrong one
     */
    public static SeedConfig read(Settings settings) {
        List<NodeAddress> others = settings.find(Key.SEEDS)
                .map(set -> set.parseEach(Addresses::ofSeed))
                .orElse(List.of());
        Optional<Token> token = Tokens.read(settings);
        if (token.isPresent() && others.isEmpty()) {
            throw new ConfigException("join.token: there is nothing to join without seeds; set seeds, too");
        }
        Optional<Given> given = given(settings);
        if (token.isPresent() && given.isPresent()) {
            throw new ConfigException(
                    "cluster.ca: a seed with join.token gets the authority of the seeds that it joins");
        }
        return new SeedConfig(
                settings.get(Key.SEED_LISTEN).parse(Addresses::ofThisSeed),
                others,
                token,
                given,
                settings.get(Key.PLAINTEXT).parse(Truth::parse),
                settings.find(Key.API_TOKENS_FILE).map(set -> set.parse(SeedConfig::file)),
                NodeConfig.read(settings));
    }

    private static Optional<Given> given(Settings settings) {
        Optional<Path> certificate = settings.find(Key.CLUSTER_CA).map(set -> set.parse(SeedConfig::file));
        Optional<Path> key = settings.find(Key.CLUSTER_CA_KEY).map(set -> set.parse(SeedConfig::file));
        if (certificate.isPresent() != key.isPresent()) {
            throw new ConfigException("cluster.ca and cluster.ca-key go together");
        }
        return certificate.map(file -> new Given(file, key.orElseThrow()));
    }

    private static Path file(String text) {
        Path file = Path.of(text);
        if (!Files.isReadable(file)) {
            throw new IllegalArgumentException("is no file that can be read");
        }
        return file;
    }
}
