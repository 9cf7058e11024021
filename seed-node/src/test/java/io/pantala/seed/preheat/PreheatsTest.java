package io.pantala.seed.preheat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.Digest;
import io.pantala.manifest.ImageReference;
import io.pantala.manifest.Platform;
import io.pantala.manifest.UpstreamName;
import io.pantala.registry.FakeRegistry;
import io.pantala.registry.Fault;
import io.pantala.registry.RegistryClient;
import io.pantala.registry.RegistryConfig;
import io.pantala.registry.RegistryListener;
import io.pantala.registry.Upstreams;
import io.pantala.seed.backfill.BackfillConfig;
import io.pantala.seed.backfill.BackfillListener;
import io.pantala.seed.backfill.Backfills;
import io.pantala.seed.preheat.PreheatStatus.BlobStatus;
import io.pantala.store.BlobFailure;
import io.pantala.store.BlobStore;
import io.pantala.store.StoreConfig;
import io.pantala.store.StoreListener;
import io.pantala.swarm.Authorization;
import io.pantala.swarm.Opening;
import io.vertx.core.Vertx;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PreheatsTest {
    private static final String UPSTREAM = "registry.example";
    private static final PreheatConfig CONFIG =
            new PreheatConfig(2, 2, 4, Duration.ofHours(24), Duration.ofMillis(1), Duration.ofSeconds(20));

    @TempDir
    Path directory;

    private final FakeRegistry registry = FakeRegistry.start();
    private final FakeImage image = new FakeImage(registry, "team/app");
    private final Vertx vertx = Vertx.vertx();
    private final RegistryClient client = new RegistryClient(
            vertx, new Upstreams(List.of(registry.upstream(UPSTREAM))), RegistryConfig.DEFAULT, RegistryListener.NONE);
    private volatile Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private BlobStore store;
    private StoringFiller filler;
    private Preheats preheats;

    @BeforeEach
    void open() throws Exception {
        store = BlobStore.open(
                new StoreConfig(directory.resolve("store"), OptionalLong.of(100 << 20)),
                StoreListener.NONE,
                Clock.systemUTC());
        filler = new StoringFiller(store, image.blobs());
        preheats = new Preheats(filler, client, CONFIG, PreheatListener.NONE, () -> now);
    }

    @AfterEach
    void close() throws Exception {
        preheats.close();
        registry.close();
        client.close();
        vertx.close().await(10, TimeUnit.SECONDS);
        store.close();
    }

    @Test
    void storesAllBlobsOfAnImage() {
        Digest digest = image.manifest("1", image.blob(100), image.blob(3_000_000), image.blob(0), image.blob(1));

        PreheatStatus preheat = ended(submit("team/app:1"));

        assertThat(preheat.state()).isEqualTo(PreheatState.SUCCEEDED);
        assertThat(preheat.digest()).isEqualTo(digest);
        assertThat(preheat.bytesDone()).isEqualTo(3_000_101).isEqualTo(preheat.bytesTotal());
        assertThat(preheat.finished()).isEqualTo(now);
        assertThat(preheat.blobs()).hasSize(4).allSatisfy(blob -> {
            assertThat(blob.state()).isEqualTo(PreheatState.SUCCEEDED);
            assertThat(blob.bytesDone()).isEqualTo(blob.bytesTotal());
        });
        assertStored();
    }

    @Test
    void fetchesTheImagesOfAllPlatformsAndWhatTheyShareOnce() {
        String shared = image.blob(1000);
        image.index(
                "1",
                Map.of(
                        "linux/amd64", image.manifest("a", image.blob(10), shared),
                        "linux/arm64", image.manifest("b", image.blob(11), shared),
                        "-", image.manifest("c", image.blob(12))));

        PreheatStatus preheat = ended(submit("team/app:1"));

        assertThat(preheat.state()).isEqualTo(PreheatState.SUCCEEDED);
        assertThat(preheat.blobs()).hasSize(4);
        assertStored();
    }

    @Test
    void fetchesOnlyThePlatformsAskedFor() {
        String wanted = image.blob(1000);
        image.index(
                "1",
                Map.of(
                        "linux/amd64", image.manifest("a", image.blob(10), wanted),
                        "linux/arm64", image.manifest("b", image.blob(11), image.blob(1001))));

        PreheatStatus preheat = ended(submit("team/app:1", "linux/amd64"));

        assertThat(preheat.state()).isEqualTo(PreheatState.SUCCEEDED);
        assertThat(preheat.bytesTotal()).isEqualTo(1010);
        assertThat(registry.requests("/manifests/")).hasSize(2);
    }

    @Test
    void saysWhichPlatformsThereAreWhenOneIsMissing() {
        image.index(
                "1",
                Map.of("linux/amd64", image.manifest("a", image.blob(1)), "linux/arm64", image.manifest("b", "{}")));

        PreheatStatus preheat = ended(submit("team/app:1", "linux/s390x"));

        assertThat(preheat.state()).isEqualTo(PreheatState.FAILED);
        assertThat(preheat.error()).contains("linux/s390x", "linux/amd64, linux/arm64");
    }

    @Test
    void tellsTheBytesWhileTheyCome() {
        var gate = new CountDownLatch(1);
        filler.gate(gate);
        image.manifest("1", image.blob(600_000));

        String id = submit("team/app:1").id();

        await().until(() -> found(id).bytesDone() == 2 * 262_144);
        assertThat(found(id).state()).isEqualTo(PreheatState.RUNNING);
        assertThat(found(id).bytesTotal()).isEqualTo(600_000);
        gate.countDown();
        assertThat(ended(found(id)).bytesDone()).isEqualTo(600_000);
    }

    @Test
    void fetchesNoMoreBlobsAtOnceThanItMay() {
        String[] layers = new String[8];
        for (int each = 0; each < layers.length; each++) {
            layers[each] = image.blob(300_000 + each);
        }
        image.manifest("1", image.blob(1), layers);

        assertThat(ended(submit("team/app:1")).state()).isEqualTo(PreheatState.SUCCEEDED);
        assertThat(filler.mostAtOnce()).isEqualTo(2);
        assertThat(filler.running()).isZero();
    }

    @Test
    void hasMoreImagesWaitForTheirTurn() {
        var gate = new CountDownLatch(1);
        filler.gate(gate);
        image.manifest("1", image.blob(10));
        image.manifest("2", image.blob(11));
        image.manifest("3", image.blob(12));

        List<String> ids = List.of(
                submit("team/app:1").id(),
                submit("team/app:2").id(),
                submit("team/app:3").id());

        await().until(() -> filler.running() == 2);
        assertThat(ids.stream().map(id -> found(id).state()))
                .containsExactlyInAnyOrder(PreheatState.RUNNING, PreheatState.RUNNING, PreheatState.PENDING);
        gate.countDown();
        ids.forEach(id -> assertThat(ended(found(id)).state()).isEqualTo(PreheatState.SUCCEEDED));
    }

    @Test
    void stopsWhenCancelledAndKeepsWhatItHas() {
        filler.gate(new CountDownLatch(1));
        image.manifest("1", image.blob(600_000), image.blob(600_001), image.blob(600_002));
        String id = submit("team/app:1").id();
        await().until(() -> found(id).bytesDone() >= 2 * 262_144);

        assertThat(preheats.cancel(id)).get().extracting(PreheatStatus::state).isEqualTo(PreheatState.CANCELLED);

        assertThat(found(id).blobs()).extracting(BlobStatus::state).containsOnly(PreheatState.CANCELLED);
        await().until(() -> filler.running() == 0);
        assertThat(found(id).finished()).isEqualTo(now);
        assertThat(store.usage().blobs()).isPositive();
    }

    @Test
    void leavesAnEndedOneAsItIsWhenItIsCancelled() {
        image.manifest("1", image.blob(10));
        String id = ended(submit("team/app:1")).id();

        assertThat(preheats.cancel(id)).get().extracting(PreheatStatus::state).isEqualTo(PreheatState.SUCCEEDED);
        assertThat(preheats.cancel("unknown")).isEmpty();
    }

    @Test
    void storesBlobsWhoseLengthTheRegistryDoesNotTell() throws Exception {
        image.manifest("1", image.blob(3_000_000), image.blob(600_000), image.blob(10));
        registry.always("/blobs/", Fault.chunked());
        try (var backfills = backfills()) {
            preheats.close();
            preheats = new Preheats(backfills, client, CONFIG, PreheatListener.NONE, () -> now);

            PreheatStatus preheat = ended(submit("team/app:1"));

            assertThat(preheat.error()).isNull();
            assertThat(preheat.bytesDone()).isEqualTo(3_600_010).isEqualTo(preheat.bytesTotal());
            assertStored();
            assertThat(registry.requests("/blobs/")).hasSize(3);
        }
    }

    @Test
    void saysWhyABlobOfUntoldLengthWasNotStored() throws Exception {
        image.manifest("1", image.blob(600_000), image.blob(10));
        Digest first = image.blobs().keySet().iterator().next();
        registry.always("/blobs/", Fault.chunked());
        registry.next(first.toString(), Fault.chunkedAndCutAfter(10), Fault.status(403));
        try (var backfills = backfills()) {
            preheats.close();
            preheats = new Preheats(backfills, client, CONFIG, PreheatListener.NONE, () -> now);

            PreheatStatus preheat = ended(submit("team/app:1"));

            assertThat(preheat.error()).isEqualTo("1 of 2 blobs failed; " + first + ": the registry answered 403");
        }
    }

    @Test
    void failsWithTheReasonOfTheFirstBlobThatFailed() {
        image.manifest("1", image.blob(10), image.blob(11), image.blob(12), image.blob(600_000), image.blob(14));
        var gate = new CountDownLatch(1);
        List<Digest> blobs = List.copyOf(image.blobs().keySet());
        filler.gate(gate)
                .answer(blobs.get(0), StoringFiller.refused(403))
                .answer(blobs.get(1), new Opening.PassThrough(Opening.PassThrough.Reason.LARGER_THAN_QUOTA))
                .answer(blobs.get(2), new Opening.Unavailable("no route"))
                .fail(blobs.get(3), new BlobFailure.Interrupted("cut three times"));

        String id = submit("team/app:1").id();
        await().until(() -> found(id).bytesDone() > 0);
        gate.countDown();
        PreheatStatus preheat = ended(found(id));

        assertThat(preheat.state()).isEqualTo(PreheatState.FAILED);
        assertThat(preheat.error()).startsWith("4 of 5 blobs failed; sha256:");
        assertThat(preheat.blobs())
                .extracting(BlobStatus::digest, BlobStatus::error)
                .contains(
                        tuple(blobs.get(0), "the registry answered 403"),
                        tuple(blobs.get(1), "it is larger than the seed's disk quota"),
                        tuple(blobs.get(2), "no route"),
                        tuple(blobs.get(3), "cut three times"),
                        tuple(blobs.get(4), null));
    }

    @Test
    void keepsTheFirstBlobsWhileItFetchesTheLast() throws Exception {
        store.close();
        store = BlobStore.open(
                new StoreConfig(directory.resolve("small"), OptionalLong.of(1_000_000)),
                StoreListener.NONE,
                Clock.systemUTC());
        preheats =
                new Preheats(new StoringFiller(store, image.blobs()), client, CONFIG, PreheatListener.NONE, () -> now);
        image.manifest("1", image.blob(400_000), image.blob(400_001), image.blob(400_002));

        PreheatStatus preheat = ended(submit("team/app:1"));

        assertThat(preheat.state()).isEqualTo(PreheatState.FAILED);
        assertThat(preheat.blobs())
                .extracting(BlobStatus::state)
                .containsExactlyInAnyOrder(PreheatState.SUCCEEDED, PreheatState.SUCCEEDED, PreheatState.FAILED);
    }

    @Test
    void countsABlobThatStandsStillAsFailed() {
        filler.gate(new CountDownLatch(1));
        preheats = new Preheats(
                filler,
                client,
                new PreheatConfig(1, 1, 4, Duration.ofHours(1), Duration.ofMillis(1), Duration.ofMillis(50)),
                PreheatListener.NONE,
                () -> now);
        image.manifest("1", image.blob(600_000));

        assertThat(ended(submit("team/app:1")).error()).contains("no more of it has come");
    }

    @Test
    void leavesOutForeignLayersAndFailsOnWhatIsNeverStored() {
        Digest sha512 = new Digest("sha512", "ab".repeat(64));
        image.manifest(
                "1",
                image.blob(10),
                "{\"mediaType\":\"f\",\"digest\":\"" + Digest.EMPTY_SHA256
                        + "\",\"size\":5,\"urls\":[\"https://example.com/\"]}",
                FakeImage.descriptor(sha512, 3));

        PreheatStatus preheat = ended(submit("team/app:1"));

        assertThat(preheat.blobs()).hasSize(2);
        assertThat(preheat.error()).contains(sha512.toString(), "only blobs with a sha256 digest are stored");
    }

    @Test
    void fetchesATokenWithTheCredentialsItWasGiven() {
        registry.requireBearer("ann", "secret").hide("team/app");
        image.manifest("1", image.blob(10));
        String basic = "Basic " + Base64.getEncoder().encodeToString("ann:secret".getBytes(StandardCharsets.UTF_8));

        PreheatStatus preheat = ended(preheats.submit(new PreheatRequest(
                ImageReference.parse(UPSTREAM + "/team/app:1"), List.of(), Authorization.of(basic))));

        assertThat(preheat.state()).isEqualTo(PreheatState.SUCCEEDED);
        assertThat(filler.credentials().values())
                .allSatisfy(authorization -> assertThat(authorization.header()).startsWith("Bearer "));
    }

    @Test
    void saysWhenTheRegistryAsksForCredentials() {
        registry.requireBearer("ann", "secret").hide("team/app");
        image.manifest("1", image.blob(10));

        assertThat(ended(submit("team/app:1")).error()).contains("team/app").doesNotContain("null");
    }

    @Test
    void saysWhenThereIsNoSuchImage() {
        assertThat(ended(submit("team/app:1")).error()).contains("no manifest 1 in team/app");
    }

    @Test
    void triesAgainWhenTheRegistryIsBusy() {
        image.manifest("1", image.blob(10));
        registry.next("/manifests/", Fault.status(503), Fault.status(429));

        assertThat(ended(submit("team/app:1")).state()).isEqualTo(PreheatState.SUCCEEDED);
        assertThat(registry.requests("/manifests/")).hasSize(3);
    }

    @Test
    void givesUpOnARegistryThatStaysBusy() {
        image.manifest("1", image.blob(10));
        registry.always("/manifests/", Fault.status(503));

        assertThat(ended(submit("team/app:1")).error()).contains("503");
        assertThat(registry.requests("/manifests/")).hasSize(4);
    }

    @Test
    void refusesAManifestThatIsNotWhatItsDigestSays() {
        image.index("1", Map.of("linux/amd64", image.manifest("a", image.blob(10))));
        registry.next("/manifests/", Fault.none(), new Fault.Corrupt(5));

        assertThat(ended(submit("team/app:1")).error()).contains("wanted sha256:", "got sha256:");
        assertThat(filler.credentials()).isEmpty();
    }

    @Test
    void saysWhenAManifestNamesNoBlobs() {
        image.put("1", "application/vnd.docker.distribution.manifest.v1+json", "{\"fsLayers\":[]}");
        assertThat(ended(submit("team/app:1")).error()).contains("names no blobs");
        image.put("2", "text/html", "<html>");
        assertThat(ended(submit("team/app:2")).error()).contains("can't be read");
    }

    @Test
    void survivesAnIndexOfItself() {
        Digest inner = image.index("a", Map.of("-", image.manifest("b", image.blob(1))));
        for (int depth = 0; depth < 4; depth++) {
            inner = image.index("1", Map.of("-", inner));
        }
        assertThat(ended(submit("team/app:1")).error()).contains("nested");
    }

    @Test
    void refusesARegistryThatIsNotConfigured() {
        assertThat(preheats.submit(new PreheatRequest(
                        ImageReference.parse("elsewhere.example/a"), List.of(), Authorization.ANONYMOUS)))
                .isEqualTo(new Submission.UnknownUpstream(UpstreamName.parse("elsewhere.example")));
    }

    @Test
    void takesNoMoreThanItCanRemember() {
        filler.gate(new CountDownLatch(1));
        image.manifest("1", image.blob(10));
        for (int each = 0; each < 4; each++) {
            submit("team/app:1");
        }
        assertThat(request("team/app:1")).isEqualTo(new Submission.Full(4));
        assertThat(preheats.list()).hasSize(4);
    }

    @Test
    void forgetsTheOldestEndedOneForANewOne() {
        image.manifest("1", image.blob(10));
        List<String> ids = List.of(
                ended(submit("team/app:1")).id(),
                ended(submit("team/app:1")).id(),
                ended(submit("team/app:1")).id(),
                ended(submit("team/app:1")).id());

        submit("team/app:1");

        assertThat(preheats.find(ids.getFirst())).isEmpty();
        assertThat(preheats.find(ids.getLast())).isPresent();
    }

    @Test
    void forgetsEndedOnesAfterADay() {
        image.manifest("1", image.blob(10));
        String id = ended(submit("team/app:1")).id();

        now = now.plus(Duration.ofHours(24));
        assertThat(preheats.find(id)).isPresent();
        now = now.plusSeconds(1);
        assertThat(preheats.find(id)).isEmpty();
        assertThat(preheats.list()).isEmpty();
    }

    private Backfills backfills() {
        return new Backfills(
                store,
                directory.resolve("spool"),
                client,
                new BackfillConfig(
                        1 << 20,
                        1 << 20,
                        1,
                        4,
                        Duration.ofSeconds(10),
                        Duration.ZERO,
                        Duration.ofSeconds(1),
                        Duration.ZERO,
                        3,
                        Duration.ofMillis(1),
                        Duration.ofMillis(10),
                        Duration.ofSeconds(10)),
                BackfillListener.NONE);
    }

    private PreheatStatus submit(String name, String... platforms) {
        return accepted(request(name, platforms));
    }

    private Submission request(String name, String... platforms) {
        return preheats.submit(new PreheatRequest(
                ImageReference.parse(UPSTREAM + "/" + name),
                List.of(platforms).stream().map(Platform::parse).toList(),
                Authorization.ANONYMOUS));
    }

    private PreheatStatus ended(Submission submission) {
        return ended(accepted(submission));
    }

    private PreheatStatus ended(PreheatStatus preheat) {
        await().atMost(Duration.ofSeconds(20))
                .until(() -> found(preheat.id()).state().isFinal());
        return found(preheat.id());
    }

    private PreheatStatus found(String id) {
        return preheats.find(id).orElseThrow();
    }

    private static PreheatStatus accepted(Submission submission) {
        assertThat(submission).isInstanceOf(Submission.Accepted.class);
        return ((Submission.Accepted) submission).preheat();
    }

    private void assertStored() {
        for (Digest digest : image.blobs().keySet()) {
            try (var blob = store.find(new BlobKey(UpstreamName.parse(UPSTREAM), digest))
                    .orElseThrow()) {
                assertThat(blob.sealed()).isTrue();
            }
        }
    }
}
