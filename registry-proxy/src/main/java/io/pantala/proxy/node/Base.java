package io.pantala.proxy.node;

import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.admin.AdminServer;
import io.pantala.proxy.config.NodeConfig;
import io.pantala.proxy.events.BackfillEvents;
import io.pantala.proxy.events.Metrics;
import io.pantala.proxy.events.RegistryEvents;
import io.pantala.proxy.events.StoreEvents;
import io.pantala.proxy.history.History;
import io.pantala.registry.OwnCredentials;
import io.pantala.registry.RegistryClient;
import io.pantala.registry.RegistryLimits;
import io.pantala.registry.Upstream;
import io.pantala.seed.backfill.Backfills;
import io.pantala.seed.backfill.OwnReader;
import io.pantala.seed.schedule.Zone;
import io.pantala.store.BlobStore;
import io.pantala.store.StoreException;
import io.pantala.swarm.BlobFiller;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.RateLimit;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** What every node stands on: metrics, event loops, the store, registries and what fills blobs from them. */
final class Base implements AutoCloseable {
    private static final int MOST_EVENT_LOOPS = 8;

    /** Blocks: a few megabytes. */
    private static final int MOST_HISTORY = 50_000;

    private static final Duration LONGEST_TURN = Duration.ofSeconds(5);

    final Metrics metrics;
    final History history;
    final Vertx vertx;
    final BlobStore store;

    /** Of blocks to other nodes. */
    final RateLimit upload;

    /** Of whatever comes. */
    final RateLimit download;

    final RegistryClient registry;

    /** What fills blobs from registries. */
    final Backfills backfills;

    /** The same, with what this node itself may read. */
    final BlobFiller filler;

    /** What this node itself may read registries with. */
    final Map<UpstreamName, OwnCredentials> own;

    final Tuning tuning;

    private final NodeConfig config;
    private final Closing closing;
    private volatile boolean draining;

    private Base(NodeConfig config, Tuning tuning, boolean withSeeds, Closing closing)
            throws IOException, StoreException {
        this.config = config;
        this.tuning = tuning;
        this.closing = closing;
        metrics = closing.add(new Metrics(Version.read()), Metrics::close);
        history = new History(tuning.clock(), MOST_HISTORY);
        makeDirectory(config.directory());
        StoreEvents storeEvents = new StoreEvents(metrics);
        store = closing.add(BlobStore.open(config.store(), storeEvents, tuning.clock()), BlobStore::close);
        storeEvents.watch(store);
        upload = RateLimit.of(config.rates().upload());
        download = RateLimit.of(config.rates().download());
        vertx = closing.add(Vertx.vertx(options()), Waiting::close);
        registry = closing.add(
                new RegistryClient(
                        vertx,
                        config.upstreams(),
                        tuning.registry(),
                        new RegistryLimits(config.rates().origin(), download),
                        new RegistryEvents(metrics)),
                RegistryClient::close);
        own = own(config, tuning);
        backfills = closing.add(
                new Backfills(
                        store,
                        config.directory().resolve("spool"),
                        registry,
                        tuning.backfill(),
                        new BackfillEvents(metrics, history, withSeeds)),
                Backfills::close);
        filler = own.isEmpty() ? backfills : new OwnReader(backfills, own);
    }

    private Map<UpstreamName, OwnCredentials> own(NodeConfig config, Tuning tuning) {
        Map<UpstreamName, OwnCredentials> found = new HashMap<>();
        config.credentials().forEach((name, held) -> {
            Upstream upstream = config.upstreams().find(name).orElseThrow();
            found.put(name, new OwnCredentials(registry, upstream, held, tuning.clock()));
        });
        return found;
    }

    /** What a role does with it. */
    interface Role<N> {
        N start(Base base) throws IOException;
    }

    /**
     * Opens it all, and what the role adds; on failure nothing stays open.
     *
     * @param withSeeds whether blobs should come from seeds, and from registries only when no seed helps
     */
    static <N> N start(NodeConfig config, Tuning tuning, boolean withSeeds, Role<N> role) throws StartException {
        Closing closing = new Closing();
        boolean started = false;
        try {
            N node = role.start(new Base(config, tuning, withSeeds, closing));
            started = true;
            return node;
        } catch (StoreException | IOException e) {
            throw new StartException(String.valueOf(e.getMessage()), e);
        } finally {
            if (!started) {
                closing.close();
            }
        }
    }

    /**
     * Opens the admin listener, last of all.
     *
     * @param marks what is known of a request that was sent to see whether it arrives
     * @param settings what whoever judges this node must know
     */
    NodeAddress openAdmin(Function<String, Optional<String>> marks, Map<String, String> settings) throws IOException {
        AdminServer admin =
                new AdminServer(vertx, this::missing, metrics::scrape, history, marks, settings, LONGEST_TURN);
        int port = Waiting.listening(admin.listen(config.admin()), config.admin());
        return new NodeAddress(config.admin().host(), port);
    }

    /** What this node calls itself, the same after a restart. */
    String name() throws IOException {
        return Identity.of(config.directory());
    }

    /** Its data. */
    Path directory() {
        return config.directory();
    }

    /** Where this node is. */
    Zone zone() {
        return config.zone();
    }

    /** To be closed before all that was opened earlier. */
    <T> T add(T opened, Closing.Closer<T> closer) {
        return closing.add(opened, closer);
    }

    /** Ready no more. */
    void drain() {
        draining = true;
    }

    @Override
    public void close() {
        draining = true;
        closing.close();
    }

    private List<String> missing() {
        List<String> missing = new ArrayList<>();
        if (draining) {
            missing.add("stopping");
        }
        if (!isWritable(config.directory())) {
            missing.add("can't write to " + config.directory());
        }
        return missing;
    }

    private static boolean isWritable(Path directory) {
        try {
            Files.delete(Files.createTempFile(directory, "ready-", ".probe"));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static VertxOptions options() {
        return new VertxOptions()
                .setEventLoopPoolSize(Math.clamp(Runtime.getRuntime().availableProcessors(), 2, MOST_EVENT_LOOPS))
                .setFileSystemOptions(new FileSystemOptions()
                        .setClassPathResolvingEnabled(false)
                        .setFileCachingEnabled(false));
    }

    private static void makeDirectory(Path directory) throws IOException {
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            String why = switch (e) {
                case FileAlreadyExistsException _ -> e.getMessage() + " is a file";
                case AccessDeniedException _ -> "permission denied at " + e.getMessage();
                case NoSuchFileException _ -> "there is no making it at " + e.getMessage();
                default -> e.toString();
            };
            throw new IOException("data-dir " + directory + " can't be made: " + why, e);
        }
    }
}
