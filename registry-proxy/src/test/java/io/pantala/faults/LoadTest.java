package io.pantala.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pantala.faults.Cluster.Topology;
import io.pantala.manifest.Digest;
import io.pantala.proxy.http.RawClient;
import io.pantala.proxy.node.Tuning;
import io.pantala.registry.FakeRegistry;
import io.pantala.registry.Fault;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What engines get when there are many of them, and what the registry gets of that. */
@Timeout(120)
class LoadTest {
    private static final int ENGINES = 200;
    private static final int LAYERS = 5;
    private static final int SIZE = 400_000;
    private static final int LISTED = 2_000;
    private static final int WANTED = 60;

    @TempDir
    Path directory;

    private final FakeRegistry registry = FakeRegistry.start();

    @AfterEach
    void stop() {
        registry.close();
    }

    @ParameterizedTest
    @EnumSource
    void twoHundredEnginesOnOneHostGetTheirLayersForOneTransferOfEach(Topology topology) throws Exception {
        List<Digest> layers = new ArrayList<>();
        for (int i = 0; i < LAYERS; i++) {
            layers.add(registry.blob("a/b", content(SIZE + i)));
        }
        try (Cluster nodes = start(topology, Tunings.UNHURRIED)) {
            List<CompletableFuture<Outcome>> pulls = new ArrayList<>();
            for (int i = 0; i < ENGINES; i++) {
                for (Digest layer : layers) {
                    pulls.add(pull(nodes.engine(), layer));
                }
            }
            for (CompletableFuture<Outcome> pull : pulls) {
                assertThat(pull.get(100, TimeUnit.SECONDS)).isEqualTo(new Outcome.Right());
            }
            for (int i = 0; i < LAYERS; i++) {
                assertThat(registry.bytesSent(layers.get(i))).isEqualTo(SIZE + i);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void tenThousandIdleConnectionsKeepNobodyFromPulling(Topology topology) throws Exception {
        Digest layer = registry.blob("a/b", content(SIZE));
        try (Cluster nodes = start(topology, Tunings.UNHURRIED);
                Crowd crowd = Crowd.come(nodes.engine().port(), 10_000)) {
            assertThat(pull(nodes.engine(), layer).get(60, TimeUnit.SECONDS)).isEqualTo(new Outcome.Right());

            assertThat(crowd.lastAsks()).isEqualTo("HTTP/1.1 200 OK");
        }
    }

    /** Each costs the registry one question without a body, the second time none, and the seed nothing at all. */
    @ParameterizedTest
    @EnumSource
    void aFloodOfNonsenseDigestsIsAnsweredByTheRegistryOnce(Topology topology) throws Exception {
        List<Digest> nonsense =
                IntStream.range(0, 3_000).mapToObj(LoadTest::nonsense).toList();
        Digest layer = registry.blob("a/b", content(SIZE));
        try (Cluster nodes = start(topology, Tunings.UNHURRIED)) {
            long answered = topology == Topology.WITH_SEED ? nodes.link().answered() : 0;
            List<CompletableFuture<Void>> floods = new ArrayList<>();
            for (int each = 0; each < 30; each++) {
                List<Digest> own = nonsense.subList(each * 100, each * 100 + 100);
                floods.add(run(() -> flood(nodes.engine(), own)));
            }
            for (CompletableFuture<Void> flood : floods) {
                flood.get(100, TimeUnit.SECONDS);
            }
            assertThat(registry.requests()).hasSize(3_000).allSatisfy(asked -> {
                assertThat(asked.method()).isEqualTo("HEAD");
                assertThat(asked.sent()).isZero();
            });
            assertThat(registry.connections()).isLessThanOrEqualTo(64);
            if (topology == Topology.WITH_SEED) {
                // Signs of life alone.
                assertThat(nodes.link().answered() - answered).isLessThan(10_000);
            }
            assertThat(pull(nodes.engine(), layer).get(60, TimeUnit.SECONDS)).isEqualTo(new Outcome.Right());
        }
    }

    /**
     * What is kept of digests that there are not has an end, which is less than the first flood: another leaves no object
     * more behind, whatever would hold it.
     */
    @ParameterizedTest
    @EnumSource
    void aFloodOfNonsenseDigestsLeavesNoMoreBehindThanTheOneBefore(Topology topology) throws Exception {
        try (Cluster nodes = start(topology, Tunings.UNHURRIED)) {
            floods(nodes, 0, 11_000);
            LiveObjects before = LiveObjects.count();

            floods(nodes, 11_000, 4_000);

            // What goes to make room goes on a thread of its own.
            await().untilAsserted(() ->
                    assertThat(LiveObjects.count().growth(before, 2_000)).isEmpty());
        }
    }

    private void floods(Cluster nodes, int first, int count) throws Exception {
        List<CompletableFuture<Void>> floods = new ArrayList<>();
        for (int each = 0; each < 30; each++) {
            int from = first + each * count / 30;
            int to = first + (each + 1) * count / 30;
            floods.add(run(() -> {
                try (RawClient connection = nodes.engine().connect()) {
                    for (int i = from; i < to; i++) {
                        connection.get("/v2/a/b/blobs/" + nonsense(i)).reply();
                    }
                }
            }));
        }
        for (CompletableFuture<Void> flood : floods) {
            flood.get(100, TimeUnit.SECONDS);
        }
        assertThat(registry.requests()).hasSize(count);
        registry.forgetRequests();
    }

    /**
     * The same of digests that manifests list, so that they are asked for as an image's layers are. What is known of
     * manifests is kept within bounds each of its own, so that a few objects more may be left, but none for each digest.
     */
    @ParameterizedTest
    @EnumSource
    void aFloodOfNonsenseThatManifestsListLeavesNoMoreBehindThanTheOneBefore(Topology topology) throws Exception {
        try (Cluster nodes = start(topology, Tunings.UNHURRIED)) {
            floodsOfImages(nodes, 0, 60);
            LiveObjects before = LiveObjects.count();

            floodsOfImages(nodes, 60, 40);

            await().untilAsserted(() -> assertThat(LiveObjects.count().growth(before, 40 * LISTED / 4))
                    .isEmpty());
        }
    }

    /** Of each image's {@value #LISTED} layers, engines ask for {@value #WANTED}. The registry has none. */
    private void floodsOfImages(Cluster nodes, int first, int count) throws Exception {
        List<CompletableFuture<Void>> floods = new ArrayList<>();
        for (int each = 0; each < 10; each++) {
            int from = first + each * count / 10;
            int to = first + (each + 1) * count / 10;
            floods.add(run(() -> {
                for (int i = from; i < to; i++) {
                    flood(nodes, i);
                }
            }));
        }
        for (CompletableFuture<Void> flood : floods) {
            flood.get(100, TimeUnit.SECONDS);
        }
        // One for all who want it, and one for the engine itself.
        assertThat(registry.requests("/blobs/")).hasSizeBetween(count * WANTED, 2 * count * WANTED);
        registry.forgetRequests();
    }

    private void flood(Cluster nodes, int image) throws IOException {
        List<Digest> layers = IntStream.range(0, LISTED)
                .mapToObj(i -> nonsense((image + 1) * 1_000_000 + i))
                .toList();
        Digest manifest = image("image-" + image, layers);
        try (RawClient connection = nodes.engine().connect()) {
            assertThat(connection.get("/v2/a/b/manifests/" + manifest).reply().status())
                    .isEqualTo(200);
            for (Digest layer : layers.subList(0, WANTED)) {
                RawClient.Reply reply = connection.get("/v2/a/b/blobs/" + layer).reply();
                assertThat(StrictEngine.refused(reply)).isEqualTo(new Outcome.Refused(404, "BLOB_UNKNOWN"));
            }
        }
    }

    /** The registry has a manifest of these layers. */
    private Digest image(String tag, List<Digest> layers) {
        String listed = layers.stream()
                .map(
                        "{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"size\":1,\"digest\":\"%s\"}"
                                ::formatted)
                .collect(Collectors.joining(","));
        byte[] manifest = ("{\"schemaVersion\":2,\"layers\":[" + listed + "]}").getBytes(StandardCharsets.UTF_8);
        return registry.manifest("a/b", tag, "application/vnd.oci.image.manifest.v1+json", manifest);
    }

    private static Digest nonsense(int i) {
        return Digest.sha256(("nonsense " + i).getBytes(StandardCharsets.US_ASCII));
    }

    /** Everyone is told in time, and few have asked. */
    @ParameterizedTest
    @EnumSource
    void aRegistryThatHangsIsNotAskedByEveryone(Topology topology) throws Exception {
        var never = new CountDownLatch(1);
        registry.always("/blobs/", Fault.late(never));
        try (Cluster nodes = start(topology, Tunings.HASTY)) {
            pullInVain(nodes, 1, 10);
            int before = registry.requests().size();

            pullInVain(nodes, 2, 100);

            assertThat(registry.requests().size() - before).isLessThan(20);
            never.countDown();
        }
    }

    private static void pullInVain(Cluster nodes, int round, int engines) throws Exception {
        List<CompletableFuture<Outcome>> pulls = new ArrayList<>();
        for (int i = 0; i < engines; i++) {
            pulls.add(pull(nodes.engine(), Digest.sha256(new byte[] {(byte) round, (byte) i})));
        }
        for (CompletableFuture<Outcome> pull : pulls) {
            assertThat(pull.get(60, TimeUnit.SECONDS)).isEqualTo(new Outcome.Refused(504, "UNAVAILABLE"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRegistryThatLimitsItsRateIsLeftInPeaceByAll(Topology topology) throws Exception {
        registry.always("/blobs/", Fault.status(429, Map.of("Retry-After", "3600")));
        List<Digest> digests = IntStream.range(0, 40)
                .mapToObj(i -> registry.blob("a/b", content(1000 + i)))
                .toList();
        Digest of = image("1", digests);
        try (Cluster nodes = start(topology, Tuning.DEFAULT)) {
            assertThat(nodes.engine().manifest("a/b", of)).isEqualTo(new Outcome.Right());
            for (Digest digest : digests) {
                RawClient.Reply reply = nodes.engine().reply("GET", "/v2/a/b/blobs/" + digest);
                assertThat(reply.status()).isEqualTo(429);
                assertThat(Integer.parseInt(String.valueOf(reply.header("Retry-After"))))
                        .isBetween(1, 3600);
            }
            // A host that finds its seed too slow asks for itself.
            assertThat(registry.requests("/blobs/")).hasSizeBetween(1, topology == Topology.ALONE ? 1 : 2);
        }
    }

    private Cluster start(Topology topology, Tuning tuning) throws Exception {
        return new Cluster(directory, topology, tuning)
                .upstream("registry.example", registry.url().toString())
                .start();
    }

    private static void flood(StrictEngine engine, List<Digest> nonsense) throws IOException {
        try (RawClient connection = engine.connect()) {
            for (Digest digest : nonsense) {
                for (int twice = 0; twice < 2; twice++) {
                    RawClient.Reply reply =
                            connection.get("/v2/a/b/blobs/" + digest).reply();
                    assertThat(StrictEngine.refused(reply)).isEqualTo(new Outcome.Refused(404, "BLOB_UNKNOWN"));
                }
            }
        }
    }

    private static CompletableFuture<Outcome> pull(StrictEngine engine, Digest digest) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return engine.blob("a/b", digest);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                task -> Thread.ofVirtual().start(task));
    }

    private interface Task {
        void run() throws IOException;
    }

    private static CompletableFuture<Void> run(Task task) {
        return CompletableFuture.runAsync(
                () -> {
                    try {
                        task.run();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                work -> Thread.ofVirtual().start(work));
    }

    private static byte[] content(int size) {
        byte[] content = new byte[size];
        new Random(size).nextBytes(content);
        return content;
    }
}
