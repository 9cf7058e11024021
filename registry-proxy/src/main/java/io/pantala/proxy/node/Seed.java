package io.pantala.proxy.node;

import io.pantala.proxy.config.Key;
import io.pantala.proxy.config.SeedConfig;
import io.pantala.proxy.events.BlockEvents;
import io.pantala.proxy.events.PreheatEvents;
import io.pantala.seed.api.PreheatApi;
import io.pantala.seed.api.SeedServer;
import io.pantala.seed.preheat.PreheatConfig;
import io.pantala.seed.preheat.Preheats;
import io.pantala.seed.tracker.SeedNode;
import io.pantala.transport.NodeAddress;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** A seed: fetches each blob from its registry once, and hands out its blocks. */
public final class Seed implements Node {
    private final SeedConfig config;
    private final Base base;
    private final SeedServer server;
    private final NodeAddress admin;

    private Seed(SeedConfig config, Base base) throws IOException {
        this.config = config;
        this.base = base;
        SeedNode conductor = base.add(
                new SeedNode(
                        base.vertx,
                        base.name(),
                        base.store,
                        base.filler,
                        new BlockEvents(base.metrics),
                        base.tuning.tracker()),
                SeedNode::close);
        Preheats preheats = base.add(
                new Preheats(
                        base.filler,
                        base.registry,
                        PreheatConfig.DEFAULT,
                        new PreheatEvents(base.metrics),
                        base.tuning.clock(),
                        base.own),
                Preheats::close);
        PreheatApi api = new PreheatApi(base.vertx, preheats);
        server = base.add(
                SeedServer.start(base.vertx, config.listen(), List.of(conductor::mount, api::mount)),
                listening -> listening.close(Duration.ZERO));
        admin = base.openAdmin();
    }

    /** Opens all it needs, and listens. */
    public static Seed start(SeedConfig config) throws StartException {
        return start(config, Tuning.DEFAULT);
    }

    /** Opens all it needs, and listens; for tests. */
    public static Seed start(SeedConfig config, Tuning tuning) throws StartException {
        return Base.start(config.node(), tuning, false, base -> new Seed(config, base));
    }

    /** Where hosts reach it. */
    public NodeAddress listen() {
        return new NodeAddress(config.listen().host(), server.port());
    }

    /** Where its health and metrics are. */
    public NodeAddress admin() {
        return admin;
    }

    @Override
    public Map<String, NodeAddress> addresses() {
        return Map.of(Key.SEED_LISTEN.path(), listen(), Key.ADMIN_LISTEN.path(), admin);
    }

    @Override
    public void drain() {
        base.drain();
        server.close(config.node().drain());
    }

    @Override
    public void close() {
        base.close();
    }
}
