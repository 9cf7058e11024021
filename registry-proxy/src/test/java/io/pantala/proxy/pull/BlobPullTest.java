package io.pantala.proxy.pull;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.pantala.manifest.Digest;
import io.pantala.proxy.http.RawClient;
import io.pantala.proxy.pull.PullListener.Reason;
import io.pantala.proxy.pull.PullListener.Source;
import io.pantala.registry.Fault;
import io.pantala.store.StoredBlob;
import io.pantala.swarm.Authorization;
import io.pantala.swarm.Opening;
import io.pantala.swarm.UpstreamRefusal;
import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
@SuppressWarnings("NullAway.Init")
class BlobPullTest {
    private static final int BLOCK = ScriptedFiller.BLOCK;
    private static final int SIZE = 10 * BLOCK + 1234;

    /** Where the withheld last block starts. */
    private static final int LAST = 10 * BLOCK;

    @TempDir
    Path directory;

    private final byte[] content = Host.content(SIZE);
    private final Digest digest = Digest.sha256(content);
    private final String target = "/v2/a/b/blobs/" + digest;
    private Host host;

    @BeforeEach
    void prepare() throws Exception {
        host = new Host(directory);
        host.registry.blob("a/b", content);
    }

    @AfterEach
    void stop() throws IOException {
        host.close();
    }

    @Test
    void servesAStoredBlobWithAllTheHeadersEnginesLookAt() throws Exception {
        try (var engine = host.engine(ScriptedFiller.filling(host.store, content))) {
            RawClient.Reply reply = engine.get(target).reply();

            assertThat(reply.status()).isEqualTo(200);
            assertThat(reply.body()).isEqualTo(content);
            assertThat(reply.header("Content-Length")).isEqualTo("" + SIZE);
            assertThat(reply.header("Content-Type")).isEqualTo("application/octet-stream");
            assertThat(reply.header("Docker-Content-Digest")).isEqualTo(digest.toString());
            assertThat(reply.header("ETag")).isEqualTo("\"" + digest + "\"");
            assertThat(reply.header("Accept-Ranges")).isEqualTo("bytes");
            assertThat(reply.header("Docker-Distribution-Api-Version")).isEqualTo("registry/2.0");
            assertThat(reply.header("Transfer-Encoding")).isNull();
            assertThat(engine.get(target).reply().body()).isEqualTo(content);
        }
        await().untilAsserted(() -> assertThat(host.sent(Source.STORE)).isEqualTo(2 * SIZE));
        assertThat(host.registry.bytesSent(digest)).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "bytes=0-, 0, 656594",
        "bytes=0-0, 0, 1",
        "bytes=100-199, 100, 200",
        "bytes=65535-65536, 65535, 65537",
        "bytes=600000-, 600000, 656594",
        "bytes=600000-99999999999999999999999, 600000, 656594",
        "bytes=-1, 656593, 656594",
        "bytes=-99999999, 0, 656594",
        "'bytes=5-9,656594-', 5, 10",
        "'BYTES= 7-8 ,', 7, 9",
    })
    void servesOneRange(String range, int from, int to) throws Exception {
        try (var engine = host.engine(ScriptedFiller.filling(host.store, content))) {
            RawClient.Reply reply = engine.get(target, "Range: " + range).reply();

            assertThat(reply.status()).isEqualTo(206);
            assertThat(reply.header("Content-Range")).isEqualTo("bytes " + from + "-" + (to - 1) + "/" + SIZE);
            assertThat(reply.body()).isEqualTo(Arrays.copyOfRange(content, from, to));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bytes=0--1",
                "bytes=",
                "bytes=a-b",
                "bytes=1",
                "items=0-1",
                "bytes=-",
                "bytes=0-1;2-3",
                "bytes=0-10,5-20",
                "bytes=0-,0-",
            })
    void servesTheWholeForWhatIsNoUsefulRange(String range) throws Exception {
        try (var engine = host.engine(ScriptedFiller.filling(host.store, content))) {
            RawClient.Reply reply = engine.get(target, "Range: " + range).reply();

            assertThat(reply.status()).isEqualTo(200);
            assertThat(reply.body()).isEqualTo(content);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bytes=656594-", "bytes=5-4", "bytes=-0", "bytes=700000-800000,900000-"})
    void refusesRangesThatHoldNothing(String range) throws Exception {
        try (var engine = host.engine(ScriptedFiller.filling(host.store, content))) {
            RawClient.Reply reply = engine.get(target, "Range: " + range).reply();

            assertThat(reply.status()).isEqualTo(416);
            assertThat(reply.header("Content-Range")).isEqualTo("bytes */" + SIZE);
            assertThat(engine.get(target, "Range: bytes=0-0").reply().status()).isEqualTo(206);
        }
    }

    @Test
    void servesSeveralRangesAsPartsOfTheirOwn() throws Exception {
        try (var engine = host.engine(ScriptedFiller.filling(host.store, content))) {
            RawClient.Reply reply =
                    engine.get(target, "Range: bytes=100-199, -50, 0-0").reply();

            assertThat(reply.status()).isEqualTo(206);
            assertThat(reply.header("Content-Range")).isNull();
            String type = Objects.requireNonNull(reply.header("Content-Type"));
            assertThat(type).startsWith("multipart/byteranges; boundary=");
            String boundary = "--" + type.substring(type.indexOf('=') + 1);
            String text = new String(reply.body(), ISO_8859_1);
            String[] parts = text.split("\r\n" + boundary, -1);
            assertThat(parts).hasSize(5);
            assertThat(parts[1]).isEqualTo(part("100-199", 100, 200));
            assertThat(parts[2]).isEqualTo(part((SIZE - 50) + "-" + (SIZE - 1), SIZE - 50, SIZE));
            assertThat(parts[3]).isEqualTo(part("0-0", 0, 1));
            assertThat(parts[4]).isEqualTo("--\r\n");
        }
    }

    private String part(String range, int from, int to) {
        return "\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes " + range + "/" + SIZE + "\r\n\r\n"
                + new String(Arrays.copyOfRange(content, from, to), ISO_8859_1);
    }

    @Test
    void honoursConditions() throws Exception {
        try (var engine = host.engine(ScriptedFiller.filling(host.store, content))) {
            String same = "\"" + digest + "\"";

            assertThat(engine.get(target, "Range: bytes=1-2", "If-Range: " + same)
                            .reply()
                            .status())
                    .isEqualTo(206);
            assertThat(engine.get(target, "Range: bytes=1-2", "If-Range: \"other\"")
                            .reply()
                            .status())
                    .isEqualTo(200);
            RawClient.Reply held =
                    engine.get(target, "If-None-Match: \"x\", W/" + same).reply();
            assertThat(held.status()).isEqualTo(304);
            assertThat(held.header("ETag")).isEqualTo(same);
            assertThat(engine.get(target, "If-None-Match: \"x\"").reply().status())
                    .isEqualTo(200);
        }
    }

    @Test
    void answersHeadFromTheStoreAndElseFromTheRegistry() throws Exception {
        try (var engine = host.engine(ScriptedFiller.filling(host.store, content))) {
            RawClient.Reply before = engine.request("HEAD", target).reply(true);
            engine.get(target).reply();
            int asked = host.registry.requests(digest.toString()).size();
            RawClient.Reply after = engine.request("HEAD", target).reply(true);

            for (RawClient.Reply reply : List.of(before, after)) {
                assertThat(reply.status()).isEqualTo(200);
                assertThat(reply.header("Content-Length")).isEqualTo("" + SIZE);
                assertThat(reply.header("Docker-Content-Digest")).isEqualTo(digest.toString());
            }
            assertThat(host.registry.requests(digest.toString())).hasSize(asked);
        }
    }

    @Test
    void answersHeadItselfWhereTheRegistryRedirectsToUrlsSignedForGet() throws Exception {
        host.registry.redirecting();
        try (var engine = host.engine()) {
            RawClient.Reply reply = engine.request("HEAD", target).reply(true);

            assertThat(reply.status()).isEqualTo(200);
            assertThat(reply.header("Content-Length")).isEqualTo("" + SIZE);
            assertThat(reply.header("Content-Range")).isNull();
        }
    }

    @Test
    void servesAnEmptyBlob() throws Exception {
        host.registry.blob("a/b", new byte[0]);
        try (var engine = host.engine(ScriptedFiller.filling(host.store, new byte[0]))) {
            RawClient.Reply reply = engine.get("/v2/a/b/blobs/" + Digest.EMPTY_SHA256, "Range: bytes=0-")
                    .reply();

            assertThat(reply.status()).isEqualTo(200);
            assertThat(reply.header("Content-Length")).isEqualTo("0");
        }
    }

    @Test
    void sendsBlocksAsTheyComeAndTheLastOnlyOnceAllIsProved() throws Exception {
        try (var engine = host.engine(ScriptedFiller.opening(host.store, content))) {
            engine.get(target);
            assertThat(engine.head().status()).isEqualTo(200);
            try (StoredBlob blob = host.stored(content)) {
                ScriptedFiller.give(blob, content, 0, 3);
                assertThat(engine.read(3 * BLOCK)).isEqualTo(Arrays.copyOf(content, 3 * BLOCK));
                ScriptedFiller.give(blob, content, 3, 11);
                assertThat(engine.read(7 * BLOCK)).hasSize(7 * BLOCK);
                assertThat(host.sent(Source.FILL)).isLessThanOrEqualTo(LAST);
                blob.seal();
                assertThat(engine.read(SIZE - LAST)).isEqualTo(Arrays.copyOfRange(content, LAST, SIZE));
            }
        }
        await().untilAsserted(() -> assertThat(host.sent(Source.FILL)).isEqualTo(SIZE));
        assertThat(host.registry.bytesSent(digest)).isZero();
    }

    @Test
    void sendsBytesThatWereNotProvedToBeTheBlobToNobody() throws Exception {
        try (var engine = host.engine(ScriptedFiller.opening(host.store, content))) {
            engine.get(target);
            try (StoredBlob blob = stored(engine)) {
                ScriptedFiller.give(blob, content, 0, 11);
                host.store.drop(blob.key());
            }
            byte[] got = engine.read(SIZE);

            assertThat(got.length).isLessThanOrEqualTo(LAST);
            assertThat(got).isEqualTo(Arrays.copyOf(content, got.length));
            assertThat(engine.ended()).isTrue();
        }
        await().untilAsserted(() -> assertThat(host.mismatches).containsExactly(Host.key(content)));
        assertThat(host.passedThrough.values()).allMatch(bytes -> bytes.get() == 0);
    }

    /** The blob, once its reply has begun. */
    private StoredBlob stored(RawClient engine) throws Exception {
        engine.head();
        return host.stored(content);
    }

    @Test
    void goesOnWithTheNextFillerWhereTheFirstBroke() throws Exception {
        var first = ScriptedFiller.opening(host.store, content);
        var second = ScriptedFiller.filling(host.store, content);
        try (var engine = host.engine(first, second)) {
            engine.get(target).head();
            try (StoredBlob blob = host.stored(content)) {
                ScriptedFiller.give(blob, content, 0, 4);
                blob.fail(ScriptedFiller.interrupted());
            }

            assertThat(engine.read(SIZE)).isEqualTo(content);
            assertThat(first.parties).hasValue(0);
            assertThat(host.registry.bytesSent(digest)).isZero();
        }
    }

    /** The first may take 2 s of the 3 s that are left, though it would be given 5 s for itself. */
    @Test
    void leavesTimeForTheNextFillerWhenTheFirstSaysNothing() throws Exception {
        var first = ScriptedFiller.saying(new CompletableFuture<>());
        var second = ScriptedFiller.filling(host.store, content);
        var config = new PullConfig(
                Duration.ofSeconds(10),
                Duration.ofSeconds(6),
                Duration.ofSeconds(3),
                Duration.ofSeconds(5),
                Duration.ofSeconds(20),
                Duration.ofSeconds(20),
                Duration.ofMillis(1),
                Duration.ofSeconds(5));
        try (var engine = new RawClient(host.start(config, first, second))) {
            assertThat(engine.get(target).reply().body()).isEqualTo(content);
            assertThat(host.registry.bytesSent(digest)).isZero();
        }
    }

    @Test
    void holdsBackTheEndOfWhatTwoSourcesDisagreeAbout() throws Exception {
        byte[] spoilt = content.clone();
        spoilt[BLOCK + 5] ^= 1;
        try (var engine =
                host.engine(ScriptedFiller.opening(host.store, content), ScriptedFiller.filling(host.store, content))) {
            engine.get(target).head();
            try (StoredBlob blob = host.stored(content)) {
                ScriptedFiller.give(blob, spoilt, 0, 4);
                assertThat(engine.read(4 * BLOCK)).isEqualTo(Arrays.copyOf(spoilt, 4 * BLOCK));
                blob.fail(ScriptedFiller.interrupted());
            }

            assertThat(engine.read(SIZE).length).isLessThan(SIZE - 4 * BLOCK);
            assertThat(engine.ended()).isTrue();
        }
        await().untilAsserted(() -> assertThat(host.mismatches).containsExactly(Host.key(content)));
    }

    @Test
    void readsTheRestFromTheRegistryWhenNothingElseIsLeft() throws Exception {
        try (var engine = host.engine(ScriptedFiller.opening(host.store, content))) {
            engine.get(target).head();
            try (StoredBlob blob = host.stored(content)) {
                ScriptedFiller.give(blob, content, 0, 4);
                blob.fail(ScriptedFiller.interrupted());
            }

            assertThat(engine.read(SIZE)).isEqualTo(content);
        }
        await().untilAsserted(
                        () -> assertThat(host.passed(Reason.INTERRUPTED)).isEqualTo(host.registry.bytesSent(digest)));
        assertThat(host.registry.bytesSent(digest)).isBetween(SIZE - 4L * BLOCK, (long) SIZE);
    }

    @Test
    void resumesAtTheRegistryWhereThatBreaksToo() throws Exception {
        host.registry.next(target, Fault.none(), Fault.cutAfter(100_000), Fault.resetAfter(100_000));
        try (var engine = host.engine(ScriptedFiller.opening(host.store, content))) {
            engine.get(target).head();
            try (StoredBlob blob = host.stored(content)) {
                blob.fail(ScriptedFiller.interrupted());
            }

            assertThat(engine.read(SIZE)).isEqualTo(content);
        }
        await().untilAsserted(() -> assertThat(host.passed(Reason.INTERRUPTED)).isEqualTo(SIZE));
        assertThat(host.firstBytes).hasSize(1);
    }

    @Test
    void skipsWhatARegistryWithoutRangesSendsAgain() throws Exception {
        host.registry.ranges(false);
        try (var engine = host.engine(ScriptedFiller.opening(host.store, content))) {
            engine.get(target).head();
            try (StoredBlob blob = host.stored(content)) {
                ScriptedFiller.give(blob, content, 0, 4);
                blob.fail(ScriptedFiller.interrupted());
            }

            assertThat(engine.read(SIZE)).isEqualTo(content);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bytes 5-10/656594", "bytes 0-656593/656595", "nonsense"})
    void joinsNothingThatDoesNotFit(String contentRange) throws Exception {
        host.registry.always(target, Fault.contentRange(contentRange));
        try (var engine = host.impatientEngine(ScriptedFiller.opening(host.store, content))) {
            engine.get(target).head();
            try (StoredBlob blob = host.stored(content)) {
                blob.fail(ScriptedFiller.interrupted());
            }

            assertThat(engine.read(SIZE)).isEmpty();
            assertThat(engine.ended()).isTrue();
        }
    }

    @Test
    void cutsShortWhenEverySourceFails() throws Exception {
        host.registry.next(target, Fault.none());
        host.registry.always(target, Fault.status(500));
        try (var engine = host.impatientEngine(ScriptedFiller.opening(host.store, content))) {
            engine.get(target);
            RawClient.Reply head = engine.head();
            try (StoredBlob blob = host.stored(content)) {
                ScriptedFiller.give(blob, content, 0, 2);
                blob.fail(ScriptedFiller.interrupted());
            }

            assertThat(head.header("Content-Length")).isEqualTo("" + SIZE);
            assertThat(engine.read(SIZE).length).isLessThanOrEqualTo(2 * BLOCK);
            assertThat(engine.ended()).isTrue();
        }
    }

    @Test
    void passesOnARangeThatNeedsTheLastBlockLongBeforeItsProof() throws Exception {
        try (var engine = host.engine(ScriptedFiller.opening(host.store, content))) {
            RawClient.Reply reply = engine.get(target, "Range: bytes=-1000").reply();

            assertThat(reply.status()).isEqualTo(206);
            assertThat(reply.body()).isEqualTo(Arrays.copyOfRange(content, SIZE - 1000, SIZE));
        }
        await().untilAsserted(
                        () -> assertThat(host.passed(Reason.WITHHELD_BLOCK)).isEqualTo(1000));
        assertThat(host.firstBytes).hasSize(1);
        assertThat(host.registry.bytesSent(digest)).isEqualTo(1000);
    }

    @Test
    void takesARangeFromBlocksThatCameAheadOfTheRest() throws Exception {
        try (var engine = host.engine(ScriptedFiller.opening(host.store, content))) {
            engine.get(target, "Range: bytes=" + 5 * BLOCK + "-" + (6 * BLOCK - 1))
                    .head();
            try (StoredBlob blob = host.stored(content)) {
                await().untilAsserted(() -> assertThat(blob.readPositions()).contains(5L * BLOCK));
                ScriptedFiller.give(blob, content, 5, 6);
            }

            assertThat(engine.read(BLOCK)).isEqualTo(Arrays.copyOfRange(content, 5 * BLOCK, 6 * BLOCK));
        }
        assertThat(host.registry.bytesSent(digest)).isZero();
    }

    @Test
    void triesTheNextSourceWhenNothingComesForLong() throws Exception {
        int port = host.start(
                Host.patience(Duration.ofMillis(50), Duration.ofSeconds(20)),
                ScriptedFiller.opening(host.store, content),
                ScriptedFiller.filling(host.store, content));
        try (var engine = new RawClient(port)) {
            assertThat(engine.get(target).reply().body()).isEqualTo(content);
        }
    }

    @Test
    void readsFromTheRegistryWhatComesLaterThanAnEngineWaitsAndGoesOnFromTheStore() throws Exception {
        var gate = new CountDownLatch(1);
        host.registry.next(target, Fault.none(), Fault.none(), Fault.holdAfter(1000, gate));
        try (var engine = host.impatientEngine(ScriptedFiller.opening(host.store, content));
                StoredBlob blob = opened(engine)) {
            ScriptedFiller.give(blob, content, 0, 2);
            assertThat(engine.read(3 * BLOCK + 1000)).isEqualTo(Arrays.copyOf(content, 3 * BLOCK + 1000));

            ScriptedFiller.give(blob, content, 2, blob.layout().count());
            blob.seal();
            gate.countDown();
            byte[] rest = Arrays.copyOfRange(content, 3 * BLOCK + 1000, SIZE);
            assertThat(engine.read(rest.length)).isEqualTo(rest);
        }
        await().untilAsserted(() -> assertThat(host.requests).hasSize(1));
        assertThat(host.passed(Reason.LATE)).isEqualTo(BLOCK + 1000);
        assertThat(host.sent(Source.FILL)).isEqualTo(SIZE - BLOCK - 1000);
        assertThat(host.registry.requests(target))
                .extracting(request -> request.header("Range"))
                .containsExactly(null, range(2, 3), range(3, 5));
    }

    @Test
    void readsAllThatIsLateAtOnceFromARegistryThatKnowsNoRanges() throws Exception {
        host.registry.next(target, Fault.none());
        host.registry.always(target, Fault.ignoreRange());
        try (var late = host.impatientEngine(ScriptedFiller.opening(host.store, content))) {
            assertThat(late.get(target).reply().body()).isEqualTo(content);
        }
        await().untilAsserted(() -> assertThat(host.requests).hasSize(1));
        assertThat(host.registry.requests(target))
                .extracting(request -> request.header("Range"))
                .containsExactly(null, range(0, 1), "bytes=" + BLOCK + "-" + (SIZE - 1));
    }

    private static String range(int firstBlock, int endBlock) {
        return "bytes=" + firstBlock * BLOCK + "-" + (endBlock * BLOCK - 1);
    }

    @Test
    void asksOnceForWhatIsLateWhereTheRegistryRefusesAndWaitsForTheStore() throws Exception {
        host.registry.next(target, Fault.none());
        host.registry.always(target, Fault.status(401));
        try (var engine = host.impatientEngine(ScriptedFiller.opening(host.store, content));
                StoredBlob blob = opened(engine)) {
            ScriptedFiller.give(blob, content, 0, 2);
            assertThat(engine.read(2 * BLOCK)).isEqualTo(Arrays.copyOf(content, 2 * BLOCK));
            await().untilAsserted(
                            () -> assertThat(host.registry.requests(target)).hasSizeGreaterThan(1));

            ScriptedFiller.give(blob, content, 3, blob.layout().count());
            ScriptedFiller.give(blob, content, 2, 3);
            blob.seal();
            byte[] rest = Arrays.copyOfRange(content, 2 * BLOCK, SIZE);
            assertThat(engine.read(rest.length)).isEqualTo(rest);
        }
        await().untilAsserted(() -> assertThat(host.requests).hasSize(1));
        assertThat(host.requests.element().source().split("\\+")).containsOnlyOnce("fill", "registry:late");
        assertThat(host.registry.requests(target)).hasSize(2);
    }

    @Test
    void waitsForTheProofOfTheLastBlockWhereTheRegistryRefuses() throws Exception {
        host.registry.next(target, Fault.none());
        host.registry.always(target, Fault.status(401));
        try (var engine = host.impatientEngine(ScriptedFiller.opening(host.store, content))) {
            engine.get(target, "Range: bytes=" + 9 * BLOCK + "-").head();
            try (StoredBlob blob = host.stored(content)) {
                await().untilAsserted(
                                () -> assertThat(host.registry.requests(target)).hasSizeGreaterThan(1));
                ScriptedFiller.give(blob, content, 9, 11);
                assertThat(engine.read(BLOCK)).isEqualTo(Arrays.copyOfRange(content, 9 * BLOCK, LAST));
                ScriptedFiller.give(blob, content, 0, 9);
                blob.seal();
            }
            assertThat(engine.read(SIZE - LAST)).isEqualTo(Arrays.copyOfRange(content, LAST, SIZE));
        }
        assertThat(host.registry.requests(target)).hasSize(2);
    }

    /** Once when a byte is late, and once when nothing else is left; not for the byte that is late in between. */
    @Test
    @Timeout(20)
    void cutsShortWhatStallsAfterTheRegistryHasRefusedIt() throws Exception {
        host.registry.next(target, Fault.none());
        host.registry.always(target, Fault.status(403));
        int port = host.start(
                Host.patience(Duration.ofSeconds(2), Duration.ofMillis(200)),
                ScriptedFiller.opening(host.store, content));
        try (var engine = new RawClient(port);
                StoredBlob blob = opened(engine)) {
            await().untilAsserted(
                            () -> assertThat(host.registry.requests(target)).hasSizeGreaterThan(1));
            ScriptedFiller.give(blob, content, 0, 1);

            assertThat(engine.read(SIZE)).isEqualTo(Arrays.copyOf(content, BLOCK));
            assertThat(engine.ended()).isTrue();
        }
        assertThat(host.registry.requests(target)).hasSize(3);
    }

    /** So that it can get itself another credential, and isn't given the same beginning for ever. */
    @Test
    @Timeout(20)
    void refusesTheRestToAnEngineThatTheRegistryHasRefusedIt() throws Exception {
        host.registry.next(target, Fault.none());
        host.registry.always(target, Fault.status(403));
        int port = host.start(
                Host.patience(Duration.ofSeconds(2), Duration.ofMillis(200)),
                ScriptedFiller.opening(host.store, content));
        try (var engine = new RawClient(port);
                StoredBlob blob = opened(engine)) {
            ScriptedFiller.give(blob, content, 0, 1);
            assertThat(engine.read(SIZE)).isEqualTo(Arrays.copyOf(content, BLOCK));
        }

        try (var engine = new RawClient(port)) {
            var rest = engine.get(target, "Range: bytes=" + BLOCK + "-").head();
            assertThat(rest.status()).isEqualTo(403);
        }
    }

    @Test
    void goesOnWithTheNextSourceWhereTheRegistryRefusedWhatStalls() throws Exception {
        host.registry.next(target, Fault.none());
        host.registry.always(target, Fault.status(404));
        var second = new CompletableFuture<Opening>();
        var next = ScriptedFiller.saying(second);
        int port = host.start(
                Host.patience(Duration.ofSeconds(1), Duration.ofMillis(200)),
                ScriptedFiller.opening(host.store, content),
                next);
        try (var engine = new RawClient(port)) {
            engine.get(target).head();
            await().until(() -> !next.requests.isEmpty());
            second.complete(ScriptedFiller.filling(host.store, content)
                    .start(next.requests.getFirst())
                    .opening()
                    .join());

            assertThat(engine.read(SIZE)).isEqualTo(content);
        }
        assertThat(host.registry.requests(target)).hasSize(2);
    }

    @Test
    @Timeout(20)
    void cutsShortWhatStallsWhileTheRegistryHasTrouble() throws Exception {
        host.registry.next(target, Fault.none());
        host.registry.always(target, Fault.status(503));
        int port = host.start(
                Host.patience(Duration.ofMillis(500), Duration.ofMillis(800)),
                ScriptedFiller.opening(host.store, content));
        try (var engine = new RawClient(port);
                StoredBlob blob = opened(engine)) {
            // It goes on while it is waited for, so that the next byte is late before the blob has stalled.
            await().until(() -> blob.readPositions().length > 0);
            ScriptedFiller.give(blob, content, 5, 6);

            assertThat(engine.read(SIZE)).isEmpty();
            assertThat(engine.ended()).isTrue();
        }
    }

    @Test
    void tellsASourceOnceHoweverOftenItHelps() throws Exception {
        var gate = new CountDownLatch(1);
        host.registry.next(target, Fault.none(), Fault.holdAfter(1000, gate));
        try (var engine = host.impatientEngine(ScriptedFiller.opening(host.store, content));
                StoredBlob blob = opened(engine)) {
            assertThat(engine.read(1000)).isEqualTo(Arrays.copyOf(content, 1000));
            ScriptedFiller.give(blob, content, 0, 1);
            gate.countDown();

            byte[] rest = Arrays.copyOfRange(content, 1000, SIZE);
            assertThat(engine.read(rest.length)).isEqualTo(rest);
        }
        await().untilAsserted(() -> assertThat(host.requests).hasSize(1));
        assertThat(host.requests.element().source()).isEqualTo("registry:late");
        // How long the blob is; what is late at first; then one block, two, four, and the last three.
        assertThat(host.registry.requests(target)).hasSize(6);
    }

    @Test
    void tellsWhenTheFirstByteCameAlsoFromTheRegistry() throws Exception {
        try (var late = host.impatientEngine(ScriptedFiller.opening(host.store, content))) {
            assertThat(late.get(target).reply().body()).isEqualTo(content);
        }
        await().untilAsserted(() -> assertThat(host.requests).hasSize(1));
        assertThat(host.passed(Reason.LATE)).isEqualTo(SIZE);
        assertThat(host.firstBytes)
                .singleElement()
                .satisfies(time -> assertThat(time).isGreaterThanOrEqualTo(Duration.ofMillis(200)));
    }

    @Test
    void leavesAtOnceWhenTheEngineDoes() throws Exception {
        var filler = ScriptedFiller.opening(host.store, content);
        var engine = host.engine(filler);
        engine.get(target).head();
        try (StoredBlob blob = host.stored(content)) {
            ScriptedFiller.give(blob, content, 0, 1);
            engine.read(BLOCK);
            engine.close();

            await().untilAsserted(() -> assertThat(filler.parties).hasValue(0));
            assertThat(blob.readPositions()).isEmpty();
        }
        await().untilAsserted(() -> assertThat(host.requests).hasSize(1));
        assertThat(host.requests.element().whole()).isFalse();
    }

    @Test
    void givesBackALeaseThatComesAfterTheEngineLeft() throws Exception {
        var later = new CompletableFuture<Opening>();
        var filler = ScriptedFiller.saying(later);
        var engine = host.engine(filler);
        engine.get(target);
        await().untilAsserted(() -> assertThat(filler.parties).hasValue(1));
        engine.close();
        await().untilAsserted(() -> assertThat(filler.parties).hasValue(0));

        var late = ScriptedFiller.opening(host.store, content)
                .start(filler.requests.getFirst())
                .opening()
                .join();
        StoredBlob blob = ((Opening.Opened) late).blob();
        later.complete(late);

        assertThat(catchThrowable(blob::share)).isNotNull();
    }

    @Test
    void asksTheNextFillerWhenOneIsUnavailableAndTheRegistryWhenAllAre() throws Exception {
        var unavailable = ScriptedFiller.saying(new Opening.Unavailable("no seed"));
        var filling = ScriptedFiller.filling(host.store, content);
        try (var helped = host.engine(unavailable, filling)) {
            assertThat(helped.get(target).reply().body()).isEqualTo(content);
            assertThat(host.registry.bytesSent(digest)).isZero();
        }
        byte[] otherContent = Host.content(5000);
        Digest other = host.registry.blob("a/b", otherContent);
        try (var alone = host.engine(unavailable)) {
            assertThat(alone.get("/v2/a/b/blobs/" + other).reply().body()).isEqualTo(otherContent);
        }
        await().untilAsserted(() -> assertThat(host.passed(Reason.UNAVAILABLE)).isEqualTo(5000));
    }

    @Test
    void sendsOnTheEnginesRangeWhenABlobCantBeStored() throws Exception {
        var cant = ScriptedFiller.saying(new Opening.PassThrough(Opening.PassThrough.Reason.LARGER_THAN_QUOTA));
        try (var engine = host.engine(cant)) {
            RawClient.Reply reply = engine.get(target, "Range: bytes=10-19").reply();

            assertThat(reply.status()).isEqualTo(206);
            assertThat(reply.header("Content-Range")).isEqualTo("bytes 10-19/" + SIZE);
            assertThat(reply.body()).isEqualTo(Arrays.copyOfRange(content, 10, 20));
            assertThat(engine.get(target).reply().body()).isEqualTo(content);
        }
        await().untilAsserted(
                        () -> assertThat(host.passed(Reason.LARGER_THAN_QUOTA)).isEqualTo(10 + SIZE));
        await().untilAsserted(() -> assertThat(host.sent(Source.REGISTRY)).isEqualTo(10 + SIZE));
    }

    @Test
    void goesOnWithAPassedThroughBlobWhereTheRegistryBrokeOff() throws Exception {
        var cant = ScriptedFiller.saying(new Opening.PassThrough(Opening.PassThrough.Reason.NO_ROOM));
        host.registry.next(
                target,
                Fault.none(),
                Fault.cutAfter(70_000),
                Fault.resetAfter(0),
                Fault.status(503),
                Fault.ignoreRange());
        try (var engine = host.engine(cant)) {
            RawClient.Reply reply = engine.get(target).reply();

            assertThat(reply.header("Content-Length")).isEqualTo("" + SIZE);
            assertThat(reply.body()).isEqualTo(content);

            host.registry.next(target, Fault.cutAfter(70_000));
            reply = engine.get(target, "Range: bytes=1000-400999").reply();
            assertThat(reply.header("Content-Range")).isEqualTo("bytes 1000-400999/" + SIZE);
            assertThat(reply.body()).isEqualTo(Arrays.copyOfRange(content, 1000, 401_000));
        }
        assertThat(host.registry.requests().getLast().header("Range")).isEqualTo("bytes=71000-400999");
    }

    @Test
    void cutsAPassedThroughBlobShortWhenTheRegistryRefusesTheRest() throws Exception {
        var cant = ScriptedFiller.saying(new Opening.PassThrough(Opening.PassThrough.Reason.NO_ROOM));
        host.registry.next(target, Fault.none(), Fault.cutAfter(70_000), Fault.status(401));
        try (var engine = host.engine(cant)) {
            RawClient.Reply reply = engine.get(target).reply();

            assertThat(reply.whole()).isFalse();
            assertThat(reply.body()).isEqualTo(Arrays.copyOf(content, 70_000));
            assertThat(engine.ended()).isTrue();
        }
        assertThat(host.registry.requests()).hasSize(3);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, SIZE / 2, SIZE - 1})
    void holdsBackTheEndOfAPassedThroughBlobThatIsAnother(long wrong) throws Exception {
        var cant = ScriptedFiller.saying(new Opening.PassThrough(Opening.PassThrough.Reason.NO_ROOM));
        host.registry.next(target, Fault.none(), Fault.corruptAt(wrong));
        try (var engine = host.engine(cant)) {
            RawClient.Reply reply = engine.get(target).reply();

            assertThat(reply.header("Content-Length")).isEqualTo("" + SIZE);
            assertThat(reply.whole()).isFalse();
            assertThat(engine.ended()).isTrue();
        }
        await().untilAsserted(() -> assertThat(host.mismatches).containsExactly(Host.key(content)));
        assertThat(host.registry.requests(digest.toString())).hasSize(2);
    }

    @Test
    void doesNotEndAPassedThroughBlobOfUnknownLengthThatIsAnother() throws Exception {
        var cant = ScriptedFiller.saying(new Opening.PassThrough(Opening.PassThrough.Reason.NO_LENGTH));
        host.registry.blob("a/b", digest, Host.content(SIZE + 1));
        host.registry.next(target, Fault.none(), Fault.chunked());
        try (var engine = host.engine(cant)) {
            assertThat(engine.get(target).reply().whole()).isFalse();
        }
        await().untilAsserted(() -> assertThat(host.mismatches).containsExactly(Host.key(content)));
    }

    @Test
    void holdsBackTheEndOfWhatTheRegistrySpoiltAfterTheStoreBroke() throws Exception {
        host.registry.next(target, Fault.none(), Fault.corruptAt(6 * BLOCK));
        try (var engine = host.engine(ScriptedFiller.opening(host.store, content))) {
            engine.get(target).head();
            try (StoredBlob blob = host.stored(content)) {
                ScriptedFiller.give(blob, content, 0, 4);
                assertThat(engine.read(4 * BLOCK)).isEqualTo(Arrays.copyOf(content, 4 * BLOCK));
                blob.fail(ScriptedFiller.interrupted());
            }

            assertThat(engine.read(SIZE).length).isLessThan(SIZE - 4 * BLOCK);
            assertThat(engine.ended()).isTrue();
        }
        await().untilAsserted(() -> assertThat(host.mismatches).containsExactly(Host.key(content)));
    }

    @Test
    void holdsBackTheStoresEndOfABlobWhoseMiddleTheRegistrySpoilt() throws Exception {
        byte[] spoilt = content.clone();
        spoilt[2 * BLOCK + 5] ^= 1;
        host.registry.blob("a/b", digest, spoilt);
        var gate = new CountDownLatch(1);
        host.registry.next(target, Fault.none(), Fault.holdAfter(BLOCK + 1000, gate));
        try (var engine = host.impatientEngine(ScriptedFiller.opening(host.store, content));
                StoredBlob blob = opened(engine)) {
            ScriptedFiller.give(blob, content, 0, 2);
            assertThat(engine.read(3 * BLOCK + 1000)).isEqualTo(Arrays.copyOf(spoilt, 3 * BLOCK + 1000));

            ScriptedFiller.give(blob, content, 2, blob.layout().count());
            blob.seal();
            gate.countDown();
            assertThat(engine.read(SIZE).length).isLessThan(SIZE - 3 * BLOCK - 1000);
            assertThat(engine.ended()).isTrue();
        }
        await().untilAsserted(() -> assertThat(host.mismatches).containsExactly(Host.key(content)));
    }

    @Test
    void passesABlobOfUnknownLengthThrough() throws Exception {
        var cant = ScriptedFiller.saying(new Opening.PassThrough(Opening.PassThrough.Reason.NO_LENGTH));
        host.registry.next(target, Fault.none(), Fault.chunked());
        try (var engine = host.engine(cant)) {
            RawClient.Reply reply = engine.get(target).reply();

            assertThat(reply.whole()).isTrue();
            assertThat(reply.header("Content-Length")).isNull();
            assertThat(reply.body()).isEqualTo(content);
        }
    }

    @Test
    void passesOtherDigestsThrough() throws Exception {
        byte[] small = Host.content(3000);
        Digest sha512 = Digest.parse("sha512:"
                + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-512").digest(small)));
        host.registry.blob("a/b", sha512, small);
        var filler = ScriptedFiller.filling(host.store, content);
        try (var engine = host.engine(filler)) {
            assertThat(engine.get("/v2/a/b/blobs/" + sha512).reply().body()).isEqualTo(small);
        }
        assertThat(filler.requests).isEmpty();
        await().untilAsserted(() -> assertThat(host.passed(Reason.OTHER_DIGEST)).isEqualTo(3000));
    }

    @Test
    void relaysWhatTheRegistryRefusedTheTransferWith() throws Exception {
        var tooMany = ScriptedFiller.saying(new Opening.Refused(new UpstreamRefusal(
                429,
                List.of(Map.entry("Retry-After", "7"), Map.entry("Content-Type", "application/json")),
                "{}".getBytes(ISO_8859_1))));
        try (var engine = host.engine(tooMany)) {
            RawClient.Reply reply = engine.get(target).reply();

            assertThat(reply.status()).isEqualTo(429);
            assertThat(reply.header("Retry-After")).isEqualTo("7");
            assertThat(reply.text()).isEqualTo("{}");
        }
    }

    @Test
    void asksForItselfWhenTheTransferWasRefusedForAnotherCredential() throws Exception {
        var refused = ScriptedFiller.saying(new Opening.Refused(new UpstreamRefusal(401, List.of(), new byte[0])));
        try (var engine = host.engine(refused)) {
            assertThat(engine.get(target).reply().body()).isEqualTo(content);
        }
        await().untilAsserted(
                        () -> assertThat(host.passed(Reason.OTHER_CREDENTIAL)).isEqualTo(SIZE));
    }

    @Test
    void givesAStoredPrivateBlobOnlyToThoseTheRegistryLets() throws Exception {
        host.registry.requireBearer("user", "secret").hide("a/b");
        String token = host.registry.issueToken("a/b");
        var filler = ScriptedFiller.filling(host.store, content);
        try (var engine = host.engine(filler)) {
            assertThat(engine.get(target, "Authorization: " + token).reply().body())
                    .isEqualTo(content);

            RawClient.Reply anonymous = engine.get(target).reply();
            assertThat(anonymous.status()).isEqualTo(401);
            assertThat(anonymous.header("WWW-Authenticate")).startsWith("Bearer realm=");
            assertThat(anonymous.text()).contains("UNAUTHORIZED");
            RawClient.Reply stranger = engine.get(
                            target, "Authorization: " + host.registry.issueToken("somewhere/else"))
                    .reply();
            assertThat(stranger.status()).isEqualTo(401);
            RawClient.Reply head = engine.request("HEAD", target).reply(true);
            assertThat(head.status()).isEqualTo(401);
            assertThat(engine.get(target, "If-None-Match: \"" + digest + "\"")
                            .reply()
                            .status())
                    .isEqualTo(401);
        }
        assertThat(filler.requests).hasSize(1);
        assertThat(filler.requests.getFirst().credentials().current()).isEqualTo(Authorization.of(token));
    }

    @Test
    void doesNotGiveABlobOfOneRepositoryToReadersOfAnother() throws Exception {
        try (var engine = host.engine(ScriptedFiller.filling(host.store, content))) {
            assertThat(engine.get(target).reply().status()).isEqualTo(200);

            RawClient.Reply elsewhere = engine.get("/v2/c/d/blobs/" + digest).reply();
            assertThat(elsewhere.status()).isEqualTo(404);
            assertThat(elsewhere.text()).contains("BLOB_UNKNOWN");
        }
    }

    @Test
    void takesNothingFromOneUpstreamOnTheWordOfAnother() throws Exception {
        host.other.blob("a/b", digest, Host.content(10));
        var filler = ScriptedFiller.filling(host.store, content);
        try (var engine = host.engine(filler)) {
            engine.get(target).reply();
            engine.get(target + "?ns=" + Host.OTHER_UPSTREAM).reply();
        }

        assertThat(filler.requests).hasSize(2);
        assertThat(filler.requests.get(1).key().upstream()).hasToString(Host.OTHER_UPSTREAM);
    }

    @Test
    void tellsWhichUpstreamCantBeReached() throws Exception {
        host.registry.close();
        try (var engine = host.engine(ScriptedFiller.filling(host.store, content))) {
            RawClient.Reply reply = engine.get(target).reply();

            assertThat(reply.status()).isEqualTo(502);
            assertThat(reply.text()).contains("UNAVAILABLE").contains(Host.UPSTREAM);
        }
        assertThat(host.failures).contains("upstream_unreachable");
    }

    @Test
    void servesASlowEngineAfterItsConnectionWasFast() throws Exception {
        byte[] large = Host.content(8 << 20);
        Digest of = host.registry.blob("a/b", large);
        int port = host.start(ScriptedFiller.filling(host.store, large));
        try (var slow = new RawClient(port, 8 << 10);
                var fast = new RawClient(port)) {
            slow.get("/v2/a/b/blobs/" + of).head();
            slow.read(1000);

            assertThat(fast.get("/v2/a/b/blobs/" + of).reply().body()).isEqualTo(large);
            assertThat(slow.read(large.length - 1000)).isEqualTo(Arrays.copyOfRange(large, 1000, large.length));
        }
    }

    /** Asks for the blob, and waits until its head is here. */
    private StoredBlob opened(RawClient engine) throws IOException {
        assertThat(engine.get(target).head().status()).isEqualTo(200);
        return host.stored(content);
    }
}
