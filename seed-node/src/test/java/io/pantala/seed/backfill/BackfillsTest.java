package io.pantala.seed.backfill;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockHashes;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.Digest;
import io.pantala.manifest.RepositoryName;
import io.pantala.manifest.UpstreamName;
import io.pantala.registry.Exchange;
import io.pantala.registry.FakeRegistry;
import io.pantala.registry.Fault;
import io.pantala.registry.RegistryClient;
import io.pantala.registry.RegistryConfig;
import io.pantala.registry.RegistryListener;
import io.pantala.registry.Upstream;
import io.pantala.registry.Upstreams;
import io.pantala.seed.backfill.BackfillListener.Reason;
import io.pantala.store.BlobFailedException;
import io.pantala.store.BlobFailure;
import io.pantala.store.BlobReader;
import io.pantala.store.BlobStore;
import io.pantala.store.BlockWriter;
import io.pantala.store.StoreConfig;
import io.pantala.store.StoreListener;
import io.pantala.store.StoredBlob;
import io.pantala.swarm.Authorization;
import io.pantala.swarm.CredentialSource;
import io.pantala.swarm.Fill;
import io.pantala.swarm.FillRequest;
import io.pantala.swarm.Opening;
import io.pantala.swarm.Opening.Opened;
import io.pantala.swarm.Opening.PassThrough;
import io.pantala.swarm.Opening.Refused;
import io.pantala.swarm.Opening.Unavailable;
import io.pantala.swarm.UpstreamRefusal;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class BackfillsTest {
    private static final Vertx VERTX = Vertx.vertx();
    private static final UpstreamName NAME = UpstreamName.parse("fake.example");
    private static final RepositoryName PROBE = new RepositoryName("library/probe");
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final int BLOCK = 256 << 10;
    private static final int MIB = 1 << 20;

    @TempDir
    Path directory;

    private final FakeRegistry registry = FakeRegistry.start();
    private final RegistryClient client = client(registry.upstream(NAME.value()));
    private final Recorder events = new Recorder();
    private final ManualTimer timer = new ManualTimer();

    @SuppressWarnings("NullAway.Init")
    private BlobStore store;

    @SuppressWarnings("NullAway.Init")
    private Backfills backfills;

    @BeforeEach
    void open() throws Exception {
        reopen(100 * MIB);
    }

    @AfterEach
    void close() {
        backfills.close();
        store.close();
        client.close();
        registry.close();
    }

    @AfterAll
    static void closeVertx() {
        VERTX.close().await();
    }

    // ---- fetching

    @Test
    void fetchesABlobOnceByParallelRanges() throws Exception {
        byte[] blob = bytes(10 * MIB + 123);
        Digest digest = registry.blob("library/probe", blob);

        assertThat(fill(digest)).isEqualTo(blob);

        assertThat(registry.bytesSent(digest)).isEqualTo(blob.length);
        assertThat(ranges().getFirst()).isEqualTo("bytes=0-1048575");
        assertThat(ranges()).hasSizeBetween(5, 12).doesNotHaveDuplicates();
        assertThat(events.bytes(Reason.FIRST)).isEqualTo(blob.length);
        assertThat(events.bytes(Reason.RANGE_IGNORED)).isZero();
        assertThat(events.lost.sum()).isZero();
        awaitLog("started req-1", "sealed req-1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"in parallel", "in a stream", "without a length"})
    void tellsOfEachBlockAndHowLongItTook(String how) throws Exception {
        byte[] blob = bytes(5 * BLOCK + 1);
        Digest digest = registry.blob("library/probe", blob);
        registry.ranges(how.equals("in parallel"));
        if (how.equals("without a length")) {
            registry.always("/blobs/", Fault.chunked());
        }

        assertThat(content(start(digest))).isEqualTo(blob);

        awaitLog("started req-1", "sealed req-1");
        assertThat(events.blocks)
                .containsOnlyKeys(0, 1, 2, 3, 4, 5)
                .allSatisfy((block, bytes) -> assertThat(bytes).isEqualTo(block < 5 ? BLOCK : 1));
        assertThat(events.took).hasSize(6).allMatch(took -> !took.isNegative() && took.compareTo(LONG) < 0);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, BLOCK - 1, BLOCK, BLOCK + 1, MIB})
    void takesOneRequestForWhatIsSmall(int size) throws Exception {
        byte[] blob = bytes(size);
        Digest digest = registry.blob("library/probe", blob);

        assertThat(fill(digest)).isEqualTo(blob);

        assertThat(registry.requests()).hasSize(1);
        assertThat(registry.bytesSent(digest)).isEqualTo(size);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void fetchesAnEmptyBlob(boolean ranges) throws Exception {
        registry.ranges(ranges);
        Digest digest = registry.blob("library/probe", new byte[0]);

        assertThat(fill(digest)).isEmpty();

        assertThat(registry.requests()).hasSize(1);
    }

    @Test
    void takesNothingInPlaceOfABlobForAnEmptyBlob() throws Exception {
        Digest digest = registry.blob("library/probe", bytes(1000));
        registry.always("/blobs/", Fault.other(new byte[0]));

        assertThat(outcome(start(digest))).isInstanceOf(Unavailable.class);
    }

    @Test
    void takesOneStreamFromARegistryWithoutRanges() throws Exception {
        registry.ranges(false);
        byte[] blob = bytes(5 * MIB + 1);
        Digest digest = registry.blob("library/probe", blob);

        assertThat(fill(digest)).isEqualTo(blob);

        assertThat(registry.requests()).hasSize(1);
        assertThat(registry.bytesSent(digest)).isEqualTo(blob.length);
    }

    @Test
    void followsRedirectsToTheStorageForEachRange() throws Exception {
        registry.requireBearer("ann", "secret").redirecting();
        byte[] blob = bytes(6 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        Authorization token = Authorization.of(registry.issueToken("library/probe"));

        assertThat(fill(digest, CredentialSource.fixed(token))).isEqualTo(blob);

        assertThat(bytesOf(registry.requests("/store/"))).isEqualTo(blob.length);
    }

    @Test
    void twentyConcurrentStartsCauseOneTransfer() throws Exception {
        byte[] blob = bytes(4 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        CountDownLatch gate = new CountDownLatch(1);
        registry.next("/blobs/", Fault.holdAfter(1000, gate));
        List<Fill> fills = Collections.synchronizedList(new ArrayList<>());
        List<Thread> starting = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            starting.add(Thread.ofVirtual().start(() -> fills.add(start(digest))));
        }
        for (Thread thread : starting) {
            thread.join();
        }
        gate.countDown();

        for (Fill fill : fills) {
            assertThat(content(fill)).isEqualTo(blob);
        }
        assertThat(registry.bytesSent(digest)).isEqualTo(blob.length);
    }

    @Test
    void opensWithTheFirstHeadersAndGivesEachBlockAsItComes() throws Exception {
        byte[] blob = bytes(3 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        CountDownLatch gate = new CountDownLatch(1);
        registry.next("/blobs/", Fault.holdAfter(BLOCK + 10, gate));

        try (Fill fill = start(digest);
                StoredBlob stored = opened(fill);
                BlobReader reader = stored.reader(0, BLOCK)) {
            assertThat(stored.layout()).isEqualTo(BlockLayout.of(blob.length));
            assertThat(read(reader)).isEqualTo(Arrays.copyOf(blob, BLOCK));
            gate.countDown();
            assertThat(read(stored)).isEqualTo(blob);
        }
    }

    @Test
    void fetchesFirstWhatAReaderWaitsFor() throws Exception {
        byte[] blob = bytes(20 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        CountDownLatch gate = new CountDownLatch(1);
        registry.next("/blobs/", Fault.holdAfter(1000, gate));

        try (Fill fill = start(digest);
                StoredBlob stored = opened(fill);
                BlobReader reader = stored.reader(12 * MIB + 5, 13 * MIB)) {
            gate.countDown();
            assertThat(read(reader)).isEqualTo(Arrays.copyOfRange(blob, 12 * MIB + 5, 13 * MIB));
            assertThat(read(stored)).isEqualTo(blob);
        }
        assertThat(ranges()).anyMatch(range -> range.startsWith("bytes=" + 12 * MIB + "-"));
        assertThat(registry.bytesSent(digest)).isEqualTo(blob.length);
    }

    @Test
    void asksTheRegistryNothingForWhatIsThere() throws Exception {
        byte[] blob = bytes(MIB);
        Digest digest = registry.blob("library/probe", blob);
        fill(digest);

        assertThat(fill(digest)).isEqualTo(blob);

        assertThat(registry.requests()).hasSize(1);
    }

    @Test
    void sendsNoMoreRequestsAtOnceThanOneUpstreamMayGet() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        List<Digest> digests = new ArrayList<>();
        registry.always("/blobs/", Fault.holdAfter(10, gate));
        for (int i = 0; i < 5; i++) {
            digests.add(registry.blob("library/probe", bytes(1000 + i)));
        }
        List<Fill> fills = digests.stream().map(this::start).toList();

        await().until(() -> registry.requests().size() == 4);
        assertThat(fills).filteredOn(fill -> fill.opening().isDone()).hasSizeLessThanOrEqualTo(4);
        assertThat(registry.requests()).hasSize(4);
        gate.countDown();

        for (Fill fill : fills) {
            assertThat(content(fill)).hasSizeGreaterThan(999);
        }
        assertThat(registry.requests()).hasSize(5);
    }

    @Test
    void soonSaysThatABlobComesWhileOthersHaveAllTheirRequestsUnderWay() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        List<Fill> large = startMoreThanMayBeUnderWay(gate);

        byte[] small = bytes(1000);
        assertThat(fill(registry.blob("library/probe", small))).isEqualTo(small);

        gate.countDown();
        for (Fill fill : large) {
            assertThat(content(fill)).hasSizeGreaterThanOrEqualTo(4 * MIB);
        }
    }

    /** All requests that are allowed beyond a blob's first are under way until the gate opens. */
    private List<Fill> startMoreThanMayBeUnderWay(CountDownLatch gate) {
        List<Fill> large = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            Digest digest = registry.blob("library/probe", bytes(4 * MIB + i));
            registry.next(digest.toString(), Fault.none()).always(digest.toString(), Fault.holdAfter(10, gate));
            large.add(start(digest));
        }
        await().until(() -> registry.requests().size() == 8);
        return large;
    }

    // ---- broken transfers

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 1000, BLOCK, BLOCK + 1, MIB - 1})
    void goesOnAtTheVeryByteWhereATransferWasCut(int after) throws Exception {
        byte[] blob = bytes(3 * MIB + 17);
        Digest digest = registry.blob("library/probe", blob);
        registry.next(
                "/blobs/", Fault.cutAfter(after), Fault.cutAfter(after / 2), Fault.none(), Fault.cutAfter(70_000));

        assertThat(fill(digest)).isEqualTo(blob);

        assertThat(registry.bytesSent(digest)).isEqualTo(blob.length);
        assertThat(events.bytes(Reason.FIRST)).isEqualTo(blob.length);
        assertThat(events.lost.sum()).isZero();
        assertThat(events.log).contains("resumed at " + after);
    }

    @Test
    void getsOverAReset() throws Exception {
        byte[] blob = bytes(3 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        registry.next("/blobs/", Fault.resetAfter(300_000), Fault.resetAfter(10));

        assertThat(fill(digest)).isEqualTo(blob);
        assertThat(events.bytes(Reason.FIRST)).isEqualTo(blob.length);
    }

    @Test
    void goesOnWhereATransferStalled() throws Exception {
        reopen(100 * MIB, Duration.ofSeconds(1));
        byte[] blob = bytes(3 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        registry.next("/blobs/", Fault.stallAfter(300_000));

        assertThat(fill(digest)).isEqualTo(blob);

        assertThat(events.bytes(Reason.FIRST)).isEqualTo(blob.length);
        assertThat(events.log).contains("resumed at 300000");
    }

    @Test
    void skipsWhatItHasWhenARegistryWithoutRangesWasCut() throws Exception {
        registry.ranges(false);
        byte[] blob = bytes(2 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        registry.next("/blobs/", Fault.cutAfter(700_000));

        assertThat(fill(digest)).isEqualTo(blob);

        assertThat(registry.requests()).hasSize(2);
        assertThat(events.bytes(Reason.FIRST)).isEqualTo(blob.length);
        assertThat(events.bytes(Reason.RANGE_IGNORED)).isEqualTo(700_000);
    }

    @Test
    void takesTheWholeWhenTheRegistryStopsHonouringRanges() throws Exception {
        byte[] blob = bytes(6 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        registry.next("/blobs/", Fault.none()).always("/blobs/", Fault.ignoreRange());

        assertThat(fill(digest)).isEqualTo(blob);

        assertThat(events.bytes(Reason.FIRST)).isEqualTo(blob.length);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bytes 1-1048576/3145728", "bytes 0-1048575/*", "nonsense", "bytes 0-99/100"})
    void asksForTheWholeWhenTheRangeThatCameIsNotTheOneAskedFor(String contentRange) throws Exception {
        byte[] blob = bytes(3 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        registry.next("/blobs/", Fault.contentRange(contentRange));

        assertThat(fill(digest)).isEqualTo(blob);

        assertThat(registry.requests().get(1).header("Range")).isNull();
    }

    @Test
    void takesShorterRangesThanItAskedFor() throws Exception {
        byte[] blob = bytes(2 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        registry.always("/blobs/", Fault.capped(100_000));

        assertThat(fill(digest)).isEqualTo(blob);

        assertThat(registry.bytesSent(digest)).isEqualTo(blob.length);
    }

    @Test
    void waitsAsLongAsTheRegistryAsks() throws Exception {
        byte[] blob = bytes(3 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        registry.next(
                "/blobs/",
                Fault.status(429, Map.of("Retry-After", "1")),
                Fault.none(),
                Fault.status(503),
                Fault.status(429, Map.of("Retry-After", "100000")),
                Fault.status(500));

        assertThat(fill(digest)).isEqualTo(blob);

        assertThat(registry.bytesSent(digest)).isEqualTo(blob.length);
    }

    @Test
    void givesUpAfterAFewAttemptsThatBringNothingAndKeepsWhatCame() throws Exception {
        byte[] blob = bytes(3 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        registry.next("/blobs/", Fault.cutAfter(BLOCK)).always("/blobs/", Fault.status(500));

        try (Fill fill = start(digest);
                StoredBlob stored = opened(fill)) {
            assertThatExceptionOfType(BlobFailedException.class)
                    .isThrownBy(() -> read(stored))
                    .satisfies(e -> assertThat(e.failure()).isInstanceOf(BlobFailure.Interrupted.class));
            assertThat(stored.holds(0)).isTrue();
        }
        await().until(() -> events.log.contains("failed req-1"));

        registry.always("/blobs/", Fault.none());
        assertThat(fill(digest)).isEqualTo(blob);
        assertThat(registry.bytesSent(digest)).isEqualTo(blob.length);
    }

    @Test
    void neverHandsOutTheLastBlockOfABlobWhoseDigestIsWrong() throws Exception {
        byte[] blob = bytes(3 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        registry.next("/blobs/", Fault.corruptAt(MIB / 2));

        try (Fill fill = start(digest);
                StoredBlob stored = opened(fill)) {
            assertThatExceptionOfType(BlobFailedException.class)
                    .isThrownBy(() -> read(stored))
                    .satisfies(e -> assertThat(e.failure())
                            .isInstanceOfSatisfying(
                                    BlobFailure.DigestMismatch.class,
                                    mismatch -> assertThat(mismatch.wanted()).isEqualTo(digest)));
        }
        await().until(() -> events.log.stream().anyMatch(event -> event.startsWith("mismatch")));
        await().until(() -> store.find(key(digest)).isEmpty());

        assertThat(fill(digest)).isEqualTo(blob);
    }

    @Test
    void noticesWhenTheRegistryChangesTheSize() throws Exception {
        byte[] blob = bytes(3 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        registry.next("/blobs/", Fault.cutAfter(BLOCK + 1), Fault.other(bytes(3 * MIB + 1)));

        try (Fill fill = start(digest);
                StoredBlob stored = opened(fill)) {
            assertThatExceptionOfType(BlobFailedException.class)
                    .isThrownBy(() -> read(stored))
                    .satisfies(e -> assertThat(e.failure()).isInstanceOf(BlobFailure.DigestMismatch.class));
        }
        await().until(() -> events.log.contains("mismatch null"));
    }

    // ---- what can't be stored

    @Test
    void fetchesOnceForAllWhatHasNoLength() throws Exception {
        byte[] blob = bytes(2 * MIB + 5);
        Digest digest = registry.blob("library/probe", blob);
        CountDownLatch gate = new CountDownLatch(1);
        registry.next("/blobs/", Fault.chunkedAndHoldAfter(MIB, gate));
        Fill first = start(digest);
        await().until(() -> events.bytes(Reason.FIRST) >= MIB);
        Fill second = start(digest);

        gate.countDown();

        assertThat(content(first)).isEqualTo(blob);
        assertThat(content(second)).isEqualTo(blob);
        assertThat(registry.requests()).hasSize(1);
        awaitLog("started req-1", "sealed req-1");
        assertThat(timer.waiting("unsized")).isZero();
        assertThat(directory.resolve("spool")).isEmptyDirectory();
        assertThat(store.usage().bytes()).isEqualTo(blob.length);
    }

    @Test
    void letsEveryoneStreamWhatHasNoLengthAndTakesLong() throws Exception {
        byte[] blob = bytes(2 * MIB + 5);
        Digest digest = registry.blob("library/probe", blob);
        CountDownLatch gate = new CountDownLatch(1);
        registry.next("/blobs/", Fault.chunkedAndHoldAfter(MIB, gate));
        try (Fill first = start(digest)) {
            await().until(() -> timer.waiting("unsized") == 1);
            timer.elapse("unsized");
            var stored = ((Opening.Unsized) outcome(first)).stored();
            try (Fill second = start(digest)) {
                assertThat(outcome(second)).isInstanceOf(Opening.Unsized.class);
            }

            gate.countDown();
            assertThat(stored.get(20, SECONDS)).isEmpty();
        }
        assertThat(fill(digest)).isEqualTo(blob);
        assertThat(registry.requests()).hasSize(1);
    }

    /** Until it is stored it is there twice: 6 MiB in use, 1.5 on the way, and 1.5 more are beyond 8. */
    @Test
    void keepsTheQuotaAlsoWithWhatHasNoLengthYet() throws Exception {
        reopen(8 * MIB);
        Digest large = registry.blob("library/probe", bytes(6 * MIB));
        Digest digest = registry.blob("library/probe", bytes(MIB + MIB / 2));
        registry.next(digest.toString(), Fault.chunked());
        try (Fill fill = start(large);
                StoredBlob _ = opened(fill)) {
            assertThat(stored(start(digest)).orElseThrow()).contains("no room");
            assertThat(store.usage().bytes()).isEqualTo(6 * MIB);
        }
    }

    @Test
    void beginsAgainWithAStreamWithoutLengthThatBroke() throws Exception {
        byte[] blob = bytes(2 * MIB + 5);
        Digest digest = registry.blob("library/probe", blob);
        registry.next("/blobs/", Fault.chunkedAndCutAfter(MIB), Fault.chunkedAndCutAfter(0), Fault.chunked());

        assertThat(fill(digest)).isEqualTo(blob);
        assertThat(registry.requests()).hasSize(3);
    }

    @Test
    void givesUpAStreamWithoutLengthThatBreaksAgainAndAgain() throws Exception {
        Digest digest = registry.blob("library/probe", bytes(MIB));
        registry.always("/blobs/", Fault.chunkedAndCutAfter(1000));

        assertThat(stored(start(digest)).orElseThrow()).contains("the connection ended");

        assertThat(registry.requests()).hasSize(3);
        assertThat(directory.resolve("spool")).isEmptyDirectory();
        registry.always("/blobs/", Fault.none());
        assertThat(fill(digest)).hasSize(MIB);
    }

    @Test
    void unpacksWhatWasCompressedUnasked() throws Exception {
        byte[] blob = new byte[MIB];
        Digest digest = registry.blob("library/probe", blob);
        registry.next("/blobs/", Fault.gzip());

        assertThat(fill(digest)).isEqualTo(blob);

        assertThat(events.log).contains("sealed req-1");
        assertThat(directory.resolve("spool")).isEmptyDirectory();
    }

    @Test
    void storesNothingOfAStreamWithoutLengthWhoseDigestIsWrong() throws Exception {
        Digest digest = Digest.sha256(bytes(5));
        registry.blob("library/probe", digest, bytes(6));
        registry.next("/blobs/", Fault.chunked());

        assertThat(stored(start(digest))).hasValue("what came is not the blob but " + Digest.sha256(bytes(6)));
        assertThat(events.log).contains("mismatch " + Digest.sha256(bytes(6)));

        assertThat(store.find(key(digest))).isEmpty();
    }

    @Test
    void passesWhatIsLargerThanTheQuota() throws Exception {
        reopen(MIB);
        Digest digest = registry.blob("library/probe", bytes(MIB + 1));

        assertThat(outcome(start(digest))).isEqualTo(new PassThrough(PassThrough.Reason.LARGER_THAN_QUOTA));
    }

    @Test
    void passesWhatHasNoRoomBesideWhatIsInUse() throws Exception {
        reopen(2 * MIB);
        Digest first = registry.blob("library/probe", bytes(MIB + 1));
        Digest second = registry.blob("library/probe", bytes(MIB + 2));

        try (Fill fill = start(first);
                StoredBlob _ = opened(fill)) {
            assertThat(outcome(start(second))).isEqualTo(new PassThrough(PassThrough.Reason.NO_ROOM));
        }
    }

    // ---- refusals and credentials

    @Test
    void relaysTheRegistrysOwnRefusal() throws Exception {
        Digest digest = Digest.sha256(bytes(1));
        registry.requireBearer("ann", "secret");

        UpstreamRefusal refusal = refused(start(digest));

        assertThat(refusal.status()).isEqualTo(401);
        assertThat(refusal.headers())
                .anySatisfy(header -> {
                    assertThat(header.getKey()).isEqualToIgnoringCase("WWW-Authenticate");
                    assertThat(header.getValue()).contains("/token\"").contains("repository:library/probe:pull");
                })
                .noneMatch(header -> header.getKey().equalsIgnoreCase("Content-Length"));
        assertThat(new String(refusal.body(), UTF_8)).contains("UNAUTHORIZED");
    }

    @Test
    void relaysAMissingBlobAtOnce() throws Exception {
        assertThat(refused(start(Digest.sha256(bytes(1)))).status()).isEqualTo(404);
        assertThat(registry.requests()).hasSize(1);
    }

    @Test
    void relaysAPersistentFailureAfterAFewAttempts() throws Exception {
        registry.always("/blobs/", Fault.status(503));

        assertThat(refused(start(Digest.sha256(bytes(1)))).status()).isEqualTo(503);
        assertThat(registry.requests()).hasSize(3);
    }

    @Test
    void doesNotWaitForARegistryThatWantsToBeLeftAloneForLong() throws Exception {
        registry.always("/blobs/", Fault.status(429, Map.of("Retry-After", "3600")));

        UpstreamRefusal refusal = refused(start(Digest.sha256(bytes(1))));

        assertThat(refusal.status()).isEqualTo(429);
        assertThat(refusal.headers()).contains(Map.entry("Retry-After", "3600"));
        assertThat(registry.requests()).hasSize(1);
    }

    @Test
    void refusesOneCredentialAndServesAnother() throws Exception {
        registry.requireBearer("ann", "secret");
        byte[] blob = bytes(MIB);
        Digest digest = registry.blob("library/probe", blob);
        CountDownLatch gate = new CountDownLatch(1);
        registry.next("/blobs/", Fault.holdAfter(0, gate));
        Authorization token = Authorization.of(registry.issueToken("library/probe"));

        Fill stranger = start(digest);
        Fill another = start(digest);
        Fill ann = backfills.start(request(digest, CredentialSource.fixed(token)));
        gate.countDown();

        assertThat(refused(stranger).status()).isEqualTo(401);
        assertThat(refused(another).status()).isEqualTo(401);
        assertThat(content(ann)).isEqualTo(blob);
        assertThat(registry.requests()).hasSize(2);
    }

    @Test
    void asksForANewerCredentialWhenOneExpiresInMidBlob() throws Exception {
        registry.requireBearer("ann", "secret");
        byte[] blob = bytes(6 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        CountDownLatch gate = new CountDownLatch(1);
        registry.next("/blobs/", Fault.holdAfter(1000, gate));
        Renewing credentials = new Renewing(registry.issueToken("library/probe"));

        Fill fill = backfills.start(request(digest, credentials));
        try (StoredBlob stored = opened(fill)) {
            registry.expireTokens();
            gate.countDown();
            assertThat(read(stored)).isEqualTo(blob);
        }

        assertThat(credentials.challenges).hasSize(1);
        assertThat(credentials.challenges.peek()).startsWith("Bearer realm=");
        assertThat(registry.bytesSent(digest)).isEqualTo(blob.length);
    }

    @Test
    void goesOnWithAnotherPartysCredentialWhenOneIsNotRenewed() throws Exception {
        registry.requireBearer("ann", "secret");
        byte[] blob = bytes(4 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        CountDownLatch gate = new CountDownLatch(1);
        registry.next("/blobs/", Fault.holdAfter(1000, gate));

        Authorization old = Authorization.of(registry.issueToken("library/probe"));
        Fill first = backfills.start(request(digest, CredentialSource.fixed(old)));
        try (StoredBlob stored = opened(first)) {
            registry.expireTokens();
            Authorization fresh = Authorization.of(registry.issueToken("library/probe"));
            Fill second = backfills.start(request(digest, CredentialSource.fixed(fresh)));
            gate.countDown();
            assertThat(read(stored)).isEqualTo(blob);
            assertThat(content(second)).isEqualTo(blob);
        }
        assertThat(registry.bytesSent(digest)).isEqualTo(blob.length);
    }

    @Test
    void saysThatTheRegistryCannotBeReached() throws Exception {
        registry.close();

        assertThat(outcome(start(Digest.sha256(bytes(1))))).isInstanceOf(Unavailable.class);
    }

    @Test
    void knowsNoOtherUpstreams() throws Exception {
        BlobKey elsewhere = new BlobKey(UpstreamName.parse("other.example"), Digest.sha256(bytes(1)));
        CredentialSource anonymous = CredentialSource.fixed(Authorization.ANONYMOUS);

        Opening outcome = outcome(backfills.start(new FillRequest(elsewhere, PROBE, anonymous, "req-1")));

        assertThat(outcome)
                .isInstanceOfSatisfying(
                        Unavailable.class,
                        unavailable -> assertThat(unavailable.reason()).contains("other.example"));
    }

    @Test
    void answersWithinItsPatienceAlsoWhenTheRegistryDoesNot() throws Exception {
        byte[] blob = bytes(10);
        Digest digest = registry.blob("library/probe", blob);
        CountDownLatch gate = new CountDownLatch(1);
        registry.next("/blobs/", Fault.late(gate));
        Fill impatient = start(digest);

        timer.elapse("patience");
        assertThat(outcome(impatient)).isInstanceOf(Unavailable.class);

        Fill next = start(digest);
        gate.countDown();
        assertThat(content(next)).isEqualTo(blob);
        assertThat(registry.bytesSent(digest)).isEqualTo(blob.length);
    }

    // ---- coming and going

    @Test
    void pausesWhenTheLastHasLeftForAWhileAndGoesOnForTheNext() throws Exception {
        byte[] blob = bytes(3 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        CountDownLatch gate = new CountDownLatch(1);
        registry.next("/blobs/", Fault.holdAfter(2 * BLOCK, gate));
        Fill first = start(digest);
        StoredBlob stored = opened(first);
        await().until(() -> stored.holds(1));

        first.close();
        assertThat(timer.waiting("grace")).isEqualTo(1);
        timer.elapse("grace");
        await().until(() -> events.log.contains("paused req-1"));
        stored.close();

        assertThat(fill(digest)).isEqualTo(blob);
        assertThat(registry.bytesSent(digest)).isEqualTo(blob.length);
    }

    @Test
    void oneThatLeavesEndsItForNobodyElse() throws Exception {
        byte[] blob = bytes(3 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        CountDownLatch gate = new CountDownLatch(1);
        registry.next("/blobs/", Fault.holdAfter(1000, gate));
        Fill first = start(digest);
        Fill second = start(digest);

        opened(first).close();
        first.close();
        assertThat(timer.waiting("grace")).isZero();
        gate.countDown();

        assertThat(content(second)).isEqualTo(blob);
        assertThat(registry.bytesSent(digest)).isEqualTo(blob.length);
    }

    @Test
    void oneThatComesWithinTheGraceJoinsWhatStillRuns() throws Exception {
        byte[] blob = bytes(3 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        CountDownLatch gate = new CountDownLatch(1);
        registry.next("/blobs/", Fault.holdAfter(1000, gate));
        Fill first = start(digest);
        opened(first).close();
        first.close();

        Fill second = start(digest);
        assertThat(timer.waiting("grace")).isZero();
        gate.countDown();

        assertThat(content(second)).isEqualTo(blob);
        assertThat(registry.bytesSent(digest)).isEqualTo(blob.length);
    }

    @Test
    void keepsNobodyWaitingForOneThatWasStoppedWhileItsTurnDidNotCome() throws Exception {
        reopenWithPatience(Duration.ofMinutes(10));
        CountDownLatch gate = new CountDownLatch(1);
        List<Fill> large = startMoreThanMayBeUnderWay(gate);
        byte[] blob = bytes(3 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        Fill first = start(digest);
        opened(first).close();
        await().until(() ->
                registry.bytesSent(digest) == MIB / 8 && events.bytes(Reason.FIRST) == bytesOf(registry.requests()));

        first.close();
        timer.elapse("grace");
        try (Fill next = start(digest);
                StoredBlob stored = opened(next)) {
            gate.countDown();
            assertThat(read(stored)).isEqualTo(blob);
        }
        for (Fill fill : large) {
            assertThat(content(fill)).hasSizeGreaterThanOrEqualTo(4 * MIB);
        }
    }

    @Test
    void keepsNobodyWaitingForOneThatWasStoppedBeforeItsFirstRequest() throws Exception {
        reopenWithPatience(Duration.ofMinutes(10));
        CountDownLatch gate = new CountDownLatch(1);
        registry.always("/blobs/", Fault.holdAfter(10, gate));
        List<Fill> small = IntStream.range(0, 4)
                .mapToObj(i -> start(registry.blob("library/probe", bytes(1000 + i))))
                .toList();
        await().until(() -> registry.requests().size() == 4);
        byte[] blob = bytes(3 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        CountDownLatch asked = new CountDownLatch(1);
        backfills.prefer((_, _) -> {
            asked.countDown();
            return Optional.empty();
        });
        Fill first = start(digest);
        asked.await();

        first.close();
        timer.elapse("grace");
        backfills.prefer(copies(new FakeHolder(blob)));
        assertThat(fill(digest)).isEqualTo(blob);

        assertThat(registry.requests()).hasSize(4);
        gate.countDown();
        for (Fill fill : small) {
            assertThat(content(fill)).hasSizeGreaterThan(999);
        }
    }

    @Test
    void keepsNobodyWaitingForOneThatWasStoppedWhileTheRegistryDidNotAnswer() throws Exception {
        reopenWithPatience(Duration.ofMinutes(10));
        byte[] blob = bytes(3 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        CountDownLatch never = new CountDownLatch(1);
        registry.next(digest.toString(), Fault.late(never));
        Fill first = start(digest);
        await().until(() -> registry.requests().size() == 1);

        first.close();
        timer.elapse("grace");

        assertThat(fill(digest)).isEqualTo(blob);
    }

    @Test
    void keepsNobodyWaitingForOneThatWasStoppedWhileTheRegistryDidNotAnswerForTheRest() throws Exception {
        reopenWithPatience(Duration.ofMinutes(10));
        byte[] blob = bytes(3 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        CountDownLatch never = new CountDownLatch(1);
        registry.next(digest.toString(), Fault.none()).always(digest.toString(), Fault.late(never));
        Fill first = start(digest);
        opened(first).close();
        await().until(() -> registry.requests().size() > 1 && events.bytes(Reason.FIRST) == MIB);

        first.close();
        timer.elapse("grace");
        registry.always(digest.toString(), Fault.none());

        assertThat(fill(digest)).isEqualTo(blob);
    }

    @Test
    void fetchesOnlyWhatIsMissingAfterARestart() throws Exception {
        byte[] blob = bytes(8 * MIB + 3);
        Digest digest = registry.blob("library/probe", blob);
        registry.next("/blobs/", Fault.cutAfter(3 * BLOCK)).always("/blobs/", Fault.status(500));
        try (Fill fill = start(digest);
                StoredBlob _ = opened(fill)) {
            await().until(() -> events.log.contains("failed req-1"));
        }
        reopen(100 * MIB);
        registry.always("/blobs/", Fault.none());

        assertThat(fill(digest)).isEqualTo(blob);

        assertThat(registry.bytesSent(digest)).isEqualTo(blob.length);
    }

    @Test
    void fetchesAgainWhatTheDiskHasLostMeanwhile() throws Exception {
        byte[] blob = bytes(8 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        registry.next("/blobs/", Fault.cutAfter(4 * BLOCK)).always("/blobs/", Fault.status(500));
        try (Fill fill = start(digest);
                StoredBlob _ = opened(fill)) {
            await().until(() -> events.log.contains("failed req-1"));
        }
        backfills.close();
        store.close();
        damage(2 * BLOCK + 7);
        reopen(100 * MIB);
        registry.always("/blobs/", Fault.none());

        assertThat(fill(digest)).isEqualTo(blob);

        assertThat(registry.bytesSent(digest)).isEqualTo(blob.length + BLOCK);
    }

    // ---- what others hold

    @Test
    void takesWhatOthersHoldFromThem() throws Exception {
        byte[] blob = bytes(3 * MIB + 5);
        Digest digest = registry.blob("library/probe", blob);
        FakeHolder one = new FakeHolder(blob);
        FakeHolder two = new FakeHolder(blob);
        backfills.prefer(copies(one, two));

        assertThat(fill(digest)).isEqualTo(blob);

        assertThat(registry.requests()).isEmpty();
        assertThat(one.given.get() + two.given.get()).isEqualTo(13);
        assertThat(one.given).hasPositiveValue();
        assertThat(two.given).hasPositiveValue();
        awaitLog("retrieved " + blob.length + " req-1");
    }

    @Test
    void takesFromTheOthersWhatOneOfThemFailsToGive() throws Exception {
        byte[] blob = bytes(3 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        FakeHolder one = new FakeHolder(blob);
        FakeHolder two = new FakeHolder(blob);
        two.most = 3;
        backfills.prefer(copies(one, two));

        assertThat(fill(digest)).isEqualTo(blob);

        assertThat(registry.requests()).isEmpty();
        assertThat(one.given).hasValue(9);
        assertThat(two.given).hasValue(3);
    }

    @Test
    void asksTheRegistryForWhatOthersDoNotGive() throws Exception {
        byte[] blob = bytes(3 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        FakeHolder one = new FakeHolder(blob);
        one.most = 3;
        backfills.prefer(copies(one));

        assertThat(fill(digest)).isEqualTo(blob);

        assertThat(registry.bytesSent(digest)).isEqualTo(blob.length);
        awaitLog("not retrieved req-1", "started req-1", "sealed req-1");
        assertThat(one.lies).hasValue(0);
    }

    @Test
    void givesNobodyAByteOfWhatOthersHoldThatIsSomethingElse() throws Exception {
        byte[] blob = bytes(3 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        FakeHolder honest = new FakeHolder(blob);
        FakeHolder liar = new FakeHolder(new byte[blob.length]);
        backfills.prefer(copies(liar, honest));

        assertThat(fill(digest)).isEqualTo(blob);

        assertThat(registry.bytesSent(digest)).isEqualTo(blob.length);
        awaitLog("not retrieved req-1", "started req-1", "sealed req-1");
        await().untilAsserted(() -> assertThat(liar.lies).hasValue(1));
        assertThat(honest.lies).hasValue(0);
    }

    @Test
    void doesNotWaitForOthersThatAreTooSlow() throws Exception {
        byte[] blob = bytes(3 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        FakeHolder stalled = new FakeHolder(blob);
        CountDownLatch end = new CountDownLatch(1);
        stalled.until = end;
        backfills.prefer(copies(stalled));

        assertThat(fill(digest)).isEqualTo(blob);
        end.countDown();

        assertThat(registry.bytesSent(digest)).isEqualTo(blob.length);
        awaitLog("not retrieved req-1", "started req-1", "sealed req-1");
    }

    @Test
    void passesOnWhatASeedHasVouchedForAsItComesHoweverLongThatTakes() throws Exception {
        byte[] blob = bytes(3 * MIB + 5);
        Digest digest = registry.blob("library/probe", blob);
        FakeHolder slow = new FakeHolder(blob);
        slow.withheld = 6;
        slow.until = new CountDownLatch(1);
        backfills.prefer(vouched(blob, slow));

        try (Fill fill = start(digest);
                StoredBlob stored = opened(fill)) {
            await().until(() -> stored.held().size() == 6);
            assertThat(registry.requests()).isEmpty();
            slow.until.countDown();
            await().until(stored::sealed);
            assertThat(read(stored)).isEqualTo(blob);
        }

        assertThat(registry.requests()).isEmpty();
        assertThat(events.log).contains("retrieved " + blob.length + " req-1", "sealed req-1");
    }

    @Test
    void asksTheRegistryForWhatIsLeftWhenOthersGiveNoMoreOfWhatASeedHasVouchedFor() throws Exception {
        byte[] blob = bytes(3 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        FakeHolder one = new FakeHolder(blob);
        one.most = 5;
        backfills.prefer(vouched(blob, one));

        assertThat(fill(digest)).isEqualTo(blob);

        assertThat(registry.bytesSent(digest)).isEqualTo(blob.length - 5L * BLOCK);
        assertThat(one.lies).hasValue(0);
    }

    @Test
    void takesNothingFromOneThatGivesSomethingElseThanASeedHasVouchedFor() throws Exception {
        byte[] blob = bytes(3 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        FakeHolder honest = new FakeHolder(blob);
        FakeHolder liar = new FakeHolder(new byte[blob.length]);
        backfills.prefer(vouched(blob, liar, honest));

        assertThat(fill(digest)).isEqualTo(blob);

        assertThat(registry.requests()).isEmpty();
        assertThat(liar.lies).hasPositiveValue();
        assertThat(honest.given).hasValue(12);
    }

    /** The one that keeps the first block back has it for ever: the other is asked for that, too. */
    @Test
    void waitsForNoSingleOneOfThoseThatHoldWhatASeedHasVouchedFor() throws Exception {
        byte[] blob = bytes(3 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        FakeHolder stalled = new FakeHolder(blob);
        CountDownLatch end = new CountDownLatch(1);
        stalled.until = end;
        FakeHolder well = new FakeHolder(blob);
        backfills.prefer(vouched(blob, stalled, well));

        assertThat(fill(digest)).isEqualTo(blob);
        end.countDown();

        assertThat(registry.requests()).isEmpty();
    }

    @Test
    void takesWhatItLacksItselfFromOthersAfterARestart() throws Exception {
        byte[] blob = bytes(8 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        registry.next("/blobs/", Fault.cutAfter(4 * BLOCK)).always("/blobs/", Fault.status(500));
        try (Fill fill = start(digest);
                StoredBlob _ = opened(fill)) {
            await().until(() -> events.log.contains("failed req-1"));
        }
        reopen(100 * MIB);
        long sent = registry.bytesSent(digest);
        backfills.prefer(vouched(blob, new FakeHolder(blob)));

        assertThat(fill(digest)).isEqualTo(blob);

        assertThat(registry.bytesSent(digest)).isEqualTo(sent);
    }

    @Test
    void keepsNothingOfOthersThatWasNotProvedBeforeTheProcessEnded() throws Exception {
        byte[] blob = bytes(3 * MIB);
        Digest digest = registry.blob("library/probe", blob);
        try (StoredBlob partial = store.create(key(digest), BlockLayout.of(blob.length))) {
            write(partial, 0, new byte[BLOCK]);
        }
        Files.writeString(
                directory.resolve("spool").resolve("some.unproved"), key(digest).toString());
        reopen(100 * MIB);

        assertThat(fill(digest)).isEqualTo(blob);

        assertThat(registry.bytesSent(digest)).isEqualTo(blob.length);
        assertThat(directory.resolve("spool")).isEmptyDirectory();
    }

    /** Those who read a blob are told before those who only listen. */
    private void awaitLog(String... lines) {
        await().untilAsserted(() -> assertThat(events.log).containsExactly(lines));
    }

    private static void write(StoredBlob blob, int block, byte[] bytes) throws IOException {
        try (BlockWriter writer = blob.writer(block)) {
            writer.write(ByteBuffer.wrap(bytes));
            writer.complete();
        }
    }

    private static Copies copies(FakeHolder... holders) {
        return copies(Optional.empty(), holders);
    }

    /** A seed has vouched for what they hold to be these bytes. */
    private static Copies vouched(byte[] bytes, FakeHolder... holders) {
        int count = BlockLayout.of(bytes.length).count();
        BlockHashes hashes = new BlockHashes(count);
        for (int block = 0; block < count; block++) {
            hashes.put(block, hash(bytes, block));
        }
        return copies(Optional.of(hashes), holders);
    }

    private static byte[] hash(byte[] bytes, int block) {
        int at = block * BLOCK;
        return Digest.newSha256().digest(Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + BLOCK)));
    }

    private static Copies copies(Optional<BlockHashes> hashes, FakeHolder... holders) {
        BlockLayout layout = BlockLayout.of(holders[0].bytes.length);
        return (_, _) -> Optional.of(new Copies.Copy() {
            @Override
            public BlockLayout layout() {
                return layout;
            }

            @Override
            public Optional<BlockHashes> hashes() {
                return hashes;
            }

            @Override
            public List<Copies.Holder> holders() {
                return List.of(holders);
            }

            @Override
            public void close() {}
        });
    }

    /** Gives what it has, as long as it is to. */
    private static final class FakeHolder implements Copies.Holder {
        private final byte[] bytes;
        private final AtomicInteger given = new AtomicInteger();
        private final AtomicInteger lies = new AtomicInteger();
        private int most = Integer.MAX_VALUE;
        private CountDownLatch until = new CountDownLatch(0);

        /** Blocks from this one on are kept back until then. */
        private int withheld;

        FakeHolder(byte[] bytes) {
            this.bytes = bytes;
        }

        @Override
        public boolean fetch(int block, BlockWriter into, byte @Nullable [] expected) {
            try {
                if (block >= withheld) {
                    until.await();
                }
                int at = block * BLOCK;
                into.write(ByteBuffer.wrap(Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + BLOCK))));
                if (given.incrementAndGet() > most) {
                    given.decrementAndGet();
                    return false;
                }
                if (expected != null && !Arrays.equals(expected, hash(bytes, block))) {
                    lied();
                    return false;
                }
                into.complete();
                return true;
            } catch (IOException | InterruptedException e) {
                return false;
            }
        }

        @Override
        public void lied() {
            lies.incrementAndGet();
        }
    }

    @Test
    void stopsAllWhenClosed() throws Exception {
        Digest digest = registry.blob("library/probe", bytes(3 * MIB));
        registry.next("/blobs/", Fault.stallAfter(BLOCK + 10));
        Fill fill = start(digest);
        try (StoredBlob stored = opened(fill)) {
            // All that the others bring is here.
            await().until(() -> stored.held().size() == 9);
            backfills.close();
            assertThat(events.log).contains("paused req-1");
            assertThat(events.lost.sum()).isEqualTo(10);
        }
    }

    private void reopen(long quota) throws Exception {
        reopen(quota, LONG);
    }

    private void reopen(long quota, Duration idle) throws Exception {
        reopen(quota, idle, Duration.ofSeconds(10), Duration.ofMillis(20));
    }

    private void reopenWithPatience(Duration patience) throws Exception {
        reopen(100 * MIB, LONG, patience, patience);
    }

    private void reopen(long quota, Duration idle, Duration patience, Duration longestDelay) throws Exception {
        if (backfills != null) {
            backfills.close();
            store.close();
        }
        store = BlobStore.open(
                new StoreConfig(directory.resolve("store"), OptionalLong.of(quota)),
                StoreListener.NONE,
                Clock.systemUTC());
        BackfillConfig config = new BackfillConfig(
                MIB,
                2 * MIB,
                4,
                4,
                patience,
                Duration.ofSeconds(7),
                Duration.ofSeconds(5),
                Duration.ofSeconds(30),
                3,
                Duration.ofMillis(1),
                longestDelay,
                idle);
        backfills = new Backfills(store, directory.resolve("spool"), client, config, events, timer, new Random(7));
    }

    private void damage(long position) throws Exception {
        try (var files = Files.walk(directory.resolve("store"))) {
            Path data = files.filter(file -> file.toString().endsWith(".data"))
                    .findFirst()
                    .orElseThrow();
            byte[] bytes = Files.readAllBytes(data);
            bytes[(int) position] ^= 1;
            Files.write(data, bytes);
        }
    }

    private static RegistryClient client(Upstream upstream) {
        return new RegistryClient(
                VERTX,
                new Upstreams(List.of(upstream)),
                new RegistryConfig(LONG, LONG, LONG, 16),
                RegistryListener.NONE);
    }

    private Fill start(Digest digest) {
        return backfills.start(request(digest, CredentialSource.fixed(Authorization.ANONYMOUS)));
    }

    private static FillRequest request(Digest digest, CredentialSource credentials) {
        return new FillRequest(key(digest), PROBE, credentials, "req-1");
    }

    private static BlobKey key(Digest digest) {
        return new BlobKey(NAME, digest);
    }

    private byte[] fill(Digest digest) throws Exception {
        return content(start(digest));
    }

    private byte[] fill(Digest digest, CredentialSource credentials) throws Exception {
        return content(backfills.start(request(digest, credentials)));
    }

    private static byte[] content(Fill fill) throws Exception {
        try (fill;
                StoredBlob stored = opened(fill)) {
            return read(stored);
        }
    }

    private static Opening outcome(Fill fill) throws Exception {
        return fill.opening().get(20, SECONDS);
    }

    private static Optional<String> stored(Fill fill) throws Exception {
        try (fill) {
            Opening outcome = outcome(fill);
            assertThat(outcome).isInstanceOf(Opening.Unsized.class);
            return ((Opening.Unsized) outcome).stored().get(20, SECONDS);
        }
    }

    private static StoredBlob opened(Fill fill) throws Exception {
        Opening outcome = outcome(fill);
        assertThat(outcome).isInstanceOf(Opened.class);
        return ((Opened) outcome).blob();
    }

    private static UpstreamRefusal refused(Fill fill) throws Exception {
        Opening outcome = outcome(fill);
        assertThat(outcome).isInstanceOf(Refused.class);
        return ((Refused) outcome).refusal();
    }

    private static byte[] read(StoredBlob stored) throws Exception {
        try (BlobReader reader = stored.reader(0, stored.layout().size())) {
            return read(reader);
        }
    }

    private static byte[] read(BlobReader reader) throws Exception {
        ByteBuffer bytes = ByteBuffer.allocate((int) (reader.end() - reader.position()));
        while (reader.position() < reader.end()) {
            long end = reader.awaitReadable(LONG);
            int length = (int) (end - reader.position());
            ByteBuffer part = bytes.slice(bytes.position(), length);
            while (part.hasRemaining()) {
                reader.channel().read(part, reader.position() + part.position());
            }
            bytes.position(bytes.position() + length);
            reader.advance(length);
        }
        return bytes.array();
    }

    private List<@Nullable String> ranges() {
        List<@Nullable String> ranges = new ArrayList<>();
        registry.requests("/blobs/").forEach(exchange -> ranges.add(exchange.header("Range")));
        return ranges;
    }

    private static long bytesOf(List<Exchange> exchanges) {
        return exchanges.stream().mapToLong(Exchange::sent).sum();
    }

    private static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    /** A credential that is renewed once. */
    private final class Renewing implements CredentialSource {
        private final AtomicReference<Authorization> current;
        private final ConcurrentLinkedQueue<String> challenges = new ConcurrentLinkedQueue<>();

        Renewing(String header) {
            current = new AtomicReference<>(Authorization.of(header));
        }

        @Override
        public Authorization current() {
            return current.get();
        }

        @Override
        public Optional<Authorization> newerThan(Authorization rejected, String challenge) {
            challenges.add(challenge);
            current.set(Authorization.of(registry.issueToken("library/probe")));
            return Optional.of(current.get());
        }
    }

    /** Lets time pass when told to. */
    private static final class ManualTimer implements Timer {
        private final List<Task> tasks = Collections.synchronizedList(new ArrayList<>());

        private record Task(Duration delay, Runnable task) {
            String name() {
                return switch ((int) Math.ceilDiv(delay.toMillis(), 1000)) {
                    case 30 -> "grace";
                    case 6, 7 -> "unsized";
                    default -> "patience";
                };
            }
        }

        @Override
        public Runnable after(Duration delay, Runnable task) {
            Task waiting = new Task(delay, task);
            tasks.add(waiting);
            return () -> tasks.remove(waiting);
        }

        long waiting(String name) {
            return List.copyOf(tasks).stream()
                    .filter(task -> task.name().equals(name))
                    .count();
        }

        void elapse(String name) {
            for (Task task : List.copyOf(tasks)) {
                if (task.name().equals(name)) {
                    tasks.remove(task);
                    task.task().run();
                }
            }
        }
    }

    private static final class Recorder implements BackfillListener {
        private final List<String> log = Collections.synchronizedList(new ArrayList<>());
        private final LongAdder lost = new LongAdder();
        private final Map<Integer, Long> blocks = new ConcurrentHashMap<>();
        private final List<Duration> took = Collections.synchronizedList(new ArrayList<>());
        private final Map<Reason, LongAdder> bytes = new EnumMap<>(Reason.class);

        Recorder() {
            for (Reason reason : Reason.values()) {
                bytes.put(reason, new LongAdder());
            }
        }

        long bytes(Reason reason) {
            return bytes.getOrDefault(reason, new LongAdder()).sum();
        }

        @Override
        public void started(BlobKey key, String requestId) {
            log.add("started " + requestId);
        }

        @Override
        public void bytes(BlobKey key, long length, Reason reason) {
            bytes.getOrDefault(reason, new LongAdder()).add(length);
        }

        @Override
        public void blockReceived(BlobKey key, int index, long length, Duration time) {
            blocks.put(index, length);
            took.add(time);
        }

        @Override
        public void lost(BlobKey key, long length, String requestId) {
            lost.add(length);
        }

        @Override
        public void retrieved(BlobKey key, long length, Duration took, String requestId) {
            log.add("retrieved " + length + " " + requestId);
        }

        @Override
        public void notRetrieved(BlobKey key, String why, String requestId) {
            log.add("not retrieved " + requestId);
        }

        @Override
        public void resumed(BlobKey key, long position, String why, String requestId) {
            log.add("resumed at " + position);
        }

        @Override
        public void sealed(BlobKey key, Duration took, String requestId) {
            log.add("sealed " + requestId);
        }

        @Override
        public void mismatch(BlobKey key, @Nullable Digest got, String requestId) {
            log.add("mismatch " + got);
        }

        @Override
        public void failed(BlobKey key, String why, String requestId) {
            log.add("failed " + requestId);
        }

        @Override
        public void paused(BlobKey key, String requestId) {
            log.add("paused " + requestId);
        }
    }
}
