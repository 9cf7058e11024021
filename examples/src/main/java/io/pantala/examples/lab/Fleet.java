package io.pantala.examples.lab;

import io.pantala.examples.lab.Rack.Host;
import io.pantala.examples.rig.DockerRegistry;
import io.pantala.examples.rig.Engine;
import io.pantala.examples.rig.Installation;
import io.pantala.examples.rig.Metrics;
import io.pantala.examples.rig.Network;
import io.pantala.examples.rig.PantalaNode;
import io.pantala.examples.rig.RegistryContent;
import io.pantala.examples.rig.Site;
import io.pantala.examples.rig.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** A registry, a seed and hosts, each behind a link of its own. */
final class Fleet implements AutoCloseable {
    /** By which Pantala knows the registry. */
    static final String UPSTREAM = "registry.lab";

    static final String SEED = "seed";

    /** What the names of all zones begin with. */
    static final String ZONE = "zone";

    private static final String REGISTRY = "registry";
    private static final int REGISTRY_PORT = 5000;
    private static final int SEED_PORT = 6462;
    private static final long SPARE = 64 << 20;

    /** What all hosts together use of one core when they have nothing to do, at most, for each of them. */
    private static final double RESTING = 0.02;

    private static final Duration LOOK = Duration.ofMillis(500);
    private static final Duration MOST_REST = Duration.ofSeconds(20);

    private final Experiment experiment;
    private final Installation program;
    private final Workspace files;
    private final Path logs;
    private final Network network;
    private final List<Rack> racks = new ArrayList<>();
    private @Nullable DockerRegistry registry;
    private @Nullable Site seedSite;
    private @Nullable PantalaNode seed;
    private String hostSettings = "";

    private Fleet(Experiment experiment, Installation program, Workspace files, Path logs, Network network) {
        this.experiment = experiment;
        this.program = program;
        this.files = files;
        this.logs = logs;
        this.network = network;
    }

    /**
     * Starts all, as many hosts as the experiment needs at most, and waits until they are linked to the seed.
     *
     * @param logs where what the seed and the hosts say is written
     */
    static Fleet start(Experiment experiment, Installation program, Workspace files, Path logs, RegistryContent content)
            throws Exception {
        Fleet fleet = new Fleet(experiment, program, files, logs, Network.create());
        try {
            fleet.open(content);
            return fleet;
        } catch (Exception e) {
            fleet.close();
            throw e;
        }
    }

    private void open(RegistryContent content) throws Exception {
        for (int i = 0; i < experiment.zones(); i++) {
            network.addZone(zone(i), experiment.border());
        }
        Site registrySite = add(REGISTRY, 0, true);
        registry = DockerRegistry.counting(content, registrySite, REGISTRY_PORT, files.root());
        seedSite = add(SEED, 0, true);
        startSeed();
        hostSettings = common() + "seeds: " + seedSite.address() + ":" + SEED_PORT + "\n" + trust(seedSite);
        List<Host> hosts = new ArrayList<>();
        for (int i = 0; i < experiment.mostHosts(); i++) {
            String name = "host" + (i + 1);
            hosts.add(new Host(name, add(name, i, false), experiment.zones() == 0 ? "" : zone(i)));
        }
        network.introduce();
        for (int i = 0; i < hosts.size(); i += experiment.perProcess()) {
            racks.add(new Rack(
                    hosts.subList(i, Math.min(hosts.size(), i + experiment.perProcess())),
                    files.directory("hosts"),
                    logs));
        }
        revive();
    }

    private Site add(String name, int number, boolean source) throws IOException, InterruptedException {
        var rate = source ? experiment.source() : experiment.link();
        return experiment.zones() == 0 ? network.add(name, rate) : network.add(name, rate, zone(number));
    }

    private String zone(int number) {
        return ZONE + (1 + number % experiment.zones());
    }

    /** What seed and hosts are both told, lines of YAML. */
    private String common() {
        return """
                upstreams: {%s: {url: '%s'}}
                disk: {quota: %d}
                drain: {timeout: 0s}
                """.formatted(UPSTREAM, registry().uri(), quota(experiment))
                + (experiment.tls() ? "" : "plaintext: true\n");
    }

    private String trust(Site at) throws IOException, InterruptedException {
        if (!experiment.tls()) {
            return "";
        }
        String token = PantalaNode.joinToken(program, at, seedData());
        return "join: {token-file: '" + Files.writeString(files.root().resolve("join-token"), token) + "'}\n";
    }

    /** How many bytes of blobs each node keeps. */
    static long quota(Experiment experiment) {
        return 3 * experiment.largest() + SPARE;
    }

    private Path seedData() {
        return files.root().resolve("seed-data");
    }

    /** Starts the seed where it doesn't run. */
    void startSeed() throws IOException, InterruptedException {
        if (seed != null && seed.daemon().isRunning()) {
            return;
        }
        Site at = Objects.requireNonNull(seedSite);
        String zone = experiment.zones() == 0 ? "" : "zone: " + zone(0) + "\n";
        Path settings = Files.writeString(files.root().resolve("seed.yaml"), common() + zone);
        seed = PantalaNode.start(
                program,
                PantalaNode.Role.SEED,
                at,
                SEED,
                seedData(),
                at.address() + ":" + SEED_PORT,
                List.of("--config=" + settings),
                logs);
    }

    /** Starts what doesn't run, and waits until all hosts are linked to the seed. */
    void revive() throws Exception {
        startSeed();
        List<Callable<@Nullable Void>> starts = new ArrayList<>();
        for (Rack rack : racks) {
            starts.add(() -> {
                rack.ready(program, hostSettings);
                return null;
            });
        }
        int atOnce = 1 + Runtime.getRuntime().availableProcessors();
        try (ExecutorService threads = Executors.newFixedThreadPool(
                atOnce, Thread.ofPlatform().daemon().name("start-", 0).factory())) {
            try {
                for (Future<@Nullable Void> start : threads.invokeAll(starts)) {
                    start.get();
                }
            } catch (ExecutionException e) {
                throw e.getCause() instanceof IOException failure ? failure : new IOException(e.getCause());
            } finally {
                threads.shutdownNow();
            }
        }
    }

    /** The first so many hosts. */
    List<Host> hosts(int count) {
        return racks.stream()
                .flatMap(rack -> rack.hosts().stream())
                .limit(count)
                .toList();
    }

    List<Rack> racks() {
        return racks;
    }

    Network network() {
        return network;
    }

    DockerRegistry registry() {
        return Objects.requireNonNull(registry);
    }

    /** An engine on a host that pulls through its proxy. */
    Engine through(Host host, LongConsumer progress) {
        return new Engine(host.site(), host.proxy(), UPSTREAM, progress);
    }

    /** An engine on a host that pulls straight from the registry. */
    Engine straight(Host host, LongConsumer progress) {
        return new Engine(host.site(), registry().address(), null, progress);
    }

    /** What the seed counts; nothing when it doesn't run. */
    Metrics seedMetrics() throws InterruptedException {
        try {
            return seed == null ? Metrics.NONE : Metrics.of(Objects.requireNonNull(seedSite), seed.admin());
        } catch (IOException e) {
            return Metrics.NONE;
        }
    }

    void killSeed() {
        Objects.requireNonNull(seed).daemon().kill();
    }

    /** CPU time of all hosts so far. */
    Duration hostsCpu() {
        return racks.stream().map(Rack::cpu).reduce(Duration.ZERO, Duration::plus);
    }

    /** CPU time of the seed so far; none when it doesn't run. */
    Duration seedCpu() {
        try {
            return seed == null ? Duration.ZERO : seed.daemon().usage().cpu();
        } catch (IOException e) {
            return Duration.ZERO;
        }
    }

    /** Waits until hosts have done what a pull leaves them to do, which would disturb the next one. */
    void rest() throws InterruptedException {
        long end = System.nanoTime() + MOST_REST.toNanos();
        Duration before = hostsCpu();
        while (System.nanoTime() < end) {
            Thread.sleep(LOOK);
            Duration now = hostsCpu();
            if (now.minus(before).toNanos() < RESTING * racks.size() * LOOK.toNanos()) {
                return;
            }
            before = now;
        }
    }

    @Override
    public void close() {
        boolean interrupted = Thread.interrupted();
        List<Runnable> ends = new ArrayList<>();
        racks.forEach(rack -> ends.add(rack::kill));
        if (seed != null) {
            ends.add(seed.daemon()::kill);
        }
        if (registry != null) {
            ends.add(registry::close);
        }
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            ends.forEach(threads::execute);
        }
        network.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
