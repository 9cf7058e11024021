package io.pantala.proxy.pull;

import com.github.benmanes.caffeine.cache.Ticker;
import io.pantala.manifest.BlobKey;
import io.pantala.manifest.Digest;
import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.grant.Grants;
import io.pantala.proxy.http.Access;
import io.pantala.proxy.http.ProxyConfig;
import io.pantala.proxy.http.ProxyServer;
import io.pantala.proxy.http.RawClient;
import io.pantala.proxy.http.RequestListener;
import io.pantala.proxy.http.RequestSummary;
import io.pantala.proxy.intercept.CertificateAuthority;
import io.pantala.proxy.intercept.ConnectConfig;
import io.pantala.proxy.intercept.ConnectListener;
import io.pantala.proxy.intercept.Connects;
import io.pantala.proxy.intercept.Destinations;
import io.pantala.proxy.notes.MemoryNotes;
import io.pantala.registry.FakeRegistry;
import io.pantala.registry.RegistryClient;
import io.pantala.registry.RegistryConfig;
import io.pantala.registry.RegistryListener;
import io.pantala.registry.Upstream;
import io.pantala.registry.Upstreams;
import io.pantala.seed.backfill.BackfillConfig;
import io.pantala.seed.backfill.BackfillListener;
import io.pantala.seed.backfill.Backfills;
import io.pantala.store.BlobStore;
import io.pantala.store.StoreConfig;
import io.pantala.store.StoreListener;
import io.pantala.store.StoredBlob;
import io.pantala.swarm.BlobFiller;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/** A host's proxy in this process, before two registries: what a test of pulls needs. */
final class Host implements AutoCloseable, PullListener, RequestListener {
    static final String UPSTREAM = "registry.test";
    static final String OTHER_UPSTREAM = "other.test";

    final FakeRegistry registry = FakeRegistry.start();
    final FakeRegistry other = FakeRegistry.start();
    final AtomicLong nanos = new AtomicLong();
    final BlobStore store;
    final Map<Source, AtomicLong> toEngines = new EnumMap<>(Source.class);
    final Map<Reason, AtomicLong> passedThrough = new EnumMap<>(Reason.class);
    final ConcurrentLinkedQueue<Duration> firstBytes = new ConcurrentLinkedQueue<>();
    final ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();
    final ConcurrentLinkedQueue<BlobKey> mismatches = new ConcurrentLinkedQueue<>();
    final ConcurrentLinkedQueue<RequestSummary> requests = new ConcurrentLinkedQueue<>();

    /** Names that are resolved to loopback addresses, and that may be. */
    final Set<String> local = ConcurrentHashMap.newKeySet();

    final CompletableFuture<CertificateAuthority> authority = new CompletableFuture<>();

    private final Destinations destinations = new Destinations(
            to -> local.contains(to.host()),
            _ -> false,
            host -> local.contains(host)
                    ? new InetAddress[] {InetAddress.getLoopbackAddress()}
                    : InetAddress.getAllByName(host));
    Knowledge knowledge = new Knowledge(new MemoryNotes(), new MemoryNotes(), new MemoryNotes(), Clock.systemUTC());

    private final Vertx vertx = Vertx.vertx();
    private final RegistryClient client;
    private final ConcurrentLinkedQueue<ProxyServer> servers = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Backfills> closing = new ConcurrentLinkedQueue<>();

    /** @param more upstreams beside the two */
    Host(Path directory, Upstream... more) throws Exception {
        store = BlobStore.open(
                new StoreConfig(directory.resolve("store"), OptionalLong.of(1L << 30)),
                StoreListener.NONE,
                Clock.systemUTC());
        client = new RegistryClient(
                vertx,
                new Upstreams(Stream.concat(
                                Stream.of(registry.upstream(UPSTREAM), other.upstream(OTHER_UPSTREAM)), Stream.of(more))
                        .toList()),
                new RegistryConfig(Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofSeconds(5), 64),
                RegistryListener.NONE);
        Arrays.stream(Source.values()).forEach(source -> toEngines.put(source, new AtomicLong()));
        Arrays.stream(Reason.values()).forEach(reason -> passedThrough.put(reason, new AtomicLong()));
    }

    /** Starts to listen; the port. */
    int start(BlobFiller... fillers) throws IOException {
        return start(patience(Duration.ofSeconds(20), Duration.ofSeconds(20)), fillers);
    }

    static PullConfig patience(Duration stall, Duration gap) {
        return new PullConfig(
                Duration.ofSeconds(10),
                Duration.ofSeconds(10),
                Duration.ofSeconds(3),
                Duration.ofSeconds(5),
                stall,
                gap,
                Duration.ofMillis(1),
                Duration.ofSeconds(5));
    }

    int start(PullConfig config, BlobFiller... fillers) throws IOException {
        var pulls = new Pulls(
                store,
                client,
                new Grants(client, ticker(), Clock.systemUTC()),
                List.of(fillers),
                destinations,
                knowledge,
                true,
                config,
                this);
        ProxyServer server = ProxyServer.start(
                vertx,
                new ProxyConfig(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        UpstreamName.parse(UPSTREAM),
                        _ -> false,
                        Access.open(),
                        Duration.ofMinutes(1),
                        Duration.ZERO,
                        100),
                client.upstreams(),
                new Connects(
                        to -> client.upstreams().at(to.host(), to.port(), true).map(Upstream::name),
                        authority,
                        destinations,
                        ConnectConfig.DEFAULT,
                        ConnectListener.NONE),
                pulls,
                this);
        servers.add(server);
        return server.port();
    }

    /** What fills the store from the registries, as a host alone does it. */
    Backfills backfills(Path spool) {
        var backfills = new Backfills(
                store,
                spool,
                client,
                new BackfillConfig(
                        1 << 20,
                        1 << 20,
                        4,
                        16,
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(5),
                        3,
                        Duration.ofMillis(1),
                        Duration.ofMillis(10),
                        Duration.ofSeconds(5)),
                BackfillListener.NONE);
        closing.add(backfills);
        return backfills;
    }

    /** A connection to a new proxy with these fillers, which soon gives up what does not come. */
    RawClient impatientEngine(BlobFiller... fillers) throws IOException {
        return new RawClient(start(patience(Duration.ofSeconds(20), Duration.ofMillis(200)), fillers));
    }

    /** A connection to a new proxy with these fillers. */
    RawClient engine(BlobFiller... fillers) throws IOException {
        return new RawClient(start(fillers));
    }

    Ticker ticker() {
        return nanos::get;
    }

    RegistryClient client() {
        return client;
    }

    /** What is stored of a blob, a lease. */
    StoredBlob stored(byte[] content) {
        return store.find(key(content)).orElseThrow();
    }

    static BlobKey key(byte[] content) {
        return new BlobKey(UpstreamName.parse(UPSTREAM), Digest.sha256(content));
    }

    static byte[] content(int size) {
        byte[] content = new byte[size];
        new Random(size).nextBytes(content);
        return content;
    }

    @Override
    public void bytesToEngine(Source source, long bytes) {
        counter(toEngines, source).addAndGet(bytes);
    }

    @Override
    public void firstByte(Duration sinceRequest) {
        firstBytes.add(sinceRequest);
    }

    @Override
    public void passedThrough(UpstreamName upstream, Digest digest, Reason reason, long bytes) {
        counter(passedThrough, reason).addAndGet(bytes);
    }

    @Override
    public void mismatch(BlobKey key) {
        mismatches.add(key);
    }

    @Override
    public void failed(String kind) {
        failures.add(kind);
    }

    @Override
    public void ended(RequestSummary summary) {
        requests.add(summary);
    }

    long sent(Source source) {
        return counter(toEngines, source).get();
    }

    long passed(Reason reason) {
        return counter(passedThrough, reason).get();
    }

    private static <K> AtomicLong counter(Map<K, AtomicLong> counters, K key) {
        return counters.computeIfAbsent(key, _ -> new AtomicLong());
    }

    @Override
    public void close() {
        servers.forEach(ProxyServer::close);
        closing.forEach(Backfills::close);
        client.close();
        registry.close();
        other.close();
        store.close();
        vertx.close()
                .toCompletionStage()
                .toCompletableFuture()
                .orTimeout(10, TimeUnit.SECONDS)
                .join();
    }
}
