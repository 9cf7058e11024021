package io.pantala.seed.cluster;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * How a seed keeps its cluster.
 *
 * @param directory the seed's data directory
 * @param given an authority that was made elsewhere
 * @param life of the certificates of nodes
 */
public record ClusterConfig(Path directory, Optional<Given> given, Duration life) {
    /** For how long an authority is still trusted that signs no more: until all it has signed has ended, twice over. */
    static final Duration OVERLAP = Duration.ofDays(2);

    /**
     * An authority's files.
     *
     * @param certificate in PEM
     * @param key in PEM
     */
    public record Given(Path certificate, Path key) {}

    /** Certificates for a day. */
    public static ClusterConfig of(Path directory, Optional<Given> given) {
        return new ClusterConfig(directory, given, Duration.ofDays(1));
    }
}
