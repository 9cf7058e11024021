package io.pantala.proxy.node;

import io.pantala.proxy.config.Key;
import io.pantala.proxy.config.SeedConfig;
import io.pantala.proxy.events.BlockEvents;
import io.pantala.proxy.events.ClusterEvents;
import io.pantala.proxy.events.DoorEvents;
import io.pantala.proxy.events.PreheatEvents;
import io.pantala.proxy.grant.Standing;
import io.pantala.proxy.notes.DiskNotes;
import io.pantala.proxy.notes.MemoryNotes;
import io.pantala.proxy.notes.Notes;
import io.pantala.proxy.notes.NotesApi;
import io.pantala.seed.api.NodesApi;
import io.pantala.seed.api.PreheatApi;
import io.pantala.seed.api.SwarmsApi;
import io.pantala.seed.cluster.Cluster;
import io.pantala.seed.cluster.ClusterConfig;
import io.pantala.seed.cluster.JoinApi;
import io.pantala.seed.cluster.SeedJoin;
import io.pantala.seed.cluster.SeedSync;
import io.pantala.seed.http.ApiTokens;
import io.pantala.seed.http.Routes;
import io.pantala.seed.http.SeedServer;
import io.pantala.seed.preheat.PreheatConfig;
import io.pantala.seed.preheat.Preheats;
import io.pantala.seed.tracker.SeedNode;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.block.BlockClient;
import io.pantala.transport.identity.NodeIdentity;
import io.pantala.transport.identity.Role;
import io.pantala.transport.link.Door;
import io.pantala.transport.link.SeedNames;
import io.vertx.ext.web.Router;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** A seed: fetches each blob from its registry once, and hands out its blocks. */
public final class Seed implements Node {
    private static final int MOST_NOTES = 50_000;

    private final SeedConfig config;
    private final Base base;
    private final Cluster cluster;
    private final SeedServer server;
    private final NodeAddress admin;

    private Seed(SeedConfig config, Base base) throws IOException {
        this.config = config;
        this.base = base;
        boolean restarted = Identity.isKnown(base.directory());
        NodeIdentity self = new NodeIdentity(Role.SEED, base.name());
        SeedNames others = new SeedNames(config.others());
        Predicate<String> operators = config.apiTokens().isPresent()
                ? ApiTokens.read(config.apiTokens().get())
                : _ -> false;
        ClusterEvents clusterEvents = new ClusterEvents(base.metrics);
        if (config.token().isPresent()) {
            new SeedJoin(base.vertx, self, config.token().get(), base.tuning.clock())
                    .join(base.directory(), others::resolve);
        }
        cluster = base.add(
                Cluster.open(
                        ClusterConfig.of(base.directory(), config.given()), self, base.tuning.clock(), clusterEvents),
                Cluster::close);
        base.metrics.certificate(() -> Optional.of(cluster.ends()), base.tuning.clock());
        SeedSync sync = base.add(
                new SeedSync(base.vertx, self.name(), cluster, base.tuning.clock(), clusterEvents), SeedSync::close);
        BlockClient blocks = base.add(
                new BlockClient(base.tuning.blocks(), Optional.of(cluster.tls()), base.download), BlockClient::close);
        BlockClient plain =
                base.add(new BlockClient(base.tuning.blocks(), Optional.empty(), base.download), BlockClient::close);
        SeedNode conductor = base.add(
                new SeedNode(
                        base.vertx,
                        self.name(),
                        base.zone(),
                        base.store,
                        OtherSeeds.open(base, self.name(), config.others(), cluster.tls(), blocks),
                        base.upload,
                        cluster,
                        new BlockEvents(base.metrics),
                        base.tuning.tracker()),
                SeedNode::close);
        base.backfills.prefer(conductor.copies(blocks, plain, restarted));
        Preheats preheats = base.add(
                new Preheats(
                        base.filler,
                        base.registry,
                        PreheatConfig.DEFAULT,
                        new PreheatEvents(base.metrics),
                        base.tuning.clock(),
                        base.own),
                Preheats::close);
        cluster.onChange(conductor::tellNews);
        cluster.onChange(blocks::renew);
        server = base.add(
                SeedServer.start(
                        base.vertx,
                        config.listen(),
                        cluster.tls(),
                        door(operators),
                        List.of(
                                conductor::mount,
                                sync::mount,
                                new JoinApi(base.vertx, cluster, clusterEvents)::mount,
                                new PreheatApi(base.vertx, preheats)::mount,
                                new SwarmsApi(base.vertx, conductor::swarms)::mount,
                                new NodesApi(base.vertx, cluster, conductor::hosts)::mount,
                                notes(config, base))),
                listening -> listening.close(Duration.ZERO));
        sync.keep(others::resolve);
        admin = base.openAdmin(_ -> Optional.empty(), Map.of());
    }

    /**
     * Where hosts prove nothing, anyone could say what a tag stands for: there none is told and none is asked. What tells of
     * credentials is never on disk.
     */
    private static Consumer<Routes> notes(SeedConfig config, Base base) throws IOException {
        if (config.plaintext()) {
            return _ -> {};
        }
        Notes notes = DiskNotes.open(base.directory().resolve("notes"), MOST_NOTES, base.tuning.clock());
        NotesApi lasting = new NotesApi(base.vertx, NotesApi.LASTING, notes, Standing.LONGEST);
        NotesApi proofs = new NotesApi(base.vertx, NotesApi.PROOFS, new MemoryNotes(), Standing.PROVEN);
        return routes -> {
            lasting.mount(routes);
            proofs.mount(routes);
        };
    }

    private Door door(Predicate<String> operators) {
        return new Door(
                new Door.Rules(
                        config.plaintext() ? Door.Unproven.ALL : Door.Unproven.LOCAL,
                        node -> cluster.shutOut().contains(node.name()),
                        operators,
                        base.tuning.local(),
                        base.tuning.clock()),
                new DoorEvents(base.metrics));
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

    /** All that can be asked of it at that address. */
    Router routes() {
        return server.router();
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
