package io.pantala.proxy.node;

import io.pantala.proxy.config.HostConfig;
import io.pantala.proxy.config.Key;
import io.pantala.proxy.events.PullEvents;
import io.pantala.proxy.events.RequestEvents;
import io.pantala.proxy.events.SwarmEvents;
import io.pantala.proxy.grant.Grants;
import io.pantala.proxy.http.ProxyConfig;
import io.pantala.proxy.http.ProxyServer;
import io.pantala.proxy.pull.Pulls;
import io.pantala.registry.Upstreams;
import io.pantala.swarm.BlobFiller;
import io.pantala.swarm.download.SwarmDownloads;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.block.BlockClient;
import io.pantala.transport.control.SeedLinks;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** A host's proxy: with seeds one of a swarm; without, it works alone, with a seed inside. */
public final class Host implements Node {
    private static final Duration IDLE = Duration.ofSeconds(90);
    private static final int MOST_REQUESTS = 1024;

    private final HostConfig config;
    private final Base base;
    private final ProxyServer server;
    private final NodeAddress admin;

    private Host(HostConfig config, Base base) throws IOException {
        this.config = config;
        this.base = base;
        List<BlobFiller> fillers =
                config.seeds().isEmpty() ? List.of(base.backfills) : List.of(swarm(config, base), base.backfills);
        Pulls pulls = new Pulls(
                base.store,
                base.registry,
                new Grants(base.registry),
                fillers,
                base.tuning.pull(),
                new PullEvents(base.metrics));
        Upstreams upstreams = config.node().upstreams();
        server = base.add(
                ProxyServer.start(
                        base.vertx,
                        new ProxyConfig(
                                new InetSocketAddress(
                                        config.listen().host(), config.listen().port()),
                                config.defaultUpstream(),
                                IDLE,
                                config.node().drain(),
                                MOST_REQUESTS),
                        name -> upstreams.find(name).isPresent(),
                        pulls,
                        new RequestEvents(base.metrics)),
                ProxyServer::close);
        admin = base.openAdmin();
    }

    /** Opens all it needs, and listens. */
    public static Host start(HostConfig config) throws StartException {
        return start(config, Tuning.DEFAULT);
    }

    /** Opens all it needs, and listens; for tests. */
    public static Host start(HostConfig config, Tuning tuning) throws StartException {
        return Base.start(config.node(), tuning, !config.seeds().isEmpty(), base -> new Host(config, base));
    }

    /** Where engines connect. */
    public NodeAddress listen() {
        return new NodeAddress(config.listen().host(), server.port());
    }

    /** Where its health and metrics are. */
    public NodeAddress admin() {
        return admin;
    }

    @Override
    public Map<String, NodeAddress> addresses() {
        return Map.of(Key.LISTEN.path(), listen(), Key.ADMIN_LISTEN.path(), admin);
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

    private static SwarmDownloads swarm(HostConfig config, Base base) throws IOException {
        SwarmEvents events = new SwarmEvents(base.metrics);
        SeedLinks links = base.add(
                SeedLinks.dial(
                        base.vertx,
                        config.seeds(),
                        base.name(),
                        "pantala/" + Version.read(),
                        base.tuning.control(),
                        events),
                SeedLinks::close);
        BlockClient blocks = base.add(new BlockClient(base.tuning.blocks()), BlockClient::close);
        return base.add(
                new SwarmDownloads(base.store, links, blocks, events, base.tuning.swarm()), SwarmDownloads::close);
    }
}
