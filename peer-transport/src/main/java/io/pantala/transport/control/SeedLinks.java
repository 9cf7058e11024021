package io.pantala.transport.control;

import io.pantala.manifest.Digest;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.control.ControlMessage.Hello;
import io.pantala.transport.control.ControlMessage.Limits;
import io.pantala.transport.control.ControlMessage.News;
import io.pantala.transport.control.ControlMessage.Peer;
import io.pantala.transport.identity.ClusterTls;
import io.pantala.transport.join.Membership;
import io.pantala.transport.link.SeedNames;
import io.pantala.transport.link.TlsOptions;
import io.vertx.core.Vertx;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketClientOptions;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** A host's links to all its seeds, one each. */
public final class SeedLinks implements AutoCloseable {
    private final Vertx vertx;
    private final Dialling dialling;
    private final Map<NodeAddress, SeedLink> links = new ConcurrentHashMap<>();
    private final CompletableFuture<Void> begun;

    /** Pending while all links are lost and one may be back soon. */
    private volatile CompletableFuture<Void> back = CompletableFuture.completedFuture(null);

    private final SeedLink.Others others = new SeedLink.Others() {
        @Override
        public boolean isUp(String seed) {
            return bySeed().containsKey(seed);
        }

        @Override
        public synchronized void up() {
            back.complete(null);
        }

        @Override
        public synchronized void lost() {
            links.values().forEach(SeedLink::wake);
            if (bySeed().isEmpty() && back.isDone()) {
                back = new CompletableFuture<Void>()
                        .completeOnTimeout(null, dialling.config().firstLink().toMillis(), TimeUnit.MILLISECONDS);
            }
        }

        @Override
        public void told(News news) {
            if (!news.shutOut().isEmpty()) {
                links.values().forEach(link -> link.closeIfShutOut(news.shutOut()));
            }
        }
    };
    private volatile boolean closed;
    private OptionalLong resolver = OptionalLong.empty();

    /**
     * What a host dials seeds with.
     *
     * @param node what this host calls itself
     * @param software this program and its version, for the seeds' logs
     * @param peer where other hosts can fetch blocks from this one
     * @param zone where this host is, {@code region/zone/rack}; empty: not said
     * @param limits what it keeps to by itself
     * @param welcomed is given each link that comes up; on event loops: must be quick
     * @param news takes in what a seed, by its name, tells of the cluster; on event loops: must be quick
     */
    public record Dial(
            SeedNames seeds,
            String node,
            String software,
            Optional<Peer> peer,
            String zone,
            Limits limits,
            LinkSecurity security,
            Consumer<SeedLink> welcomed,
            BiConsumer<String, News> news) {}

    /** What the links of one host share. */
    record Dialling(
            Vertx vertx, WebSocketClient client, Dial dial, Hello hello, ControlConfig config, LinkListener listener) {}

    private SeedLinks(Vertx vertx, Dial dial, ControlConfig config, LinkListener listener) {
        WebSocketClientOptions options = new WebSocketClientOptions()
                .setMaxFrameSize(ControlCodec.LONGEST)
                .setMaxMessageSize(ControlCodec.LONGEST)
                .setClosingTimeout(1);
        switch (dial.security()) {
            case LinkSecurity.Certified(Membership membership) -> {
                secure(options, membership.tls(), config);
                membership.keep(this::reachable);
            }
            case LinkSecurity.BetweenSeeds(ClusterTls tls) -> secure(options, tls, config);
            case LinkSecurity.Plain _ -> {}
        }
        this.vertx = vertx;
        this.dialling = new Dialling(
                vertx,
                vertx.createWebSocketClient(options),
                dial,
                new Hello(config.versions(), dial.node(), dial.software(), dial.peer(), dial.zone(), dial.limits()),
                config,
                listener);
        CompletableFuture<Void> found = new CompletableFuture<>();
        this.begun = found.thenCompose(_ -> CompletableFuture.allOf(
                        links.values().stream().map(SeedLink::tried).toArray(CompletableFuture<?>[]::new)))
                .completeOnTimeout(null, config.firstLink().toMillis(), TimeUnit.MILLISECONDS);
        if (dial.seeds().areFixed()) {
            look();
            found.complete(null);
        } else {
            Thread.startVirtualThread(() -> {
                look();
                found.complete(null);
            });
            resolver = OptionalLong.of(
                    vertx.setPeriodic(config.resolve().toMillis(), _ -> Thread.startVirtualThread(this::look)));
        }
    }

    private static void secure(WebSocketClientOptions options, ClusterTls tls, ControlConfig config) {
        options.setSsl(true)
                .setVerifyHost(false)
                .setSslEngineOptions(new TlsOptions(tls.toSeeds()))
                .setSslHandshakeTimeout(config.handshake().toMillis())
                .setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS);
    }

    /** Starts dialling all seeds, and keeps at it. */
    public static SeedLinks dial(Vertx vertx, Dial dial, ControlConfig config, LinkListener listener) {
        return new SeedLinks(vertx, dial, config, listener);
    }

    /** Dials those that are new, and lets go of those that are no more. */
    private synchronized void look() {
        List<NodeAddress> now = dialling.dial().seeds().resolve();
        if (now.isEmpty() || closed) {
            return;
        }
        for (NodeAddress seed : now) {
            if (!links.containsKey(seed)) {
                SeedLink link = new SeedLink(dialling, seed, others);
                links.put(seed, link);
                link.dial();
            }
        }
        links.values().removeIf(link -> !now.contains(link.address()) && link.closeIfDown());
    }

    /**
     * Completes once each seed was reached, or could not be, or has had its time: until then a missing link may just be
     * young. The same when all links have been lost, until one is back or has had its time: seeds are started anew.
     */
    public CompletableFuture<Void> settled() {
        return begun.thenCompose(_ -> back);
    }

    /**
     * The links that are up now, the one that owns this digest first (rendezvous hashing). Of a seed's own links, those to
     * seeds that come before itself: whoever asks on and on in this order never asks in a circle.
     */
    public List<SeedLink> ranked(Digest digest) {
        record Ranked(SeedLink link, long score) {}
        List<Ranked> up = new ArrayList<>();
        bySeed().forEach((seed, link) -> up.add(new Ranked(link, score(seed, digest))));
        if (dialling.dial().security() instanceof LinkSecurity.BetweenSeeds) {
            long own = score(dialling.dial().node(), digest);
            up.removeIf(each -> Long.compareUnsigned(each.score, own) <= 0);
        }
        up.sort(Comparator.comparing(Ranked::score, Long::compareUnsigned).reversed());
        return up.stream().map(Ranked::link).toList();
    }

    /** How many seeds are linked. */
    public int up() {
        return bySeed().size();
    }

    private Map<String, SeedLink> bySeed() {
        Map<String, SeedLink> up = new HashMap<>();
        for (SeedLink link : links.values()) {
            String seed = link.seed();
            if (seed != null) {
                up.put(seed, link);
            }
        }
        return up;
    }

    private List<NodeAddress> reachable() {
        return links.values().stream()
                .filter(SeedLink::isUp)
                .map(SeedLink::address)
                .toList();
    }

    private static long score(String seed, Digest digest) {
        byte[] both = (seed + '\0' + digest).getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.wrap(Digest.newSha256().digest(both)).getLong();
    }

    @Override
    public void close() {
        closed = true;
        resolver.ifPresent(vertx::cancelTimer);
        links.values().forEach(SeedLink::close);
        dialling.client().close();
    }
}
