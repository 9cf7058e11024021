package io.pantala.proxy.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.Digest;
import io.pantala.proxy.config.Rates;
import io.pantala.proxy.config.SeedConfig;
import io.pantala.registry.Bytes;
import io.pantala.registry.Fault;
import io.pantala.seed.backfill.BackfillConfig;
import io.pantala.seed.schedule.ConductorConfig;
import io.pantala.store.BlobStore;
import io.pantala.store.BlockWriter;
import io.pantala.store.StoreException;
import io.pantala.store.StoreListener;
import io.pantala.store.StoredBlob;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.Role;
import io.pantala.transport.identity.Token;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

@Timeout(120)
class ManyHostsTest {
    private static final Logger LOG = LoggerFactory.getLogger(ManyHostsTest.class);

    /** Blobs that an engine asks for at once. */
    private static final int AT_ONCE = 4;

    private static final String LINKS = "pantala_seed_links";
    private static final String FROM_PEERS = "pantala_source_bytes_total{source=\"peer\"}";
    private static final String FROM_SEED = "pantala_source_bytes_total{source=\"seed\"}";
    private static final String RECEIVED =
            "pantala_upstream_received_bytes_total{upstream=\"" + Fleet.NAME.value() + "\"}";
    private static final String SENT = "pantala_blocks_sent_bytes_total";

    /** Blocks that were waited for until their source was given up; others can send them long before. */
    private static final String TIMED_OUT = "pantala_blocks_refused_total{reason=\"timed_out\",source=\"peer\"}";

    private static final String FROM_REGISTRY = "pantala_source_bytes_total{source=\"registry\"}";

    private final ExecutorService engines = Executors.newVirtualThreadPerTaskExecutor();
    private Fleet fleet;

    /** When hosts were asked for a blob or, where the fault came later, when it had come. */
    private long since;

    @BeforeEach
    void open(@TempDir Path directory) {
        fleet = new Fleet(directory);
    }

    @AfterEach
    void close() throws Exception {
        engines.close();
        fleet.close();
    }

    @ParameterizedTest
    @CsvSource({"4, 8", "6, 8", "8, 8", "6, 16", "10, 16", "12, 16"})
    void takeABlobFromOneAnother(int count, int mebibytes) throws Exception {
        Seed seed = fleet.seed("seed");
        List<Host> hosts = hosts(count, seed);
        byte[] bytes = fleet.bytes(mebibytes << 20);
        Digest blob = fleet.registry.blob(Fleet.REPOSITORY, bytes);

        assertAllGet(bytes, pulls(hosts, blob));

        assertThat(fleet.registry.bytesSent(blob)).isEqualTo(bytes.length);
        double fromPeers = sum(hosts, FROM_PEERS);
        double fromSeed = sum(hosts, FROM_SEED);
        assertThat(sum(hosts, FROM_REGISTRY)).isZero();
        assertThat(fromPeers + fromSeed).isBetween((double) count * bytes.length, (count + 0.5) * bytes.length);
        assertThat(fromSeed).isLessThan(4.0 * bytes.length);
        // Each block is told of once, though on a busy machine some come twice.
        assertThat(explained(hosts, blob, "peer")).isLessThanOrEqualTo(sum(hosts, FROM_PEERS));
        assertThat(explained(hosts, blob, "peer") + explained(hosts, blob, "seed"))
                .isEqualTo((double) count * bytes.length);
    }

    @Test
    void overTlsTakeABlobFromOneAnother() throws Exception {
        Seed seed = fleet.seed("seed");
        Token token = fleet.token("seed");
        List<Host> hosts = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            hosts.add(fleet.host("host-" + i, token, seed.listen()));
        }
        for (Host host : hosts) {
            fleet.awaitLinks(host, 1);
        }
        byte[] bytes = fleet.bytes(8 << 20);
        Digest blob = fleet.registry.blob(Fleet.REPOSITORY, bytes);

        assertAllGet(bytes, pulls(hosts, blob));

        assertThat(fleet.registry.bytesSent(blob)).isEqualTo(bytes.length);
        assertThat(sum(hosts, FROM_PEERS)).isPositive();
    }

    @Test
    void passBlocksOnWhileTheyStillComeFromASlowSeed() throws Exception {
        Seed seed = fleet.seed(
                new SeedConfig(
                        new NodeAddress("127.0.0.1", 0),
                        fleet.node("seed", new Rates(4 << 20, Long.MAX_VALUE, Long.MAX_VALUE))),
                Tuning.DEFAULT);
        List<Host> hosts = hosts(6, seed);
        byte[] bytes = fleet.bytes(8 << 20);
        Digest blob = fleet.registry.blob(Fleet.REPOSITORY, bytes);

        assertAllGet(bytes, pulls(hosts, blob));

        assertThat(fleet.registry.bytesSent(blob)).isEqualTo(bytes.length);
        assertThat(sum(hosts, "pantala_blocks_relayed_total")).isPositive();
    }

    @Test
    void areSeenByTheApiOfTheirSeed() throws Exception {
        Seed seed = fleet.seed("seed");
        List<Host> hosts = hosts(3, seed);
        byte[] bytes = fleet.bytes(8 << 20);
        GatedBytes gated = new GatedBytes(bytes, 4 << 20);
        Digest blob = blob(bytes, gated);
        List<CompletableFuture<HttpResponse<byte[]>>> pulls = pulls(hosts, blob);
        awaitHeld(hosts, 3 << 20);

        JsonNode all = new ObjectMapper().readTree(fleet.ask(seed.listen(), "/api/v1/swarms"));
        JsonNode swarm = new ObjectMapper()
                .readTree(fleet.ask(seed.listen(), "/api/v1/swarms/" + blob))
                .path("swarms")
                .path(0);

        assertThat(all.findValuesAsText("digest")).containsExactly(blob.toString());
        assertThat(all.findValues("hosts")).isEmpty();
        int blocks = swarm.path("blocks").asInt();
        assertThat(swarm.path("bytes").asInt()).isEqualTo(bytes.length);
        assertThat(swarm.path("seedHolds").asInt()).isBetween(blocks / 3, blocks - 1);
        assertThat(swarm.path("seedSentFirst").asInt()).isBetween(blocks / 3, blocks - 1);
        assertThat(swarm.path("hostsWanting").asInt()).isEqualTo(3);
        assertThat(swarm.path("hosts")).hasSize(3).allSatisfy(host -> {
            assertThat(host.path("holds").asInt()).isBetween(blocks / 3, blocks - 1);
            assertThat(host.path("wants").asBoolean()).isTrue();
            assertThat(host.path("downloadBytesPerSecond").asLong()).isPositive();
        });

        gated.openAll();
        assertAllGet(bytes, pulls);
        await().until(() -> fleet.ask(seed.listen(), "/api/v1/swarms/" + blob).contains("no host takes or wants"));
    }

    @Test
    void thatComeLateTakeWhatOthersHold() throws Exception {
        Seed seed = fleet.seed("seed");
        List<Host> hosts = hosts(4, seed);
        byte[] bytes = fleet.bytes(4 << 20);
        Digest blob = fleet.registry.blob(Fleet.REPOSITORY, bytes);
        assertAllGet(bytes, pulls(hosts.subList(0, 3), blob));

        Host late = hosts.getLast();
        assertAllGet(bytes, pulls(List.of(late), blob));

        assertThat(fleet.registry.bytesSent(blob)).isEqualTo(bytes.length);
        assertThat(fleet.metric(late.admin(), FROM_PEERS)).isGreaterThan(fleet.metric(late.admin(), FROM_SEED));
    }

    @Test
    void dieInTheMiddleAndNobodyElseNotices() throws Exception {
        Seed seed = fleet.seed("seed", Fleet.waiting());
        List<Host> hosts = hosts(10, seed);
        byte[] bytes = fleet.bytes(16 << 20);
        GatedBytes gated = new GatedBytes(bytes, 8 << 20);
        Digest blob = blob(bytes, gated);
        List<CompletableFuture<HttpResponse<byte[]>>> pulls = pulls(hosts, blob);
        awaitHeld(hosts, 6 << 20);

        hosts.get(2).close();
        hosts.get(7).close();
        gated.openAll();
        since = System.nanoTime();

        assertAllGet(bytes, without(pulls, 2, 7));
        assertThat(fleet.registry.bytesSent(blob)).isEqualTo(bytes.length);
    }

    @Test
    void comeBackWithWhatTheyHadOfABlob() throws Exception {
        Seed seed = fleet.seed("seed", Fleet.waiting());
        List<Host> hosts = hosts(4, seed);
        byte[] bytes = fleet.bytes(8 << 20);
        GatedBytes gated = new GatedBytes(bytes, 4 << 20);
        Digest blob = blob(bytes, gated);
        List<CompletableFuture<HttpResponse<byte[]>>> pulls = pulls(hosts, blob);
        awaitHeld(hosts, 3 << 20);
        Set<Integer> before = received(hosts.getLast(), blob).keySet();

        hosts.getLast().close();
        Host again = fleet.plainHost("host-3", Fleet.patient(), seed.listen());
        fleet.awaitLinks(again, 1);
        List<CompletableFuture<HttpResponse<byte[]>>> pull = pulls(List.of(again), blob);
        gated.openAll();

        assertAllGet(bytes, without(pulls, 3));
        assertAllGet(bytes, pull);
        assertThat(fleet.registry.bytesSent(blob)).isEqualTo(bytes.length);
        assertThat(received(again, blob).keySet()).isNotEmpty().doesNotContainAnyElementsOf(before);
        assertThat(fleet.metric(again.admin(), FROM_REGISTRY)).isZero();
    }

    /** Over the border comes what the zone lacks, and of that each block to one host, which then is the others' source. */
    @Test
    void takeEachBlockOverABorderOnce() throws Exception {
        Seed seed = fleet.seedIn("eu/a", "seed", Fleet.forgiving());
        List<Host> near = hostsIn("eu/a", seed);
        List<Host> far = hostsIn("eu/b", seed);
        List<Host> hosts = Stream.concat(near.stream(), far.stream()).toList();
        byte[] bytes = fleet.bytes(8 << 20);
        Digest blob = fleet.registry.blob(Fleet.REPOSITORY, bytes);

        assertAllGet(bytes, pulls(hosts, blob));

        assertThat(fleet.registry.bytesSent(blob)).isEqualTo(bytes.length);
        int blocks = BlockLayout.of(bytes.length).count();
        int there =
                far.size() * blocks - receivedFrom(far, blob, addresses(far)).size();
        int back = receivedFrom(near, blob, addresses(far)).size();
        LOG.info("Of {} blocks {} crossed the border, and {} back", blocks, there, back);
        // The seed's own zone needs nothing from over there; a block crosses again where it was cut short inside the
        // zone.
        assertThat(there + back).isBetween(blocks, blocks + blocks / 4);
    }

    @ParameterizedTest
    @EnumSource
    void areNotMisledByOneThat(StrangePeer.Way way) throws Exception {
        Seed seed = fleet.seed("seed");
        List<Host> hosts = hosts(8, seed);
        List<Digest> blobs = new ArrayList<>();
        try (StrangePeer strange = new StrangePeer(way, seed.listen())) {
            // Until what it does seldom has happened.
            do {
                byte[] bytes = fleet.bytes(8 << 20);
                Digest blob = fleet.registry.blob(Fleet.REPOSITORY, bytes);
                blobs.add(blob);
                strange.hold(new BlobKey(Fleet.NAME, blob), bytes);

                assertAllGet(bytes, pulls(hosts, blob));

                assertThat(fleet.registry.bytesSent(blob)).isEqualTo(bytes.length);
            } while (way == StrangePeer.Way.SELDOM_CORRUPT && strange.asked.get() < StrangePeer.SELDOM);

            assertThat(strange.asked).hasPositiveValue();
            if (way.sendsWrongBytes()) {
                assertThat(strange.spoilt).hasPositiveValue();
                assertIsNamed(strange, hosts, blobs);
            }
            if (way == StrangePeer.Way.CRAWLING) {
                assertThat(sum(hosts, TIMED_OUT)).isZero();
            }
        }
    }

    /** As the sender of each block that was wrong and of no other, by the hosts that asked for it. */
    private void assertIsNamed(StrangePeer corrupt, List<Host> hosts, List<Digest> blobs) throws Exception {
        String from = corrupt.address().toString();
        assertThat(sum(hosts, "pantala_blocks_corrupt_total{from=\"" + from + "\"}"))
                .isEqualTo(sum(hosts, "pantala_blocks_refused_total{reason=\"corrupt\",source=\"peer\"}"))
                .isEqualTo(corrupt.spoilt.get());
        List<JsonNode> wrong = new ArrayList<>();
        for (Digest blob : blobs) {
            explanations(hosts, blob).stream()
                    .flatMap(told -> told.findValues("retries").stream())
                    .flatMap(retries -> StreamSupport.stream(retries.spliterator(), false))
                    .filter(retry -> retry.path("why").asText().equals("sent wrong bytes"))
                    .forEach(wrong::add);
        }
        assertThat(wrong)
                .isNotEmpty()
                .allSatisfy(retry -> assertThat(retry.path("from").asText()).isEqualTo(from));
    }

    /** What has come is kept to the byte; a reset alone throws away what had not been read of the connection. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whoseRegistryFailsInTheMiddleStillGetAll(boolean reset) throws Exception {
        Seed seed = fleet.seed("seed");
        List<Host> hosts = hosts(6, seed);
        byte[] bytes = fleet.bytes(8 << 20);
        Digest blob = fleet.registry.blob(Fleet.REPOSITORY, bytes);
        // Twice, in the middle of a block.
        fleet.registry.always("/blobs/" + blob, new Fault.Cut(3_100_000, reset));

        assertAllGet(bytes, pulls(hosts, blob));

        assertThat(fleet.metric(seed.admin(), RECEIVED)).isEqualTo(bytes.length);
        assertThat(sum(hosts, FROM_REGISTRY)).isZero();
        if (!reset) {
            assertThat(fleet.registry.bytesSent(blob)).isEqualTo(bytes.length);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 50, 90})
    void goOnWhenTheirSeedIsStartedAnew(int percent) throws Exception {
        Seed seed = fleet.seed("seed", Fleet.waiting());
        List<Host> hosts = hosts(6, seed);
        byte[] bytes = fleet.bytes(16 << 20);
        int let = bytes.length / 100 * percent;
        GatedBytes gated = new GatedBytes(bytes, let);
        Digest blob = blob(bytes, gated);
        List<CompletableFuture<HttpResponse<byte[]>>> pulls = pulls(hosts, blob);
        awaitHeld(hosts, let - (1 << 20));

        seed.close();
        gated.openAll();
        since = System.nanoTime();
        fleet.seed("seed", seed.listen());

        assertAllGet(bytes, pulls);
        assertThat(sum(hosts, FROM_REGISTRY)).isZero();
        // Again is sent but what had come of the blocks that were on their way.
        long cut = (long) BackfillConfig.DEFAULT.parallelSegments()
                * BlockLayout.of(bytes.length).blockSize();
        assertThat(fleet.registry.bytesSent(blob)).isLessThanOrEqualTo(bytes.length + cut);
    }

    @Test
    void beginWhileTheirSeedIsStartedAnewAndWaitForIt() throws Exception {
        Seed seed = fleet.seed("seed");
        List<Host> hosts = hosts(6, seed, Fleet.hopeful());
        byte[] bytes = fleet.bytes(8 << 20);
        Digest blob = fleet.registry.blob(Fleet.REPOSITORY, bytes);
        seed.close();
        for (Host host : hosts) {
            fleet.awaitLinks(host, 0);
        }
        List<CompletableFuture<HttpResponse<byte[]>>> pulls = pulls(hosts, blob);

        fleet.seed("seed", seed.listen());

        assertAllGet(bytes, pulls);
        assertThat(sum(hosts, FROM_REGISTRY)).isZero();
        assertThat(fleet.registry.bytesSent(blob)).isEqualTo(bytes.length);
    }

    @Test
    void goOnWhenTheirSeedIsGoneForGood() throws Exception {
        Seed seed = fleet.seed("seed");
        List<Host> hosts = hosts(6, seed);
        byte[] bytes = fleet.bytes(8 << 20);
        GatedBytes gated = new GatedBytes(bytes, 4 << 20);
        Digest blob = blob(bytes, gated);
        List<CompletableFuture<HttpResponse<byte[]>>> pulls = pulls(hosts, blob);
        awaitHeld(hosts, 3 << 20);

        seed.close();
        gated.openAll();
        since = System.nanoTime();

        assertAllGet(bytes, pulls);
        assertThat(fleet.registry.bytesSent(blob)).isLessThan(4L * bytes.length);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void giveBackToASeedWhatItHasLost(boolean plain) throws Exception {
        Seed seed = fleet.seed("seed");
        Token token = fleet.token("seed");
        List<Host> hosts = plain ? hosts(3, seed) : certified(3, token, seed);
        byte[] bytes = fleet.bytes(8 << 20);
        Digest blob = fleet.registry.blob(Fleet.REPOSITORY, bytes);
        assertAllGet(bytes, pulls(hosts, blob));

        seed.close();
        lose("seed", blob);
        Seed again = fleet.seed("seed", seed.listen(), Fleet.waiting());
        Host late = plain
                ? fleet.plainHost("late", Fleet.waiting(), again.listen())
                : fleet.host("late", token, Fleet.waiting(), again.listen());
        fleet.awaitLinks(late, 1);

        assertAllGet(bytes, pulls(List.of(late), blob));
        assertThat(fleet.registry.bytesSent(blob)).isEqualTo(bytes.length);
        assertThat(fleet.metric(again.admin(), FROM_PEERS)).isEqualTo(bytes.length);
    }

    @Test
    void canNotGiveASeedAnythingElse() throws Exception {
        Seed seed = fleet.seed("seed");
        Token token = fleet.token("seed");
        byte[] bytes = fleet.bytes(8 << 20);
        Digest blob = fleet.registry.blob(Fleet.REPOSITORY, bytes);
        store("liar", blob, new byte[bytes.length]);
        fleet.awaitLinks(fleet.host("liar", token, seed.listen()), 1);
        List<Host> hosts = certified(1, token, seed);
        assertAllGet(bytes, pulls(hosts, blob));

        hosts.getFirst().close();
        seed.close();
        lose("seed", blob);
        Seed again = fleet.seed("seed", seed.listen(), Fleet.waiting());
        Host late = fleet.host("late", token, Fleet.waiting(), again.listen());
        fleet.awaitLinks(late, 1);

        assertAllGet(bytes, pulls(List.of(late), blob));
        assertThat(fleet.registry.bytesSent(blob)).isEqualTo(2L * bytes.length);
        assertThat(fleet.metric(again.admin(), "pantala_retrievals_total{outcome=\"failed\"}"))
                .isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void ofWhomNobodyCanReachTwo(boolean silently) throws Exception {
        Seed seed = fleet.seed("seed");
        List<Host> hosts = new ArrayList<>(hosts(4, seed));
        byte[] bytes = fleet.bytes(8 << 20);
        Digest blob = fleet.registry.blob(Fleet.REPOSITORY, bytes);
        try (ServerSocket one = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ServerSocket two = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            for (ServerSocket wall : List.of(one, two)) {
                NodeAddress nowhere = silently ? new NodeAddress("127.0.0.1", wall.getLocalPort()) : closed();
                String name = "walled-" + hosts.size();
                hosts.add(fleet.plainHostAt(nowhere, name, Fleet.patient(), seed.listen()));
                fleet.awaitLinks(hosts.getLast(), 1);
            }

            assertAllGet(bytes, pulls(hosts, blob));
        }

        assertThat(fleet.registry.bytesSent(blob)).isEqualTo(bytes.length);
        assertThat(sum(hosts, FROM_REGISTRY)).isZero();
    }

    /** They take from others what they are not given by each other, and others from them. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void ofWhomTwoCanNotReachEachOther(boolean silently) throws Exception {
        Seed seed = fleet.seed("seed");
        List<Host> hosts = new ArrayList<>(hosts(4, seed));
        try (Wall before = new Wall(silently);
                Wall behind = new Wall(silently)) {
            Host one = fleet.plainHostAt(before.address(), "one", Fleet.patient(), seed.listen());
            Host other = fleet.plainHostAt(behind.address(), "other", Fleet.patient(), seed.listen());
            before.keep(fleet.name("other"), one.peers().orElseThrow());
            behind.keep(fleet.name("one"), other.peers().orElseThrow());
            for (Host host : List.of(one, other)) {
                fleet.awaitLinks(host, 1);
                hosts.add(host);
            }
            // At least until each was sent to the other.
            for (int i = 0; i < 4 || before.keptOut.get() == 0 || behind.keptOut.get() == 0; i++) {
                byte[] bytes = fleet.bytes(8 << 20);
                Digest blob = fleet.registry.blob(Fleet.REPOSITORY, bytes);
                assertAllGet(bytes, pulls(hosts, blob));
                assertThat(fleet.registry.bytesSent(blob)).isEqualTo(bytes.length);
            }

            if (!silently) {
                // Not much more than what was ordered before the first failure was told.
                int atOnce = ConductorConfig.DEFAULT.slots();
                assertThat(before.keptOut.get() + behind.keptOut.get()).isLessThan(4 * atOnce);
            }
            assertThat(sum(hosts, TIMED_OUT)).isZero();
            assertThat(fleet.metric(one.admin(), SENT)).isPositive();
            assertThat(fleet.metric(other.admin(), SENT)).isPositive();
        }
        assertThat(sum(hosts, FROM_REGISTRY)).isZero();
    }

    @Test
    void ofWhomTwoSayToBeAtOneAddress() throws Exception {
        Logger log = LoggerFactory.getLogger("io.pantala.seed.tracker");
        ListAppender<ILoggingEvent> warnings = new ListAppender<>();
        warnings.start();
        ((ch.qos.logback.classic.Logger) log).addAppender(warnings);
        try {
            Seed seed = fleet.seed("seed");
            List<Host> hosts = new ArrayList<>(hosts(4, seed));
            NodeAddress taken = hosts.getFirst().peers().orElseThrow();
            hosts.add(fleet.plainHostAt(taken, "double", Fleet.patient(), seed.listen()));
            fleet.awaitLinks(hosts.getLast(), 1);
            byte[] bytes = fleet.bytes(8 << 20);
            Digest blob = fleet.registry.blob(Fleet.REPOSITORY, bytes);

            assertAllGet(bytes, pulls(hosts, blob));

            assertThat(fleet.registry.bytesSent(blob)).isEqualTo(bytes.length);
            assertThat(sum(hosts, FROM_REGISTRY)).isZero();
            assertThat(warnings.list)
                    .filteredOn(event -> event.getLevel().isGreaterOrEqual(Level.WARN))
                    .singleElement()
                    .satisfies(event -> assertThat(event.getFormattedMessage())
                            .contains(fleet.name("host-0"), fleet.name("double"), taken.toString()));
        } finally {
            ((ch.qos.logback.classic.Logger) log).detachAppender(warnings);
        }
    }

    @Test
    void ofWhomOneCanNotReachTheSeed() throws Exception {
        Seed seed = fleet.seed("seed");
        List<Host> hosts = new ArrayList<>(hosts(3, seed));
        byte[] bytes = fleet.bytes(8 << 20);
        Digest blob = fleet.registry.blob(Fleet.REPOSITORY, bytes);
        hosts.add(fleet.plainHost("cut-off", Fleet.patient(), closed()));

        assertAllGet(bytes, pulls(hosts, blob));

        assertThat(fleet.registry.bytesSent(blob)).isEqualTo(2L * bytes.length);
        assertThat(fleet.metric(hosts.getLast().admin(), FROM_REGISTRY)).isEqualTo(bytes.length);
    }

    @Test
    void thatCanEachReachOneSeedAloneShareOneCopy() throws Exception {
        Seed first = fleet.seed("first");
        Seed second =
                fleet.seed("second", fleet.operator("first").newToken(Role.SEED, Optional.empty()), first.listen());
        first.close();
        Seed again = fleet.seed("first", first.listen(), second.listen());
        for (Seed seed : List.of(again, second)) {
            await().atMost(Duration.ofSeconds(30)).until(() -> fleet.metric(seed.admin(), LINKS) == 1);
        }
        Host one = fleet.host("one", fleet.token("first"), Fleet.waiting(), again.listen());
        Host two = fleet.host("two", fleet.token("first"), Fleet.waiting(), second.listen());
        fleet.awaitLinks(one, 1);
        fleet.awaitLinks(two, 1);

        // Some of them belong to the one seed, some to the other.
        for (int i = 0; i < 8; i++) {
            byte[] bytes = fleet.bytes(1 << 20);
            Digest blob = fleet.registry.blob(Fleet.REPOSITORY, bytes);
            assertAllGet(bytes, pulls(List.of(one, two), blob));
            assertThat(fleet.registry.bytesSent(blob)).isEqualTo(bytes.length);
        }
        assertThat(fleet.metric(again.admin(), FROM_SEED) + fleet.metric(second.admin(), FROM_SEED))
                .isEqualTo(8 << 20);
    }

    @Test
    @Timeout(600)
    void askForManySmallBlobsAtOnce() throws Exception {
        Seed seed = fleet.seed("seed");
        List<Host> hosts = hosts(64, seed);
        Map<Digest, byte[]> blobs = new LinkedHashMap<>();
        for (int i = 0; i < 200; i++) {
            byte[] bytes = fleet.bytes(500 + i);
            blobs.put(fleet.registry.blob(Fleet.REPOSITORY, bytes), bytes);
        }
        List<CompletableFuture<Void>> engines = new ArrayList<>();
        since = System.nanoTime();
        for (Host host : hosts) {
            Queue<Map.Entry<Digest, byte[]>> wanted = new ConcurrentLinkedQueue<>(blobs.entrySet());
            for (int i = 0; i < AT_ONCE; i++) {
                engines.add(CompletableFuture.runAsync(() -> pullAll(host, wanted), this.engines));
            }
        }
        for (CompletableFuture<Void> engine : engines) {
            engine.get(580, TimeUnit.SECONDS);
        }
        logTime(
                hosts.size(),
                blobs.values().stream().mapToInt(each -> each.length).sum());
        blobs.forEach((blob, bytes) -> assertThat(fleet.registry.bytesSent(blob))
                .as(() -> excess(seed, hosts))
                .isEqualTo(bytes.length));
    }

    private void pullAll(Host host, Queue<Map.Entry<Digest, byte[]>> wanted) {
        for (var next = wanted.poll(); next != null; next = wanted.poll()) {
            try {
                HttpResponse<byte[]> response = fleet.pull(host, next.getKey());
                assertThat(response.statusCode()).isEqualTo(200);
                assertThat(response.body()).isEqualTo(next.getValue());
            } catch (IOException | InterruptedException e) {
                throw new CompletionException(e);
            }
        }
    }

    /** Where nobody listens any more. */
    private static NodeAddress closed() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return new NodeAddress("127.0.0.1", socket.getLocalPort());
        }
    }

    private Digest blob(byte[] bytes, Bytes gated) {
        Digest blob = Digest.sha256(bytes);
        fleet.registry.blob(Fleet.REPOSITORY, blob, gated);
        return blob;
    }

    private List<Host> hosts(int count, Seed seed) throws Exception {
        return hosts(count, seed, Fleet.patient());
    }

    private List<Host> hosts(int count, Seed seed, Tuning tuning) throws Exception {
        List<Host> hosts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            hosts.add(fleet.plainHost("host-" + i, tuning, seed.listen()));
        }
        for (Host host : hosts) {
            fleet.awaitLinks(host, 1);
        }
        return hosts;
    }

    /** Three that are told where they are. */
    private List<Host> hostsIn(String zone, Seed seed) throws Exception {
        List<Host> hosts = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            String name = zone.replace('/', '-') + "-" + i;
            hosts.add(fleet.hostIn(zone, name, Fleet.patient(), seed.listen()));
        }
        for (Host host : hosts) {
            fleet.awaitLinks(host, 1);
        }
        return hosts;
    }

    private List<Host> certified(int count, Token token, Seed seed) throws Exception {
        List<Host> hosts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            hosts.add(fleet.host("host-" + i, token, Fleet.waiting(), seed.listen()));
        }
        for (Host host : hosts) {
            fleet.awaitLinks(host, 1);
        }
        return hosts;
    }

    /** A node that doesn't run has this blob no more. */
    private void lose(String node, Digest blob) throws StoreException {
        try (BlobStore store = BlobStore.open(fleet.node(node).store(), StoreListener.NONE, Clock.systemUTC())) {
            store.drop(new BlobKey(Fleet.NAME, blob));
        }
    }

    /** A node that doesn't run yet has these bytes in place of a blob. */
    private void store(String node, Digest blob, byte[] bytes) throws Exception {
        BlockLayout layout = BlockLayout.of(bytes.length);
        try (BlobStore store = BlobStore.open(fleet.node(node).store(), StoreListener.NONE, Clock.systemUTC());
                StoredBlob stored = store.create(new BlobKey(Fleet.NAME, blob), layout)) {
            for (int block = 0; block < layout.count(); block++) {
                try (BlockWriter writer = stored.writer(block)) {
                    writer.write(ByteBuffer.wrap(bytes, (int) layout.offset(block), layout.length(block)));
                    writer.complete();
                }
            }
            stored.seal();
        }
    }

    /** On all hosts at once. */
    private List<CompletableFuture<HttpResponse<byte[]>>> pulls(List<Host> hosts, Digest blob) {
        List<CompletableFuture<HttpResponse<byte[]>>> pulls = new ArrayList<>();
        since = System.nanoTime();
        for (Host host : hosts) {
            CompletableFuture<HttpResponse<byte[]>> pull = new CompletableFuture<>();
            pulls.add(pull);
            engines.execute(() -> {
                try {
                    pull.complete(fleet.pull(host, blob));
                } catch (IOException | InterruptedException e) {
                    pull.completeExceptionally(e);
                }
            });
        }
        return pulls;
    }

    private void assertAllGet(byte[] bytes, List<CompletableFuture<HttpResponse<byte[]>>> pulls) throws Exception {
        for (CompletableFuture<HttpResponse<byte[]>> pull : pulls) {
            HttpResponse<byte[]> response = pull.get(100, TimeUnit.SECONDS);
            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(response.body()).isEqualTo(bytes);
        }
        logTime(pulls.size(), bytes.length);
    }

    private void logTime(int hosts, int bytes) {
        Duration took = Duration.ofNanos(System.nanoTime() - since);
        LOG.info("The last of {} hosts had all {} bytes after {} ms", hosts, bytes, took.toMillis());
    }

    private static <T> List<T> without(List<T> all, int... indices) {
        return IntStream.range(0, all.size())
                .filter(i -> Arrays.stream(indices).noneMatch(index -> index == i))
                .mapToObj(all::get)
                .toList();
    }

    private double sum(List<Host> hosts, String metric) throws Exception {
        double sum = 0;
        for (Host host : hosts) {
            sum += fleet.metric(host.admin(), metric);
        }
        return sum;
    }

    private List<JsonNode> explanations(List<Host> hosts, Digest blob) throws Exception {
        List<JsonNode> explanations = new ArrayList<>();
        for (Host host : hosts) {
            explanations.add(new ObjectMapper().readTree(fleet.ask(host.admin(), "/explain/" + blob)));
        }
        return explanations;
    }

    /** The blocks that have come to a host, and from where. */
    private Map<Integer, String> received(Host host, Digest blob) throws Exception {
        JsonNode told =
                explanations(List.of(host), blob).getFirst().path("blobs").path(0);
        return StreamSupport.stream(told.path("blocks").spliterator(), false)
                .filter(block -> block.has("from"))
                .collect(Collectors.toMap(
                        block -> block.path("block").asInt(),
                        block -> block.path("from").asText()));
    }

    /** The sources of all blocks that have come to hosts, as far as they are among these. */
    private List<String> receivedFrom(List<Host> hosts, Digest blob, List<NodeAddress> sources) throws Exception {
        List<String> names = sources.stream().map(NodeAddress::toString).toList();
        List<String> received = new ArrayList<>();
        for (Host host : hosts) {
            received.addAll(received(host, blob).values());
        }
        received.retainAll(names);
        return received;
    }

    private static List<NodeAddress> addresses(List<Host> hosts) {
        return hosts.stream().map(host -> host.peers().orElseThrow()).toList();
    }

    /** What hosts can tell of a source, in bytes. */
    private double explained(List<Host> hosts, Digest blob, String source) throws Exception {
        return explanations(hosts, blob).stream()
                .mapToLong(told ->
                        told.path("blobs").path(0).path("bytes").path(source).asLong())
                .sum();
    }

    /** Who has asked the registry again, and why. */
    private String excess(Seed seed, List<Host> hosts) {
        return Stream.concat(Stream.of(seed.admin()), hosts.stream().map(Host::admin))
                .flatMap(node -> {
                    try {
                        return fleet.metrics(node)
                                .lines()
                                .filter(line -> line.matches(
                                        "pantala_(registry_excess_bytes|seed_passed_over|errors).* [1-9].*"))
                                .map(line -> node + " " + line);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    } catch (InterruptedException e) {
                        throw new CompletionException(e);
                    }
                })
                .collect(Collectors.joining("\n"));
    }

    /** Waits until each host has received so many bytes. */
    private void awaitHeld(List<Host> hosts, long bytes) {
        for (Host host : hosts) {
            await().atMost(Duration.ofSeconds(60))
                    .until(() ->
                            fleet.metric(host.admin(), FROM_PEERS) + fleet.metric(host.admin(), FROM_SEED) >= bytes);
        }
    }
}
