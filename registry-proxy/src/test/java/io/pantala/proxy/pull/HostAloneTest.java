package io.pantala.proxy.pull;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pantala.manifest.Digest;
import io.pantala.proxy.http.RawClient;
import io.pantala.proxy.pull.PullListener.Reason;
import io.pantala.proxy.pull.PullListener.Source;
import io.pantala.registry.Fault;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Engines, a proxy with the real store and backfill, and a registry that misbehaves. */
@Timeout(120)
@SuppressWarnings("NullAway.Init")
class HostAloneTest {
    private static final int SIZE = (6 << 20) + 321;

    @TempDir
    Path directory;

    private final byte[] content = Host.content(SIZE);
    private final Digest digest = Digest.sha256(content);
    private final String target = "/v2/a/b/blobs/" + digest;
    private Host host;
    private int port;

    @BeforeEach
    void prepare() throws Exception {
        host = new Host(directory);
        host.registry.blob("a/b", content);
        port = host.start(host.backfills(directory.resolve("spool")));
    }

    @AfterEach
    void stop() throws IOException {
        host.close();
    }

    @Test
    void fetchesOnceForEnginesThatComeTogetherAndOneAfterTheOther() throws Exception {
        try (ExecutorService engines = Executors.newVirtualThreadPerTaskExecutor()) {
            List<CompletableFuture<byte[]>> pulls = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                pulls.add(CompletableFuture.supplyAsync(() -> pull(target), engines));
            }
            for (CompletableFuture<byte[]> pull : pulls) {
                assertThat(pull.get(60, TimeUnit.SECONDS)).isEqualTo(content);
            }
        }
        assertThat(pull(target)).isEqualTo(content);
        assertThat(host.registry.bytesSent(digest)).isEqualTo(SIZE);
    }

    @Test
    void followsRedirectsWithoutTheCredential() throws Exception {
        host.registry.requireBearer("user", "secret").hide("a/b").redirecting();
        String token = "Authorization: " + host.registry.issueToken("a/b");

        assertThat(pull(target, token)).isEqualTo(content);
        assertThat(pull(target, token, "Range: bytes=100-199")).isEqualTo(Arrays.copyOfRange(content, 100, 200));
        assertThat(host.registry.bytesSent(digest)).isEqualTo(SIZE);
    }

    /** As containerd reads layers when it is told to by {@code concurrent_layer_fetch_buffer}. */
    @Test
    void servesOpenEndedRangesThatAreDroppedEarlyFromOneTransfer() throws Exception {
        int part = 512 << 10;
        List<RawClient> engines = new ArrayList<>();
        try {
            for (int from = 0; from < SIZE - 2 * part; from += part) {
                var engine = new RawClient(port);
                engines.add(engine);
                RawClient.Reply head =
                        engine.get(target, "Range: bytes=" + from + "-").head();
                assertThat(head.status()).isEqualTo(206);
                assertThat(head.header("Content-Range")).isEqualTo("bytes " + from + "-" + (SIZE - 1) + "/" + SIZE);
            }
            for (int i = 0; i < engines.size(); i++) {
                assertThat(engines.get(i).read(part)).isEqualTo(Arrays.copyOfRange(content, i * part, (i + 1) * part));
                engines.get(i).reset();
            }
        } finally {
            for (RawClient engine : engines) {
                engine.close();
            }
        }
        assertThat(pull(target)).isEqualTo(content);
        assertThat(host.registry.bytesSent(digest)).isEqualTo(SIZE);
        assertThat(host.failures).isEmpty();
    }

    /** Some engines go to no address of their own machine that they are redirected to. */
    @Test
    void answersWithWhatARedirectLeadsToAndNeverWithTheRedirect() throws Exception {
        byte[] manifest = "{\"schemaVersion\":2,\"layers\":[]}".getBytes(UTF_8);
        String type = "application/vnd.oci.image.manifest.v1+json";
        String elsewhere =
                host.registry.manifest("elsewhere", "1", type, manifest).toString();
        host.registry.manifest("a/b", "1", type, manifest);
        host.registry.always(
                "/v2/a/b/manifests/",
                Fault.redirect(307, host.registry.url() + "/v2/elsewhere/manifests/" + elsewhere));
        host.registry.redirecting();
        try (var engine = new RawClient(port)) {
            for (String reference : List.of("1", elsewhere)) {
                RawClient.Reply reply =
                        engine.get("/v2/a/b/manifests/" + reference).reply();
                assertThat(reply.status()).isEqualTo(200);
                assertThat(reply.body()).isEqualTo(manifest);
                assertThat(engine.request("HEAD", "/v2/a/b/manifests/" + reference)
                                .reply(true)
                                .status())
                        .isEqualTo(200);
            }
            assertThat(engine.request("HEAD", target).reply(true).header("Content-Length"))
                    .isEqualTo("" + SIZE);
            assertThat(engine.get(target, "Range: bytes=1-2").reply().status()).isEqualTo(206);
            assertThat(engine.get(target).reply().body()).isEqualTo(content);
        }
    }

    /** Only what stands still is given up: each wait is bounded, the whole is not. */
    @Test
    void sendsForLongerThanEveryWaitMayLast() throws Exception {
        Duration most = Duration.ofSeconds(1);
        host.registry.rate(SIZE / 3);
        int impatient = host.start(
                new PullConfig(most, most, most, most, most, most, Duration.ofMillis(1), most),
                host.backfills(directory.resolve("impatient")));
        try (var engine = new RawClient(impatient)) {
            long start = System.nanoTime();
            assertThat(engine.get(target).reply().body()).isEqualTo(content);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(most);
        }
    }

    @Test
    void keepsTheTransferWhenTheFirstEngineLeaves() throws Exception {
        var gate = new CountDownLatch(1);
        host.registry.next(target, Fault.none(), Fault.holdAfter(300_000, gate));
        var first = new RawClient(port);
        first.get(target).head();
        try (var second = new RawClient(port)) {
            second.get(target).head();
            first.close();
            gate.countDown();

            assertThat(second.read(SIZE)).isEqualTo(content);
        }
        assertThat(host.registry.bytesSent(digest)).isEqualTo(SIZE);
    }

    @Test
    void goesOnWhereTheRegistryBrokeOff() throws Exception {
        host.registry.next(target, Fault.none(), Fault.cutAfter(500_000), Fault.resetAfter(300_000));

        assertThat(pull(target)).isEqualTo(content);
        await().untilAsserted(() ->
                assertThat(host.sent(Source.FILL) + host.sent(Source.STORE)).isEqualTo(SIZE));
    }

    @Test
    void neverSendsTheEndOfABlobThatIsNotItsDigest() throws Exception {
        host.registry.always(target, Fault.corruptAt(1000));
        try (var engine = new RawClient(port)) {
            RawClient.Reply reply = engine.get(target).reply();

            assertThat(reply.whole()).isFalse();
            assertThat(reply.body().length).isLessThan(SIZE);
            assertThat(engine.ended()).isTrue();
        }
        await().untilAsserted(() -> assertThat(host.mismatches).containsExactly(Host.key(content)));
    }

    @Test
    void asksOnceForABlobWhoseLengthTheRegistryDoesNotTell() throws Exception {
        host.registry.always(target, Fault.chunked());

        assertThat(pull(target)).isEqualTo(content);
        assertThat(pull(target)).isEqualTo(content);
        assertThat(host.registry.bytesSent(digest)).isEqualTo(SIZE);
    }

    @Test
    void streamsABlobWhoseLengthTheRegistryDoesNotTellAndThatTakesLong() throws Exception {
        var gate = new CountDownLatch(1);
        host.registry.next(target, Fault.none(), Fault.chunkedAndHoldAfter(1000, gate), Fault.chunked());

        assertThat(pull(target)).isEqualTo(content);
        gate.countDown();
        await().untilAsserted(() -> assertThat(host.passed(Reason.NO_LENGTH)).isEqualTo(SIZE));
    }

    @Test
    void readsTheFooterOfABlobFirst() throws Exception {
        var gate = new CountDownLatch(1);
        host.registry.next(target, Fault.none(), Fault.holdAfter(100_000, gate));

        assertThat(pull(target, "Range: bytes=-500")).isEqualTo(Arrays.copyOfRange(content, SIZE - 500, SIZE));
        gate.countDown();
        assertThat(pull(target)).isEqualTo(content);
    }

    @Test
    void relaysThatTheRegistryDoesNotKnowABlob() throws Exception {
        try (var engine = new RawClient(port)) {
            RawClient.Reply reply =
                    engine.get("/v2/a/b/blobs/" + Digest.EMPTY_SHA256).reply();

            assertThat(reply.status()).isEqualTo(404);
            assertThat(reply.text()).contains("BLOB_UNKNOWN");
        }
    }

    private byte[] pull(String from, String... headers) {
        try (var engine = new RawClient(port)) {
            return engine.get(from, headers).reply().body();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
