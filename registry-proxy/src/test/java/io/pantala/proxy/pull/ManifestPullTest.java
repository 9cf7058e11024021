package io.pantala.proxy.pull;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pantala.manifest.Digest;
import io.pantala.proxy.http.RawClient;
import io.pantala.proxy.notes.DiskNotes;
import io.pantala.proxy.notes.MemoryNotes;
import io.pantala.registry.Fault;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
@SuppressWarnings("NullAway.Init")
class ManifestPullTest {
    private static final String TYPE = "application/vnd.oci.image.manifest.v1+json";
    private static final String INDEX_TYPE = "application/vnd.oci.image.index.v1+json";
    private static final String ACCEPT = "Accept: " + INDEX_TYPE + ", " + TYPE;
    private static final String TAG = "/v2/a/b/manifests/1";

    @TempDir
    private Path directory;

    private final byte[] layer = Host.content(200_000);
    private Host host;
    private int port;
    private Digest layerDigest;
    private byte[] manifest;
    private Digest digest;
    private byte[] index;
    private Digest indexDigest;

    @BeforeEach
    void prepare() throws Exception {
        host = new Host(directory);
        layerDigest = host.registry.blob("a/b", layer);
        manifest = manifest(layerDigest);
        digest = host.registry.manifest("a/b", "child", TYPE, manifest);
        index = ("{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" + TYPE + "\",\"size\":" + manifest.length
                        + ",\"digest\":\"" + digest + "\"}]}")
                .getBytes(UTF_8);
        indexDigest = host.registry.manifest("a/b", "1", INDEX_TYPE, index);
        start();
    }

    private void start() throws IOException {
        port = host.start(host.backfills(directory.resolve("spool")));
    }

    @AfterEach
    void stop() {
        host.close();
    }

    @Test
    void asksEachTimeWhatATagStandsForAndReadsItsManifestOnce() throws Exception {
        for (int i = 0; i < 3; i++) {
            RawClient.Reply reply = get(TAG, ACCEPT);
            assertThat(reply.status()).isEqualTo(200);
            assertThat(reply.body()).isEqualTo(index);
            assertThat(reply.header("Content-Type")).isEqualTo(INDEX_TYPE);
            assertThat(reply.header("Docker-Content-Digest")).isEqualTo(indexDigest.toString());
            assertThat(reply.header("Content-Length")).isEqualTo("" + index.length);
            assertThat(reply.header("Warning")).isNull();
        }
        assertThat(requests())
                .containsExactly("HEAD " + TAG, "GET /v2/a/b/manifests/" + indexDigest, "HEAD " + TAG, "HEAD " + TAG);

        byte[] next = manifest(Digest.sha256(new byte[] {1}));
        host.registry.manifest("a/b", "1", TYPE, next);
        assertThat(get(TAG, ACCEPT).body()).isEqualTo(next);
    }

    @Test
    void givesByDigestWhatATagWasJustSaidToStandForWithoutAskingAgain() throws Exception {
        try (var engine = new RawClient(port)) {
            RawClient.Reply head = engine.request("HEAD", TAG, ACCEPT).reply(true);
            assertThat(head.header("Docker-Content-Digest")).isEqualTo(indexDigest.toString());
            assertThat(head.header("Content-Length")).isEqualTo("" + index.length);
        }
        assertThat(get("/v2/a/b/manifests/" + indexDigest, ACCEPT).body()).isEqualTo(index);

        assertThat(requests()).containsExactly("HEAD " + TAG, "GET /v2/a/b/manifests/" + indexDigest);
    }

    @Test
    void answersWhatIsHeldWithNothing() throws Exception {
        String held = "If-None-Match: \"" + indexDigest + "\"";
        assertThat(get(TAG, ACCEPT, held).status()).isEqualTo(304);
        assertThat(get("/v2/a/b/manifests/" + indexDigest, held).status()).isEqualTo(304);
    }

    @Test
    void asksOnceForAllWhoAskTheSameAtTheSameTime() throws Exception {
        var gate = new CountDownLatch(1);
        host.registry.next(TAG, Fault.late(gate));
        try (var first = new RawClient(port);
                var second = new RawClient(port);
                var third = new RawClient(port)) {
            first.get(TAG, ACCEPT);
            await().until(() -> host.registry.requests(TAG).size() == 1);
            second.request("HEAD", TAG, ACCEPT);
            third.get(TAG, ACCEPT, "Authorization: Basic b3RoZXI6eA==");
            assertThat(third.reply().body()).isEqualTo(index);
            gate.countDown();

            assertThat(first.reply().body()).isEqualTo(index);
            assertThat(second.reply(true).status()).isEqualTo(200);
        }
        assertThat(host.registry.requests(TAG)).hasSize(2);
    }

    @Test
    void goesOnAskingWhenTheFirstWhoAskedHasLeft() throws Exception {
        var gate = new CountDownLatch(1);
        host.registry.next(TAG, Fault.late(gate));
        try (var second = new RawClient(port)) {
            try (var first = new RawClient(port)) {
                first.get(TAG, ACCEPT);
                await().until(() -> host.registry.requests(TAG).size() == 1);
            }
            second.get(TAG, ACCEPT);
            gate.countDown();
            assertThat(second.reply().body()).isEqualTo(index);
        }
    }

    @Test
    void givesNobodyAStoredManifestThatTheRegistryWouldNotGive() throws Exception {
        host.registry.requireBearer("user", "secret").hide("a/b");
        String token = "Authorization: " + host.registry.issueToken("a/b");
        String byDigest = "/v2/a/b/manifests/" + indexDigest;
        assertThat(get(TAG, token).body()).isEqualTo(index);
        assertThat(get(byDigest, token).body()).isEqualTo(index);

        RawClient.Reply refused = get(byDigest);
        assertThat(refused.status()).isEqualTo(401);
        assertThat(refused.header("WWW-Authenticate")).startsWith("Bearer realm=");
        assertThat(refused.text()).contains("UNAUTHORIZED");
        assertThat(get(byDigest, "Authorization: Bearer made-up").status()).isEqualTo(401);
        assertThat(get("/v2/other/manifests/" + indexDigest, token).status()).isGreaterThanOrEqualTo(400);
    }

    @Test
    void asksForAManifestOfAnIndexBeforeItGivesIt() throws Exception {
        get(TAG, ACCEPT);
        assertThat(get("/v2/a/b/manifests/" + digest, ACCEPT).body()).isEqualTo(manifest);

        assertThat(requests()).endsWith("HEAD /v2/a/b/manifests/" + digest, "GET /v2/a/b/manifests/" + digest);
    }

    @Test
    void passesOnWhatARegistryCantSayByHead() throws Exception {
        host.registry.next(TAG, Fault.status(405));
        assertThat(get(TAG, ACCEPT).body()).isEqualTo(index);

        host.registry.next(TAG, Fault.status(200, Map.of("Content-Type", INDEX_TYPE)));
        assertThat(get(TAG, ACCEPT).body()).isEqualTo(index);
    }

    @Test
    void relaysTheRegistrysOwnWordsOfWhatItDoesNotHave() throws Exception {
        RawClient.Reply reply = get("/v2/a/b/manifests/none", ACCEPT);

        assertThat(reply.status()).isEqualTo(404);
        assertThat(reply.text()).contains("by the fake registry");
    }

    @Test
    void passesOnAManifestWhoseHeadPromisesAnother() throws Exception {
        host.registry.next(
                TAG,
                Fault.status(
                        200,
                        Map.of(
                                "Content-Type",
                                INDEX_TYPE,
                                "Docker-Content-Digest",
                                Digest.sha256(new byte[] {7}).toString())));

        assertThat(get(TAG, ACCEPT).body()).isEqualTo(index);
    }

    @Test
    void givesWhatATagStoodForWhileTheRegistryIsDown() throws Exception {
        pull(ACCEPT);
        host.registry.close();

        RawClient.Reply tag = get(TAG, ACCEPT);
        assertThat(tag.body()).isEqualTo(index);
        assertThat(tag.header("Content-Type")).isEqualTo(INDEX_TYPE);
        assertThat(tag.header("Warning")).startsWith("299 - \"registry.test does not answer");
        try (var engine = new RawClient(port)) {
            RawClient.Reply head = engine.request("HEAD", TAG, ACCEPT).reply(true);
            assertThat(head.status()).isEqualTo(200);
            assertThat(head.header("Docker-Content-Digest")).isEqualTo(indexDigest.toString());
            assertThat(head.header("Content-Length")).isEqualTo("" + index.length);
        }
        pull(ACCEPT);
        assertThat(get("/v2/").text()).isEqualTo("{}");
        assertThat(get("/v2/a/b/manifests/other").status()).isEqualTo(502);
    }

    /** Some engines send a star that is no media type, and each sends its types in another order. */
    @Test
    void givesWhatATagStoodForWhateverTheEngineAcceptsInWhateverOrder() throws Exception {
        String star = "Accept: application/vnd.docker.distribution.manifest.v2+json, *";
        assertThat(get(TAG, star).body()).isEqualTo(index);
        assertThat(host.registry.requests(TAG).getFirst().headers("Accept"))
                .containsExactly("application/vnd.docker.distribution.manifest.v2+json, *");
        assertThat(get("/v2/a/b/manifests/" + digest, star).body()).isEqualTo(manifest);
        host.registry.close();

        for (String[] accept : List.of(
                new String[] {star},
                new String[] {ACCEPT},
                new String[] {"Accept: " + TYPE, "Accept: " + INDEX_TYPE},
                new String[] {"Accept: */*"},
                new String[0])) {
            assertThat(get(TAG, accept).body()).isEqualTo(index);
            assertThat(get("/v2/a/b/manifests/" + digest, accept).body()).isEqualTo(manifest);
        }
    }

    @Test
    void givesItAfterARestartToo() throws Exception {
        host.knowledge = knowledge();
        start();
        pull(ACCEPT);
        host.close();
        host = new Host(directory);
        host.registry.close();
        host.knowledge = knowledge();
        start();

        pull(ACCEPT);
    }

    private Knowledge knowledge() throws IOException {
        return new Knowledge(
                DiskNotes.open(directory.resolve("notes"), 1000, Clock.systemUTC()),
                new MemoryNotes(),
                new MemoryNotes(),
                Clock.systemUTC());
    }

    @ParameterizedTest
    @ValueSource(ints = {429, 500, 502, 503})
    void givesWhatATagStoodForWhileTheRegistryHasTrouble(int status) throws Exception {
        pull(ACCEPT);
        host.registry.always("/v2/", Fault.status(status));

        assertThat(get(TAG, ACCEPT).body()).isEqualTo(index);
        pull(ACCEPT);
    }

    @Test
    void givesWhatATagStoodForWhileTheRegistryTakesTooLong() throws Exception {
        pull(ACCEPT);
        var gate = new CountDownLatch(1);
        host.registry.always(TAG, Fault.late(gate));

        RawClient.Reply late = get(TAG, ACCEPT);
        gate.countDown();

        assertThat(late.body()).isEqualTo(index);
        assertThat(late.header("Warning")).startsWith("299 - \"registry.test does not answer");
    }

    @Test
    void leavesARegistryAloneThatHasAskedForIt() throws Exception {
        pull(ACCEPT);
        host.registry.always(TAG, Fault.status(429, Map.of("Retry-After", "600")));
        int before = host.registry.requests(TAG).size();
        for (int i = 0; i < 5; i++) {
            assertThat(get(TAG, ACCEPT).body()).isEqualTo(index);
        }

        assertThat(host.registry.requests(TAG)).hasSize(before + 1);
        // Who has no other answer gets the registry's own.
        host.registry.always(
                "/v2/a/b/manifests/unknown", Fault.status(429, Map.of("RateLimit-Remaining", "0;w=21600")));
        RawClient.Reply limited = get("/v2/a/b/manifests/unknown", ACCEPT);
        assertThat(limited.status()).isEqualTo(429);
        assertThat(limited.header("RateLimit-Remaining")).isEqualTo("0;w=21600");
    }

    @ParameterizedTest
    @ValueSource(ints = {401, 403, 404})
    void takesANoForANo(int status) throws Exception {
        pull(ACCEPT);
        host.registry.always("/v2/a/b/", Fault.status(status));

        assertThat(get(TAG, ACCEPT).status()).isEqualTo(status);
        // Not even when there is trouble afterwards.
        host.registry.close();
        assertThat(get(TAG, ACCEPT).status()).isEqualTo(502);
    }

    @Test
    void givesWhatIsPrivateToThoseAloneWhoCouldReadIt() throws Exception {
        host.registry.requireBearer("user", "secret").hide("a/b");
        String token = "Authorization: " + host.registry.issueToken("a/b");
        pull(token);
        host.registry.close();

        pull(token);
        assertThat(get(TAG).status()).isEqualTo(502);
        assertThat(get(TAG, "Authorization: Bearer another").status()).isEqualTo(502);
        assertThat(get("/v2/a/b/blobs/" + layerDigest, "Authorization: Bearer another")
                        .status())
                .isEqualTo(502);
        assertThat(get("/v2/other/manifests/" + indexDigest, token).status()).isEqualTo(502);
    }

    @Test
    void repeatsToNobodyInParticularHowToAuthenticate() throws Exception {
        host.registry.requireBearer("user", "secret");
        String challenge = get("/v2/").header("WWW-Authenticate");
        host.registry.close();

        RawClient.Reply ping = get("/v2/");
        assertThat(ping.status()).isEqualTo(401);
        assertThat(ping.header("WWW-Authenticate")).isEqualTo(challenge);
        assertThat(ping.header("Warning")).isNotNull();
        assertThat(get("/v2/", "Authorization: Bearer x").status()).isEqualTo(502);
    }

    @Test
    void givesNothingWhenThatIsNotWanted() throws Exception {
        host.knowledge = Knowledge.NONE;
        start();
        pull(ACCEPT);
        host.registry.close();

        assertThat(get(TAG, ACCEPT).status()).isEqualTo(502);
        assertThat(get("/v2/?ns=" + Host.UPSTREAM).status()).isEqualTo(502);
    }

    @Test
    void isAMirrorOfOthersWhereItsDefaultUpstreamIsNotWithinReach() throws Exception {
        host.registry.close();

        RawClient.Reply ping = get("/v2/");
        assertThat(ping.status()).isEqualTo(200);
        assertThat(ping.text()).isEqualTo("{}");
        assertThat(ping.header("Warning")).contains(Host.UPSTREAM.toString());
        assertThat(ping.header("WWW-Authenticate")).isNull();
        assertThat(get("/v2/?ns=" + Host.UPSTREAM).status()).isEqualTo(502);
        assertThat(get("/v2/", "Authorization: Basic eDp5").status()).isEqualTo(502);
    }

    @Test
    void forgetsWhatATagStoodForWhenItIsPushed() throws Exception {
        pull(ACCEPT);
        try (var engine = new RawClient(port)) {
            engine.request("PUT", "http://" + Host.UPSTREAM + TAG, "Content-Length: 0")
                    .reply();
        }
        host.registry.close();

        assertThat(get(TAG, ACCEPT).status()).isEqualTo(502);
    }

    /** As an engine does. */
    private void pull(String... headers) throws IOException {
        try (var engine = new RawClient(port)) {
            engine.get("/v2/");
            engine.reply();
            assertThat(engine.get(TAG, headers).reply().body()).isEqualTo(index);
            assertThat(engine.get("/v2/a/b/manifests/" + digest, headers)
                            .reply()
                            .body())
                    .isEqualTo(manifest);
            assertThat(engine.get("/v2/a/b/blobs/" + layerDigest, headers)
                            .reply()
                            .body())
                    .isEqualTo(layer);
        }
    }

    private RawClient.Reply get(String target, String... headers) throws IOException {
        try (var engine = new RawClient(port)) {
            return engine.get(target, headers).reply();
        }
    }

    private List<String> requests() {
        return host.registry.requests().stream()
                .map(exchange -> exchange.method() + " " + exchange.target())
                .toList();
    }

    private static byte[] manifest(Digest layer) {
        return ("{\"schemaVersion\":2,\"mediaType\":\"" + TYPE
                        + "\",\"layers\":[{\"mediaType\":\"x\",\"size\":200000,\"digest\":\"" + layer + "\"}]}")
                .getBytes(UTF_8);
    }
}
