package io.pantala.seed.cluster;

import io.pantala.seed.http.Problem;
import io.pantala.seed.http.Routes;
import io.pantala.seed.http.SmallBody;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.NodeIdentity;
import io.pantala.transport.link.Access;
import io.pantala.transport.link.LinkClient;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a seed in step with others: every few seconds each is asked what it knows and told what it doesn't. It is enough
 * that one of two seeds knows the other's address.
 */
public final class SeedSync implements AutoCloseable {
    private static final String PATH = "/pantala/v1/cluster";
    private static final Duration PERIOD = Duration.ofSeconds(3);
    private static final int LARGEST = 4 << 20;

    /** Merges that wait for the disk, at most. */
    private static final int MOST_AT_ONCE = 16;

    private final Vertx vertx;
    private final String self;
    private final Cluster cluster;
    private final InstantSource clock;
    private final ClusterListener listener;
    private final LinkClient client;
    private final Semaphore turns = new Semaphore(MOST_AT_ONCE);
    private volatile boolean closed;

    /** @param self what this seed calls itself */
    public SeedSync(Vertx vertx, String self, Cluster cluster, InstantSource clock, ClusterListener listener) {
        this.vertx = vertx;
        this.self = self;
        this.cluster = cluster;
        this.clock = clock;
        this.listener = listener;
        this.client = new LinkClient(vertx, cluster.tls().toSeeds());
    }

    /** Asks these seeds from now on; which they are may take a while to find out. */
    public void keep(Supplier<List<NodeAddress>> seeds) {
        Thread.ofVirtual().name("seed-sync").start(() -> {
            while (!closed) {
                for (NodeAddress seed : seeds.get()) {
                    exchange(seed);
                }
                LockSupport.parkNanos(PERIOD.toNanos());
            }
        });
    }

    /** Comes in step with one. */
    void exchange(NodeAddress seed) {
        try {
            SyncMessage theirs = ask(client, seed, message(null));
            if (theirs.seed().equals(self)) {
                return;
            }
            cluster.clocks().learn(theirs.seed(), Instant.ofEpochMilli(theirs.time()));
            if (theirs.state() != null) {
                ClusterState merged = cluster.merge(theirs.state());
                if (!merged.equals(theirs.state())) {
                    ask(client, seed, message(merged));
                }
            }
            listener.inStep(seed);
        } catch (IOException | RuntimeException e) {
            listener.outOfStep(seed, String.valueOf(e.getMessage()));
        }
    }

    /** All that a seed knows, for one that has just joined. */
    static ClusterState fetch(Vertx vertx, NodeAddress seed, SSLContext tls, String self, Instant now)
            throws IOException {
        try (LinkClient client = new LinkClient(vertx, tls)) {
            SyncMessage answer = ask(client, seed, new SyncMessage(self, now.toEpochMilli(), "", null));
            if (answer.state() == null) {
                throw new IOException("the seed doesn't say what it knows");
            }
            return answer.state();
        }
    }

    private static SyncMessage ask(LinkClient client, NodeAddress seed, SyncMessage message) throws IOException {
        LinkClient.Answer answer = client.post(seed, PATH, Optional.empty(), message.write());
        if (answer.status() != 200) {
            throw new IOException("it answers with status " + answer.status());
        }
        return SyncMessage.read(answer.body());
    }

    private SyncMessage message(@Nullable ClusterState state) {
        return new SyncMessage(self, clock.millis(), cluster.state().digest().toString(), state);
    }

    public void mount(Routes routes) {
        routes.post(
                PATH,
                Access.SEEDS,
                (request, caller) ->
                        SmallBody.receive(vertx, request, LARGEST, body -> received(request, caller.node(), body)));
    }

    private void received(HttpServerRequest request, Optional<NodeIdentity> from, byte[] body) {
        Context loop = vertx.getOrCreateContext();
        if (!turns.tryAcquire()) {
            Problem.answer(request.response(), 503, "too many seeds ask at once");
            return;
        }
        Thread.startVirtualThread(() -> {
            try {
                SyncMessage answer = answer(SyncMessage.read(body), from);
                loop.runOnContext(_ -> request.response()
                        .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                        .end(Buffer.buffer(answer.write())));
            } catch (IOException | RuntimeException e) {
                loop.runOnContext(_ -> Problem.answer(request.response(), 400, String.valueOf(e.getMessage())));
            } finally {
                turns.release();
            }
        });
    }

    private SyncMessage answer(SyncMessage theirs, Optional<NodeIdentity> from) throws IOException {
        from.ifPresent(seed -> cluster.clocks().learn(seed.name(), Instant.ofEpochMilli(theirs.time())));
        ClusterState mine = theirs.state() == null ? cluster.state() : cluster.merge(theirs.state());
        return message(mine.digest().toString().equals(theirs.digest()) ? null : mine);
    }

    @Override
    public void close() {
        closed = true;
        client.close();
    }
}
