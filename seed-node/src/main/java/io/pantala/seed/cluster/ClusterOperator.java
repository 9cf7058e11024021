package io.pantala.seed.cluster;

import io.pantala.seed.cluster.ClusterState.TokenEntry;
import io.pantala.transport.identity.Authority;
import io.pantala.transport.identity.Fingerprint;
import io.pantala.transport.identity.Role;
import io.pantala.transport.identity.Token;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/**
 * What whoever owns a seed's data directory can do to its cluster, whether the seed runs or not. One that runs takes it in
 * within seconds, and tells the others.
 */
public final class ClusterOperator {
    private static final int ID_LENGTH = 12;

    private final ClusterFile file;
    private final InstantSource clock;

    private ClusterOperator(ClusterFile file, InstantSource clock) {
        this.file = file;
        this.clock = clock;
    }

    /**
     * Opens the cluster of a seed.
     *
     * @param directory the seed's data directory
     * @throws IOException when there is none, or it can't be read
     */
    public static ClusterOperator of(Path directory, InstantSource clock) throws IOException {
        Path file = ClusterFile.path(directory);
        if (!Files.exists(file)) {
            throw new IOException("no cluster is kept in " + directory
                    + ": --data-dir must name the directory of a seed that has been started before");
        }
        return new ClusterOperator(ClusterFile.in(directory), clock);
    }

    /**
     * A token that nodes can join with.
     *
     * @param expires 12 hexadecimal digits
     */
    public record Joining(String id, Role role, Instant created, Optional<Instant> expires) {}

    /** Makes a token, which can't be read again. */
    public Token newToken(Role role, Optional<Duration> life) throws IOException {
        Token token = Token.create(authority());
        Instant now = clock.instant();
        String hash = token.hash().toString();
        file.update(state -> state.with(new TokenEntry(
                token.hash().encoded().substring(0, ID_LENGTH),
                hash,
                role,
                token.authority().hex(),
                now.toEpochMilli(),
                life.map(time -> now.plus(time).toEpochMilli()).orElse(null),
                false)));
        return token;
    }

    /** A token of the cluster's authority whose hash the caller keeps. */
    public Token newApiToken() throws IOException {
        return Token.create(authority());
    }

    /** The tokens that count. */
    public List<Joining> tokens() throws IOException {
        return state().at(clock.millis()).tokens().stream()
                .filter(entry -> !entry.revoked())
                .map(entry -> new Joining(
                        entry.id(),
                        entry.role(),
                        Instant.ofEpochMilli(entry.created()),
                        Optional.ofNullable(entry.expires()).map(Instant::ofEpochMilli)))
                .toList();
    }

    /** Has nobody else join with a token; false when there is none of this id. */
    public boolean revoke(String id) throws IOException {
        Optional<TokenEntry> found =
                state().tokens().stream().filter(entry -> entry.id().equals(id)).findFirst();
        if (found.isPresent()) {
            file.update(state -> state.with(found.get().revoke()));
        }
        return found.isPresent();
    }

    /**
     * Lets a new authority sign from now on.
     *
     * @param overlap how long the one before is still trusted
     */
    public Fingerprint rotate(Duration overlap) throws IOException {
        Instant now = clock.instant();
        Authority newer = Authority.create(now);
        file.update(state -> Rotation.rotate(state, newer, now, overlap));
        return newer.fingerprint();
    }

    /** For programs that ask a seed's API, whom to trust: certificates in PEM. */
    public String rootsPem() throws IOException {
        return String.join(
                "",
                state().at(clock.millis()).authorities().stream()
                        .map(ClusterState.AuthorityEntry::certificate)
                        .toList());
    }

    private Fingerprint authority() throws IOException {
        return new Fingerprint(state().authority()
                .orElseThrow(() -> new IOException(file.path() + " holds no authority that signs"))
                .id());
    }

    private ClusterState state() throws IOException {
        return file.read().orElse(ClusterState.NONE);
    }
}
