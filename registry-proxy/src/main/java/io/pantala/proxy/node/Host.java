package io.pantala.proxy.node;

import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.config.HostConfig;
import io.pantala.proxy.config.Key;
import io.pantala.proxy.config.ProxyMode;
import io.pantala.proxy.events.ConnectEvents;
import io.pantala.proxy.events.PullEvents;
import io.pantala.proxy.events.RequestEvents;
import io.pantala.proxy.grant.Grants;
import io.pantala.proxy.http.ProxyConfig;
import io.pantala.proxy.http.ProxyServer;
import io.pantala.proxy.intercept.Authority;
import io.pantala.proxy.intercept.CertificateAuthority;
import io.pantala.proxy.intercept.ConnectConfig;
import io.pantala.proxy.intercept.Connects;
import io.pantala.proxy.intercept.Destinations;
import io.pantala.proxy.notes.DiskNotes;
import io.pantala.proxy.notes.MemoryNotes;
import io.pantala.proxy.notes.Notes;
import io.pantala.proxy.pull.Knowledge;
import io.pantala.proxy.pull.Marks;
import io.pantala.proxy.pull.Pulls;
import io.pantala.registry.Upstream;
import io.pantala.registry.Upstreams;
import io.pantala.swarm.BlobFiller;
import io.pantala.transport.NodeAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A host's proxy: with seeds one of a swarm; without, it works alone, with a seed inside. */
public final class Host implements Node {
    private static final Logger LOG = LoggerFactory.getLogger(Host.class);
    private static final Duration IDLE = Duration.ofSeconds(90);
    private static final int MOST_REQUESTS = 1024;
    private static final int MOST_NOTES = 10_000;

    private final HostConfig config;
    private final Base base;
    private final ProxyServer server;
    private final NodeAddress admin;
    private final Upstreams upstreams;
    private final Optional<Neighbours> neighbours;

    private Host(HostConfig config, Base base) throws IOException {
        this.config = config;
        this.base = base;
        neighbours = config.links().seeds().isEmpty()
                ? Optional.empty()
                : Optional.of(Neighbours.open(config.links(), base));
        List<BlobFiller> fillers = neighbours
                .map(others -> List.of(
                        others.downloads(),
                        Hesitant.of(base.filler, base.tuning.pull().opening())))
                .orElse(List.of(base.filler));
        upstreams = config.node().upstreams();
        var destinations = new Destinations(this::isNamed, this::isOwnPort, InetAddress::getAllByName);
        var connects = new Connects(
                this::upstreamAt,
                authority(config),
                destinations,
                ConnectConfig.DEFAULT,
                new ConnectEvents(base.metrics));
        Pulls pulls = new Pulls(
                base.store,
                base.registry,
                new Grants(base.registry, base.tuning.clock()),
                fillers,
                destinations,
                knowledge(config, base, neighbours),
                config.lookahead(),
                base.tuning.pull(),
                new PullEvents(base.metrics, base.history));
        server = base.add(
                ProxyServer.start(
                        base.vertx,
                        new ProxyConfig(
                                new InetSocketAddress(
                                        config.listen().host(), config.listen().port()),
                                config.defaultUpstream(),
                                this::isTunnelled,
                                config.access(),
                                IDLE,
                                config.node().drain(),
                                MOST_REQUESTS),
                        upstreams,
                        connects,
                        pulls,
                        new RequestEvents(base.metrics)),
                ProxyServer::close);
        SortedMap<String, String> settings = config.essentials();
        settings.put(Key.LISTEN.path(), listen().toString());
        admin = base.openAdmin(mark -> pulls.marks().find(mark).map(Host::describe), settings);
        Thread.ofVirtual().name("warm-up").start(connects::warmUp);
    }

    /** Opens all it needs, and listens. */
    public static Host start(HostConfig config) throws StartException {
        return start(config, Tuning.DEFAULT);
    }

    /** Opens all it needs, and listens; for tests. */
    public static Host start(HostConfig config, Tuning tuning) throws StartException {
        return Base.start(config.node(), tuning, !config.links().seeds().isEmpty(), base -> new Host(config, base));
    }

    /** Where engines connect. */
    public NodeAddress listen() {
        return new NodeAddress(config.listen().host(), server.port());
    }

    /** Where other hosts fetch blocks; empty where it works alone. */
    public Optional<NodeAddress> peers() {
        return neighbours.map(Neighbours::listen);
    }

    /** Where its health and metrics are. */
    public NodeAddress admin() {
        return admin;
    }

    @Override
    public Map<String, NodeAddress> addresses() {
        Map<String, NodeAddress> addresses =
                new TreeMap<>(Map.of(Key.LISTEN.path(), listen(), Key.ADMIN_LISTEN.path(), admin));
        peers().ifPresent(peers -> addresses.put(Key.PEER_LISTEN.path(), peers));
        return addresses;
    }

    @Override
    public void drain() {
        base.drain();
        server.close();
    }

    @Override
    public void close() {
        base.close();
    }

    private static String describe(Marks.Seen seen) {
        return "for %s, as a %s%s"
                .formatted(
                        seen.upstream(),
                        seen.proxied() ? "proxy" : "mirror",
                        seen.agent().isEmpty() ? "" : ", from " + seen.agent());
    }

    private static Knowledge knowledge(HostConfig config, Base base, Optional<Neighbours> neighbours)
            throws IOException {
        if (!config.serveStale()) {
            return Knowledge.NONE;
        }
        Notes own = DiskNotes.open(config.node().directory().resolve("notes"), MOST_NOTES, base.tuning.clock());
        Notes lasting = neighbours.map(others -> others.shareLasting(own, base)).orElse(own);
        Notes seen = new MemoryNotes();
        Notes proofs = neighbours.map(others -> others.shareProofs(seen, base)).orElse(seen);
        return new Knowledge(lasting, new MemoryNotes(), proofs, base.tuning.clock());
    }

    /** The authority that was configured must be right from the start; one of our own may take its time. */
    private static CompletableFuture<CertificateAuthority> authority(HostConfig config) throws IOException {
        InstantSource clock = InstantSource.system();
        Optional<ProxyMode.Authority> supplied = config.proxyMode().authority();
        if (supplied.isPresent()) {
            return CompletableFuture.completedFuture(CertificateAuthority.read(
                    supplied.get().certificate(), supplied.get().key(), clock));
        }
        CompletableFuture<CertificateAuthority> made = new CompletableFuture<>();
        Thread.ofVirtual().name("authority").start(() -> {
            try {
                made.complete(CertificateAuthority.of(config.node().directory(), clock));
            } catch (IOException | RuntimeException e) {
                LOG.error("nothing will be intercepted: {}", e.getMessage());
                made.completeExceptionally(e);
            }
        });
        return made;
    }

    private Optional<UpstreamName> upstreamAt(Authority authority) {
        return isTunnelled(authority)
                ? Optional.empty()
                : upstreams.at(authority.host(), authority.port(), true).map(Upstream::name);
    }

    private boolean isTunnelled(Authority authority) {
        return config.proxyMode().tunnel().stream().anyMatch(pattern -> pattern.matches(authority));
    }

    /** Whether the user's own settings name it. */
    private boolean isNamed(Authority authority) {
        return isTunnelled(authority)
                || upstreams.at(authority.host(), authority.port(), true).isPresent()
                || upstreams.at(authority.host(), authority.port(), false).isPresent();
    }

    private boolean isOwnPort(int port) {
        return port == server.port()
                || port == admin.port()
                || peers().filter(own -> own.port() == port).isPresent();
    }
}
