package io.pantala.faults;

import static org.awaitility.Awaitility.await;

import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.Digest;
import io.pantala.proxy.config.HostConfig;
import io.pantala.proxy.config.Key;
import io.pantala.proxy.config.SeedConfig;
import io.pantala.proxy.config.Settings;
import io.pantala.proxy.node.Host;
import io.pantala.proxy.node.Seed;
import io.pantala.proxy.node.StartException;
import io.pantala.proxy.node.Tuning;
import io.pantala.transport.NodeAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A host, alone or with a seed behind a link that can fail, each as the program would start it. */
public final class Cluster implements AutoCloseable {
    /** What stands between the engine and the registry. */
    public enum Topology {
        ALONE,
        WITH_SEED
    }

    private final Path directory;
    private final Topology topology;
    private final Tuning tuning;
    private final Map<String, String> upstreams = new LinkedHashMap<>();
    private final Map<Key, String> settings = new EnumMap<>(Key.class);
    private final @Nullable FaultyLink link;
    private @Nullable Seed seed;
    private @Nullable Host host;

    /** Nothing runs yet. */
    public Cluster(Path directory, Topology topology, Tuning tuning) {
        this.directory = directory;
        this.topology = topology;
        this.tuning = tuning;
        this.link = topology == Topology.WITH_SEED ? FaultyLink.to(0) : null;
        settings.put(Key.DISK_QUOTA, "1GiB");
    }

    /** A registry that may be dialled; the first is the default. */
    public Cluster upstream(String name, String url) {
        upstreams.put(name, url);
        return this;
    }

    /** A setting of all nodes. */
    Cluster set(Key key, String value) {
        settings.put(key, value);
        return this;
    }

    public Cluster start() throws StartException {
        if (topology == Topology.WITH_SEED) {
            startSeed();
        }
        startHost();
        return this;
    }

    /** Starts the seed, or starts it again with what it has stored. */
    void startSeed() throws StartException {
        seed = Seed.start(SeedConfig.read(read("seed", Map.of(Key.SEED_LISTEN, "127.0.0.1:0"))), tuning);
        link().up(seed.listen().port());
    }

    /** Ends it without a word, as a kill does for all that others can see of it. */
    public void killSeed() {
        link().down(true);
        if (seed != null) {
            seed.close();
            seed = null;
        }
    }

    /** Has it accept everything and answer nothing any more, once it has answered so many more bytes to the host. */
    public void hangSeedAfter(long bytes) {
        long before = link().answered();
        await().atMost(Duration.ofMinutes(1)).until(() -> link().answered() > before);
        link().hangAfter(bytes);
    }

    /** Waits until the seed hangs. */
    public void awaitSeedHanging() throws InterruptedException {
        link().awaitHanging();
    }

    /**
     * From now on the seed vouches for another content of a blob, of which one block differs, and nobody else has it.
     *
     * @param content of the blob
     */
    public void haveSeedLie(String repository, Digest digest, byte[] content) throws StartException, IOException {
        // A host that has not reached its seed yet gets it by itself.
        await().atMost(Duration.ofMinutes(1)).until(() -> {
            if (!engine().blob(repository, digest).equals(new Outcome.Right())) {
                throw new AssertionError("it is wrong before");
            }
            boolean taken = BlobFiles.at(directory("seed"), upstream(), digest).exist();
            if (!taken) {
                stopHost();
                BlobFiles.delete(directory("host"));
                startHost();
            }
            return taken;
        });
        stopHost();
        killSeed();
        int block = BlockLayout.of(content.length).length(0);
        BlobFiles.at(directory("seed"), upstream(), digest).falsify(content.length / block / 2, block, content);
        BlobFiles.delete(directory("host"));
        startSeed();
        long before = link().answered();
        startHost();
        await().until(() -> link().answered() > before);
    }

    /** Starts the host, or starts it again with what it has stored. */
    void startHost() throws StartException {
        Map<Key, String> own = new EnumMap<>(Map.of(Key.LISTEN, "127.0.0.1:0", Key.DEFAULT_UPSTREAM, upstream()));
        if (topology == Topology.WITH_SEED) {
            own.put(Key.SEEDS, "127.0.0.1:" + link().port());
        }
        host = Host.start(HostConfig.read(read("host", own)), tuning);
    }

    void stopHost() {
        if (host != null) {
            host.close();
            host = null;
        }
    }

    /** Where engines find the host. */
    public int port() {
        if (host == null) {
            throw new AssertionError("the host does not run");
        }
        return host.listen().port();
    }

    /** An engine that pulls through the host. */
    StrictEngine engine(String... headers) {
        return new StrictEngine(port(), headers);
    }

    private String upstream() {
        return upstreams.keySet().iterator().next();
    }

    /** Where the host listens. */
    List<Integer> hostPorts() {
        if (host == null) {
            throw new AssertionError("the host does not run");
        }
        return host.addresses().values().stream().map(NodeAddress::port).toList();
    }

    /** What stands between the host and the seed. */
    FaultyLink link() {
        if (link == null) {
            throw new AssertionError("there is no seed");
        }
        return link;
    }

    /** Where the node keeps its data: {@code host} or {@code seed}. */
    public Path directory(String node) {
        return directory.resolve(node);
    }

    @Override
    public void close() {
        stopHost();
        if (seed != null) {
            seed.close();
        }
        if (link != null) {
            link.close();
        }
    }

    private Settings read(String node, Map<Key, String> own) {
        Map<Key, String> all = new EnumMap<>(settings);
        all.putAll(own);
        all.put(Key.ADMIN_LISTEN, "127.0.0.1:0");
        all.put(Key.DATA_DIR, directory.resolve(node).toString());
        all.put(Key.DRAIN_TIMEOUT, "1s");
        Map<Key, List<String>> flags = new EnumMap<>(Key.class);
        all.forEach((key, value) -> flags.put(key, List.of(value)));
        List<String> urls = new ArrayList<>();
        upstreams.forEach((name, url) -> urls.add(name + "=" + url));
        flags.put(Key.UPSTREAM_URL, urls);
        return Settings.read(null, flags, Map.of());
    }
}
