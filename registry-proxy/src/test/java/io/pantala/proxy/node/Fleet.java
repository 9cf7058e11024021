package io.pantala.proxy.node;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pantala.manifest.Digest;
import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.config.HostConfig;
import io.pantala.proxy.config.Key;
import io.pantala.proxy.config.LinksConfig;
import io.pantala.proxy.config.NodeConfig;
import io.pantala.proxy.config.ProxyMode;
import io.pantala.proxy.config.Rates;
import io.pantala.proxy.config.SeedConfig;
import io.pantala.proxy.config.Settings;
import io.pantala.proxy.http.Access;
import io.pantala.proxy.logging.LogConfig;
import io.pantala.proxy.pull.PullConfig;
import io.pantala.registry.FakeRegistry;
import io.pantala.registry.Upstreams;
import io.pantala.seed.backfill.BackfillConfig;
import io.pantala.seed.cluster.ClusterConfig;
import io.pantala.seed.cluster.ClusterOperator;
import io.pantala.seed.schedule.ConductorConfig;
import io.pantala.seed.schedule.Zone;
import io.pantala.seed.tracker.TrackerConfig;
import io.pantala.swarm.download.SwarmConfig;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.control.ControlConfig;
import io.pantala.transport.identity.Role;
import io.pantala.transport.identity.Token;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A registry and whole nodes of a cluster, in one process, each with a clock of its own. */
final class Fleet {
    static final NodeAddress ANY = new NodeAddress("127.0.0.1", 0);
    static final UpstreamName NAME = UpstreamName.parse("registry.test");
    static final String REPOSITORY = "team/app";

    final FakeRegistry registry = FakeRegistry.start();
    final HttpClient http = HttpClient.newHttpClient();
    private final Path directory;
    private final Random random = new Random(7);
    private final Deque<AutoCloseable> running = new ArrayDeque<>();
    private NodeAddress any = ANY;

    Fleet(Path directory) {
        this.directory = directory;
    }

    /** Shows the time as this machine does, and so much more. */
    static final class Shifted extends Clock {
        private volatile Duration shift = Duration.ZERO;

        void to(Duration later) {
            shift = later;
        }

        @Override
        public Instant instant() {
            return Instant.now().plus(shift);
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }

    /** From now on, nodes listen at this address. */
    void at(String address) {
        any = new NodeAddress(address, 0);
    }

    NodeAddress any() {
        return any;
    }

    static Tuning tuning(Clock clock) {
        return tuning(Tuning.DEFAULT.local(), clock);
    }

    /** To such a node, nobody is on the same machine. */
    static Tuning remote() {
        return tuning(_ -> false, Clock.systemUTC());
    }

    /** Such a node lets engines wait for as long as a test may keep a registry from sending, and a machine from running. */
    static Tuning patient() {
        Duration most = Duration.ofMinutes(2);
        return tuning(
                new PullConfig(most, most.multipliedBy(2), most, most, most, most, PullConfig.DEFAULT.proof(), most),
                Tuning.DEFAULT.local(),
                Clock.systemUTC());
    }

    private static Tuning tuning(Predicate<InetAddress> local, Clock clock) {
        return tuning(PullConfig.DEFAULT, local, clock);
    }

    /** Such a seed waits for what hosts and registries hold, and such a host for it, for as long as a test may take. */
    static Tuning waiting() {
        Duration most = Duration.ofMinutes(1);
        Tuning patient = patient();
        BackfillConfig backfill = patient.backfill();
        SwarmConfig swarm = patient.swarm();
        TrackerConfig tracker = patient.tracker();
        return new Tuning(
                patient.registry(),
                new BackfillConfig(
                        backfill.firstSegment(),
                        backfill.largestSegment(),
                        backfill.parallelSegments(),
                        backfill.parallelRequests(),
                        most,
                        most,
                        most,
                        backfill.grace(),
                        backfill.attempts(),
                        backfill.firstDelay(),
                        backfill.longestDelay(),
                        most),
                patient.pull(),
                new SwarmConfig(
                        most,
                        most,
                        most,
                        swarm.credential(),
                        swarm.grace(),
                        swarm.blocksPerBlob(),
                        swarm.transfers(),
                        swarm.tries(),
                        swarm.downloads()),
                new TrackerConfig(
                        tracker.control(),
                        tracker.wants(),
                        // Hashes come with orders, or not at all before the end.
                        most,
                        tracker.credentialAnswer(),
                        tracker.credentialWait(),
                        most,
                        tracker.conductor()),
                patient.control(),
                patient.blocks(),
                patient.local(),
                patient.clock());
    }

    /** Such a node waits for a seed that it has lost for as long as a test may take to start it anew. */
    static Tuning hopeful() {
        Tuning patient = patient();
        ControlConfig control = patient.control();
        return new Tuning(
                patient.registry(),
                patient.backfill(),
                patient.pull(),
                patient.swarm(),
                patient.tracker(),
                new ControlConfig(
                        control.versions(),
                        control.handshake(),
                        control.ping(),
                        control.silence(),
                        control.shortestBackOff(),
                        control.longestBackOff(),
                        Duration.ofMinutes(1),
                        control.news(),
                        control.resolve(),
                        control.backlog()),
                patient.blocks(),
                patient.local(),
                patient.clock());
    }

    /** Such a seed holds it against nobody to be late, as on a busy machine all are. */
    static Tuning forgiving() {
        Tuning usual = Tuning.DEFAULT;
        TrackerConfig tracker = usual.tracker();
        ConductorConfig conductor = tracker.conductor();
        return new Tuning(
                usual.registry(),
                usual.backfill(),
                usual.pull(),
                usual.swarm(),
                new TrackerConfig(
                        tracker.control(),
                        tracker.wants(),
                        tracker.gather(),
                        tracker.credentialAnswer(),
                        tracker.credentialWait(),
                        tracker.settle(),
                        new ConductorConfig(
                                conductor.slots(),
                                conductor.seedSlots(),
                                conductor.mostSlots(),
                                conductor.relays(),
                                conductor.looks(),
                                conductor.window(),
                                conductor.crossings(),
                                conductor.mostCrossings(),
                                Duration.ZERO,
                                conductor.suspension(),
                                conductor.longestSuspension(),
                                conductor.taskLife())),
                usual.control(),
                usual.blocks(),
                usual.local(),
                usual.clock());
    }

    private static Tuning tuning(PullConfig pull, Predicate<InetAddress> local, Clock clock) {
        return new Tuning(
                Tuning.DEFAULT.registry(),
                Tuning.DEFAULT.backfill(),
                pull,
                Tuning.DEFAULT.swarm(),
                Tuning.DEFAULT.tracker(),
                Tuning.DEFAULT.control(),
                Tuning.DEFAULT.blocks(),
                local,
                clock);
    }

    Seed seed(String name) throws StartException {
        return seed(new SeedConfig(any, node(name)), Tuning.DEFAULT);
    }

    Seed seed(SeedConfig config, Tuning tuning) throws StartException {
        return keep(Seed.start(config, tuning));
    }

    Seed seed(String name, NodeAddress listen, Tuning tuning) throws StartException {
        return seed(new SeedConfig(listen, node(name)), tuning);
    }

    /** Another seed of the same cluster. */
    Seed seed(String name, Token token, NodeAddress... others) throws StartException {
        return seed(
                new SeedConfig(
                        any,
                        List.of(others),
                        Optional.of(token),
                        Optional.empty(),
                        false,
                        Optional.empty(),
                        node(name)),
                Tuning.DEFAULT);
    }

    /** One that is started again, at an address of its own, and knows others. */
    Seed seed(String name, NodeAddress listen, NodeAddress... others) throws StartException {
        return seed(
                new SeedConfig(
                        listen,
                        List.of(others),
                        Optional.empty(),
                        Optional.empty(),
                        false,
                        Optional.empty(),
                        node(name)),
                Tuning.DEFAULT);
    }

    Seed seed(String name, Tuning tuning) throws StartException {
        return seed(new SeedConfig(any, node(name)), tuning);
    }

    /** As it was told or, with nothing, with an authority of its own. */
    Seed seed(String name, Optional<ClusterConfig.Given> authority) throws StartException {
        return seed(
                new SeedConfig(any, List.of(), Optional.empty(), authority, false, Optional.empty(), node(name)),
                Tuning.DEFAULT);
    }

    Host host(String name, Token token, NodeAddress... seeds) throws StartException {
        return host(name, token, Tuning.DEFAULT, seeds);
    }

    Host host(String name, Token token, Tuning tuning, NodeAddress... seeds) throws StartException {
        return host(name, LinksConfig.joining(List.of(seeds), token, any), tuning);
    }

    /** One whose links are plain. */
    Host plainHost(String name, Tuning tuning, NodeAddress... seeds) throws StartException {
        return host(name, new LinksConfig(List.of(seeds), Optional.empty(), true, any, Optional.empty()), tuning);
    }

    /** One that tells others to come to another address than its own. */
    Host plainHostAt(NodeAddress advertised, String name, Tuning tuning, NodeAddress... seeds) throws StartException {
        return host(
                name, new LinksConfig(List.of(seeds), Optional.empty(), true, any, Optional.of(advertised)), tuning);
    }

    private Host host(String name, LinksConfig links, Tuning tuning) throws StartException {
        return keep(Host.start(
                new HostConfig(ANY, links, NAME, ProxyMode.DEFAULT, Access.open(), true, true, node(name)), tuning));
    }

    /** One that is told what users tell it, and so where it is. */
    Host hostIn(String zone, String name, Tuning tuning, NodeAddress seed) throws StartException {
        Settings settings = settings(
                name,
                Map.of(
                        Key.LISTEN, ANY.toString(),
                        Key.SEEDS, seed.toString(),
                        Key.DEFAULT_UPSTREAM, NAME.value(),
                        Key.ZONE, zone));
        return keep(Host.start(HostConfig.read(settings), tuning));
    }

    /** The same of a seed. */
    Seed seedIn(String zone, String name, Tuning tuning) throws StartException {
        Settings settings = settings(name, Map.of(Key.SEED_LISTEN, ANY.toString(), Key.ZONE, zone));
        return seed(SeedConfig.read(settings), tuning);
    }

    private Settings settings(String node, Map<Key, String> own) {
        Map<Key, String> all = new EnumMap<>(own);
        all.put(Key.ADMIN_LISTEN, ANY.toString());
        all.put(Key.DATA_DIR, directory(node).toString());
        all.put(Key.DRAIN_TIMEOUT, "1s");
        all.put(Key.UPSTREAM_URL, NAME.value() + "=" + registry.url());
        Map<Key, List<String>> flags = new EnumMap<>(Key.class);
        all.forEach((key, value) -> flags.put(key, List.of(value)));
        return Settings.read(null, flags, Map.of());
    }

    /** With plain links on this machine. */
    Host plainHost(String name, NodeAddress... seeds) throws StartException {
        return keep(Host.start(new HostConfig(ANY, List.of(seeds), NAME, node(name))));
    }

    <N extends AutoCloseable> N keep(N node) {
        running.push(node);
        return node;
    }

    NodeConfig node(String name) {
        return node(name, Rates.NONE);
    }

    NodeConfig node(String name, Rates rates) {
        return new NodeConfig(
                ANY,
                directory(name),
                OptionalLong.of(100 << 20),
                new Upstreams(List.of(registry.upstream(NAME.value()))),
                Map.of(),
                Zone.NONE,
                rates,
                Duration.ofSeconds(1),
                LogConfig.DEFAULT);
    }

    Path directory(String name) {
        return directory.resolve(name);
    }

    ClusterOperator operator(String seed) throws IOException {
        return ClusterOperator.of(directory(seed), Clock.systemUTC());
    }

    Token token(String seed) throws IOException {
        return operator(seed).newToken(Role.HOST, Optional.empty());
    }

    /** What a node calls itself. */
    String name(String node) throws IOException {
        return Identity.of(directory(node));
    }

    /** An image of one layer, in the registry; its manifest. */
    byte[] image(String tag, Digest layer, int size) {
        Digest config = registry.blob(REPOSITORY, "{}".getBytes(UTF_8));
        String type = "application/vnd.oci.image.manifest.v1+json";
        byte[] manifest = """
                {"schemaVersion": 2, "mediaType": "%s",
                 "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "%s", "size": 2},
                 "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": "%s", "size": %d}]}
                """.formatted(type, config, layer, size).getBytes(UTF_8);
        registry.manifest(REPOSITORY, tag, type, manifest);
        return manifest;
    }

    byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    HttpResponse<byte[]> pull(Host host, Digest blob, String... headers) throws IOException, InterruptedException {
        return get(host, "blobs/" + blob, headers);
    }

    /** What a host has of {@link #REPOSITORY}. */
    HttpResponse<byte[]> get(Host host, String what, String... headers) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://" + host.listen() + "/v2/" + REPOSITORY + "/" + what))
                .timeout(Duration.ofSeconds(60));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    String metrics(NodeAddress admin) throws IOException, InterruptedException {
        return ask(admin, "/metrics");
    }

    /** What a node has to say at one of its listeners. */
    String ask(NodeAddress admin, String path) throws IOException, InterruptedException {
        return http.send(
                        HttpRequest.newBuilder(URI.create("http://" + admin + path))
                                .timeout(Duration.ofSeconds(30))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
    }

    /** A metric's value; 0 as long as there is none of this name and labels. */
    double metric(NodeAddress admin, String name) throws IOException, InterruptedException {
        Matcher line =
                Pattern.compile("(?m)^" + Pattern.quote(name) + " (\\S+)$").matcher(metrics(admin));
        return line.find() ? Double.parseDouble(line.group(1)) : 0;
    }

    /** Waits until a host has counted what it had from seeds: readers have a block before it is counted. */
    void awaitFromSeed(Host host, double bytes) {
        await().untilAsserted(() -> assertThat(metric(host.admin(), "pantala_source_bytes_total{source=\"seed\"}"))
                .isEqualTo(bytes));
    }

    /** Waits until a host is linked to so many seeds. */
    void awaitLinks(Host host, int count) {
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(() ->
                        assertThat(metric(host.admin(), "pantala_seed_links")).isEqualTo(count));
    }

    void close() throws Exception {
        while (!running.isEmpty()) {
            running.pop().close();
        }
        http.shutdownNow();
        registry.close();
    }
}
