package io.pantala.seed.cluster;

import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.ClusterTls;
import io.pantala.transport.identity.Fingerprint;
import io.pantala.transport.identity.NodeIdentity;
import io.pantala.transport.identity.Token;
import io.pantala.transport.join.JoinException;
import io.pantala.transport.join.Joining;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How a seed becomes one of a cluster that others have begun: with a token, it gets all that they know. */
public final class SeedJoin {
    private static final Logger LOG = LoggerFactory.getLogger(SeedJoin.class);
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Duration PAUSE = Duration.ofMillis(500);

    private final Vertx vertx;
    private final NodeIdentity self;
    private final Token token;
    private final InstantSource clock;

    public SeedJoin(Vertx vertx, NodeIdentity self, Token token, InstantSource clock) {
        this.vertx = vertx;
        this.self = self;
        this.token = token;
        this.clock = clock;
    }

    /**
     * Joins, unless this was done at an earlier start.
     *
     * @param directory the seed's data directory
     * @param seeds where the others are
     * @throws IOException when none of them lets it; the message says why
     */
    public void join(Path directory, Supplier<List<NodeAddress>> seeds) throws IOException {
        ClusterFile file = ClusterFile.in(directory);
        Optional<ClusterState> known = file.read();
        if (known.isPresent()) {
            check(known.get(), file.path());
            return;
        }
        long end = System.nanoTime() + PATIENCE.toNanos();
        String why = "none is known";
        boolean inVain;
        do {
            List<NodeAddress> asked = seeds.get();
            inVain = !asked.isEmpty();
            for (NodeAddress seed : asked) {
                try {
                    ClusterState state = fetch(seed);
                    file.update(nothing -> nothing.merge(state));
                    return;
                } catch (IOException | JoinException e) {
                    inVain &= e instanceof JoinException refusal && refusal.isRefused();
                    why = seed + ": " + e.getMessage();
                }
            }
            if (!inVain) {
                pause();
            }
        } while (!inVain && System.nanoTime() < end);
        throw new IOException("no seed lets this one join its cluster: " + why);
    }

    /** After a rotation, the token that was used once is good for nothing; it may as well be another cluster's. */
    private void check(ClusterState state, Path file) {
        Fingerprint authority = token.authority();
        if (state.authorities().stream().noneMatch(entry -> entry.id().equals(authority.hex()))) {
            LOG.warn(
                    "join.token is not used: this seed belongs to the cluster of {} already, and that one has no authority {}",
                    file,
                    authority);
        }
    }

    private ClusterState fetch(NodeAddress seed) throws JoinException, IOException {
        Joining.Joined joined = new Joining(vertx, self, clock).join(seed, token);
        ClusterTls tls = new ClusterTls(joined::certificate, joined::roots, clock);
        return SeedSync.fetch(vertx, seed, tls.toSeeds(), self.name(), clock.instant());
    }

    private static void pause() throws IOException {
        try {
            Thread.sleep(PAUSE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}
