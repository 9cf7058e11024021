package io.pantala.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.pantala.manifest.Digest;
import io.pantala.manifest.UpstreamName;
import io.pantala.swarm.Authorization;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class RegistryClientTest {
    private static final UpstreamName NAME = UpstreamName.parse("fake.example");
    private static final Duration LONG = Duration.ofSeconds(10);
    private static final Duration SHORT = Duration.ofMillis(300);
    private static final RegistryConfig PATIENT = new RegistryConfig(LONG, LONG, LONG, 64);

    private final Vertx vertx = Vertx.vertx();
    private final FakeRegistry registry = FakeRegistry.start();
    private final List<String> events = Collections.synchronizedList(new ArrayList<>());
    private final AtomicLong received = new AtomicLong();

    private final RegistryListener listener = new RegistryListener() {
        @Override
        public void responded(UpstreamName upstream, String kind, int status, Duration took) {
            events.add(kind + " " + status);
        }

        @Override
        public void failed(UpstreamName upstream, String kind, UpstreamException.Kind error) {
            events.add(kind + " " + error);
        }

        @Override
        public void received(UpstreamName upstream, long bytes) {
            received.addAndGet(bytes);
        }
    };

    private final RegistryClient client = client(registry.upstream(NAME.value()), PATIENT);

    @AfterEach
    void close() {
        client.close();
        registry.close();
        vertx.close().await();
    }

    @Test
    void readsALargeBodyByteByByteAsItIs() throws IOException {
        byte[] blob = bytes(5_000_001);
        Digest digest = registry.blob("library/probe", blob);

        try (RegistryResponse response = client.send(blob(digest))) {
            assertThat(response.status()).isEqualTo(200);
            assertThat(response.contentLength()).hasValue(blob.length);
            assertThat(body(response)).isEqualTo(blob);
        }

        assertThat(received).hasValue(blob.length);
        assertThat(events).containsExactly("blob 200");
    }

    @Test
    void readsWhatComesFastOutsideOfTheHeapAndUsesThatMemoryAgain() throws IOException {
        byte[] blob = bytes(32 << 20);
        Digest digest = registry.blob("library/probe", blob);
        long outside = 0;

        try (RegistryResponse response = client.send(blob(digest))) {
            for (ByteBuffer chunk = response.next(LONG); chunk != null; chunk = response.next(LONG)) {
                outside += chunk.isDirect() ? chunk.remaining() : 0;
            }
        }

        assertThat(outside).isGreaterThan(blob.length / 2);
        assertThat((long) client.buffers().made() * ReadBuffers.SIZE).isLessThan(blob.length / 4);
        assertThat(client.buffers().idle()).isEqualTo(client.buffers().made());
    }

    @Test
    void keepsBodiesApartThatComeAtOnceThroughTheSameMemory() throws Exception {
        List<CompletableFuture<Digest>> got = new ArrayList<>();
        List<Digest> wanted = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            Digest digest = registry.blob("library/probe", bytes((12 << 20) + i));
            wanted.add(digest);
            CompletableFuture<Digest> read = new CompletableFuture<>();
            got.add(read);
            Thread.ofVirtual().start(() -> {
                MessageDigest sha256 = Digest.newSha256();
                try (RegistryResponse response = client.send(blob(digest))) {
                    for (ByteBuffer chunk = response.next(LONG); chunk != null; chunk = response.next(LONG)) {
                        sha256.update(chunk);
                    }
                    read.complete(Digest.ofSha256(sha256.digest()));
                } catch (UpstreamException e) {
                    read.completeExceptionally(e);
                }
            });
        }

        for (int i = 0; i < got.size(); i++) {
            assertThat(got.get(i).get(20, TimeUnit.SECONDS)).isEqualTo(wanted.get(i));
        }
        assertThat(client.buffers().idle()).isEqualTo(client.buffers().made());
    }

    @Test
    void readsAChunkedBodyToItsEnd() throws IOException {
        byte[] blob = bytes(300_000);
        Digest digest = registry.blob("library/probe", blob);
        registry.next("/blobs/", Fault.chunked());

        try (RegistryResponse response = client.send(blob(digest))) {
            assertThat(response.contentLength()).isEmpty();
            assertThat(body(response)).isEqualTo(blob);
        }
    }

    @Test
    void asksForNoCompressionAndKeepsRepeatedHeadersApart() throws IOException {
        get(
                "/v2/",
                List.of(
                        Map.entry("Accept", "application/a"),
                        Map.entry("Accept", "application/b"),
                        Map.entry("Accept-Encoding", "gzip"),
                        Map.entry("Connection", "keep-alive, X-Mine"),
                        Map.entry("X-Mine", "1"),
                        Map.entry("TE", "trailers"),
                        Map.entry("User-Agent", "docker/29")));

        Exchange seen = registry.requests().getFirst();
        assertThat(seen.headers("Accept")).containsExactly("application/a", "application/b");
        assertThat(seen.headers("Accept-Encoding")).containsExactly("identity");
        assertThat(seen.headers("User-Agent")).containsExactly("docker/29");
        assertThat(seen.headers("Host")).containsExactly(registry.authority());
        assertThat(seen.headers("X-Mine")).isEmpty();
        assertThat(seen.headers("TE")).isEmpty();
    }

    @Test
    void usesAConnectionAgainAlsoWhenARefusalWasNotRead() throws IOException {
        for (int i = 0; i < 5; i++) {
            client.send(request(HttpMethod.GET, "/v2/library/none/manifests/1", List.of()))
                    .close();
        }
        get("/v2/", List.of());

        assertThat(registry.connections()).isLessThan(4);
    }

    @Test
    void followsASignedRedirectRawAndWithoutTheCredential() throws IOException {
        registry.requireBearer("ann", "secret").redirecting();
        byte[] blob = bytes(10_000);
        Digest digest = registry.blob("library/probe", blob);
        Authorization token = Authorization.of(registry.issueToken("library/probe"));

        try (RegistryResponse response = client.send(new RegistryRequest(
                NAME,
                HttpMethod.GET,
                "/v2/library/probe/blobs/" + digest,
                List.of(Map.entry("Range", "bytes=10-19"), Map.entry("Cookie", "a=b")),
                token,
                RegistryRequest.BLOB))) {
            assertThat(response.status()).isEqualTo(206);
            assertThat(body(response)).isEqualTo(Arrays.copyOfRange(blob, 10, 20));
        }

        Exchange stored = registry.requests().get(1);
        assertThat(stored.storage()).isTrue();
        assertThat(stored.target()).contains("a%2Bb%2Fc%3D%3D").contains("%7e~");
        assertThat(stored.headers("Authorization")).isEmpty();
        assertThat(stored.headers("Cookie")).isEmpty();
        assertThat(stored.headers("Host")).containsExactly(registry.storageAuthority());
        assertThat(events).containsExactly("blob 307", "blob 206");
    }

    @Test
    void keepsTheCredentialOnTheSameOrigin() throws IOException {
        registry.next("/v2/", Fault.redirect(302, "/v2/library/other/tags/list?n=%2B"));

        client.send(new RegistryRequest(
                        NAME, HttpMethod.GET, "/v2/", List.of(), Authorization.of("Basic eA=="), "ping"))
                .close();

        assertThat(registry.requests().get(1).target()).isEqualTo("/v2/library/other/tags/list?n=%2B");
        assertThat(registry.requests().get(1).header("Authorization")).isEqualTo("Basic eA==");
    }

    @Test
    void neverGivesTheCredentialBackOnceItWasDropped() throws IOException {
        try (FakeRegistry other = FakeRegistry.start()) {
            registry.next("/v2/", Fault.redirect(302, other.url() + "/elsewhere"));
            other.next("/elsewhere", Fault.redirect(302, registry.url() + "/v2/back"));

            client.send(new RegistryRequest(
                            NAME, HttpMethod.GET, "/v2/", List.of(), Authorization.of("Basic eA=="), "ping"))
                    .close();
        }

        assertThat(registry.requests("/back").getFirst().header("Authorization"))
                .isNull();
    }

    @Test
    void givesUpAfterTenRedirects() {
        registry.always("/v2/", Fault.redirect(307, "/v2/again"));

        assertFails(UpstreamException.Kind.PROTOCOL, client, "/v2/");
        assertThat(registry.requests()).hasSize(11);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"ftp://127.0.0.1/x", "file:///etc/passwd", "https:x", "http://user:pw@127.0.0.1/", "http://"})
    void redirectsToNowhereElseThanTheWeb(String location) {
        registry.next("/v2/", Fault.redirect(307, location));

        assertFails(UpstreamException.Kind.PROTOCOL, client, "/v2/");
    }

    @Test
    void answersWithTheRedirectItselfWhenAskedNotToFollow() throws IOException {
        registry.redirecting();
        Digest digest = registry.blob("library/probe", bytes(10));

        try (RegistryResponse response = client.sendUnfollowed(
                request(HttpMethod.HEAD, "/v2/library/probe/blobs/" + digest, List.of()), Duration.ofSeconds(10))) {
            assertThat(response.status()).isEqualTo(307);
            assertThat(response.next(LONG)).isNull();
        }
        assertThat(registry.requests()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void deliversAllThatCameBeforeACut(boolean reset) throws IOException {
        byte[] blob = bytes(3_000_000);
        Digest digest = registry.blob("library/probe", blob);
        registry.next("/blobs/", reset ? Fault.resetAfter(200_000) : Fault.cutAfter(2_000_000));
        ByteArrayOutputStream body = new ByteArrayOutputStream();

        try (RegistryResponse response = client.send(blob(digest))) {
            assertThatExceptionOfType(UpstreamException.class)
                    .isThrownBy(() -> body(response, body))
                    .satisfies(e -> assertThat(e.kind()).isEqualTo(UpstreamException.Kind.CUT));
        }

        if (!reset) {
            assertThat(body.size()).isEqualTo(2_000_000);
        }
        assertThat(body.toByteArray()).isEqualTo(Arrays.copyOf(blob, body.size()));
        assertThat(events).containsExactly("blob 200", "blob CUT");
    }

    @Test
    void takesAllThatCameBeforeACutAlsoWhenItReadsLate() throws Exception {
        byte[] blob = bytes(3_000_000);
        Digest digest = registry.blob("library/probe", blob);
        registry.next("/blobs/", Fault.cutAfter(1_000_000));
        ByteArrayOutputStream body = new ByteArrayOutputStream();

        try (RegistryResponse response = client.send(blob(digest))) {
            body.writeBytes(array(response.next(LONG)));
            // The registry has sent it all and closed, while most still waits on this side.
            while (registry.requests().getFirst().sent() < 1_000_000) {
                Thread.onSpinWait();
            }
            assertThatExceptionOfType(UpstreamException.class).isThrownBy(() -> body(response, body));
        }

        assertThat(body.size()).isEqualTo(1_000_000);
    }

    @Test
    void noticesAStalledBody() throws IOException {
        Digest digest = registry.blob("library/probe", bytes(100_000));
        registry.next("/blobs/", Fault.stallAfter(50_000));

        try (RegistryResponse response = client.send(blob(digest))) {
            assertThatExceptionOfType(UpstreamException.class)
                    .isThrownBy(() -> {
                        while (response.next(SHORT) != null) {}
                    })
                    .satisfies(e -> assertThat(e.kind()).isEqualTo(UpstreamException.Kind.TIMEOUT));
        }
    }

    @Test
    void noticesARegistryThatNeverAnswers() throws IOException {
        try (ServerSocket mute = new ServerSocket(0, 5, InetAddress.ofLiteral("127.0.0.1"));
                RegistryClient impatient = client(
                        new Upstream(NAME, URI.create("http://127.0.0.1:" + mute.getLocalPort())),
                        new RegistryConfig(LONG, SHORT, LONG, 2))) {
            assertFails(UpstreamException.Kind.TIMEOUT, impatient, "/v2/");
        }
    }

    @Test
    void saysThatNobodyListens() throws IOException {
        int port;
        try (ServerSocket gone = new ServerSocket(0, 5, InetAddress.ofLiteral("127.0.0.1"))) {
            port = gone.getLocalPort();
        }
        try (RegistryClient nowhere = client(new Upstream(NAME, URI.create("http://127.0.0.1:" + port)), PATIENT)) {
            assertFails(UpstreamException.Kind.UNREACHABLE, nowhere, "/v2/");
        }
        assertThat(events).containsExactly("other UNREACHABLE");
    }

    @Test
    void asksAgainWhenTheConnectionEndsWithoutAnAnswer() throws IOException {
        registry.next("/v2/", Fault.hangUp());

        get("/v2/", List.of());

        assertThat(registry.requests()).hasSize(2);
    }

    @Test
    void dialsOnlyWhatIsConfigured() {
        assertThatExceptionOfType(UpstreamException.class)
                .isThrownBy(() -> client.send(new RegistryRequest(
                        UpstreamName.parse("other.example"),
                        HttpMethod.GET,
                        "/v2/",
                        List.of(),
                        Authorization.ANONYMOUS,
                        "ping")))
                .satisfies(e -> assertThat(e.kind()).isEqualTo(UpstreamException.Kind.UNKNOWN_UPSTREAM));
    }

    @Test
    void pausesTheRegistryWhileNobodyReads() throws Exception {
        byte[] blob = bytes(64 << 20);
        Digest digest = registry.blob("library/probe", blob);

        try (RegistryResponse response = client.send(blob(digest))) {
            response.next(LONG);
            long before = -1;
            // Still once the kernel's buffers are full, which are a few MiB.
            while (registry.requests().getFirst().sent() != before) {
                before = registry.requests().getFirst().sent();
                assertThat(new CountDownLatch(1).await(200, TimeUnit.MILLISECONDS))
                        .isFalse();
            }
            assertThat(before).isLessThan(32 << 20);
            assertThat(client.buffers().made()).isBetween(1, ReadBuffers.EACH + 2);
        }
    }

    @Test
    void endsAReadThatAnotherThreadGivesUp() throws Exception {
        Digest digest = registry.blob("library/probe", bytes(100_000));
        registry.next("/blobs/", Fault.stallAfter(50_000));
        RegistryResponse response = client.send(blob(digest));
        CountDownLatch reading = new CountDownLatch(1);
        CompletableFuture<UpstreamException> outcome = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                for (int got = 0; response.next(LONG) != null; ) {
                    got++;
                    if (got == 1) {
                        reading.countDown();
                    }
                }
            } catch (UpstreamException e) {
                outcome.complete(e);
            }
        });
        reading.await();

        response.close();

        assertThat(outcome.get(5, TimeUnit.SECONDS).kind()).isEqualTo(UpstreamException.Kind.CUT);
    }

    @Test
    void refusesToBlockAnEventLoop() {
        CompletableFuture<Throwable> outcome = new CompletableFuture<>();
        vertx.runOnContext(_ -> {
            try {
                get("/v2/", List.of());
                outcome.complete(new AssertionError("it blocked"));
            } catch (IOException | IllegalStateException e) {
                outcome.complete(e);
            }
        });

        assertThatIllegalStateException().isThrownBy(() -> {
            throw outcome.get(5, TimeUnit.SECONDS);
        });
    }

    @Test
    void trustsAnUpstreamsOwnCertificate(@TempDir Path directory) throws IOException {
        Path pem = Files.writeString(directory.resolve("ca.pem"), FakeRegistry.certificate());
        try (FakeRegistry secure = FakeRegistry.startTls().redirecting()) {
            byte[] blob = bytes(1_000_000);
            Digest digest = secure.blob("library/probe", blob);
            try (RegistryClient trusting = client(secure.upstream(NAME.value(), pem), PATIENT);
                    RegistryResponse response = trusting.send(blob(digest))) {
                assertThat(body(response)).isEqualTo(blob);
            }
            try (RegistryClient doubting = client(secure.upstream(NAME.value()), PATIENT)) {
                assertFails(UpstreamException.Kind.UNREACHABLE, doubting, "/v2/");
            }
        }
    }

    @Test
    void saysWhichCertificatesCannotBeRead(@TempDir Path directory) throws IOException {
        Path pem = Files.writeString(directory.resolve("ca.pem"), "nothing");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> client(registry.upstream(NAME.value(), pem), PATIENT))
                .withMessageContaining("ca.pem");
    }

    @Test
    void speaksIpv6() throws IOException {
        try (FakeRegistry six = FakeRegistry.start("::1");
                RegistryClient other = client(six.upstream(NAME.value()), PATIENT)) {
            byte[] blob = bytes(1000);
            Digest digest = six.redirecting().blob("library/probe", blob);
            try (RegistryResponse response = other.send(blob(digest))) {
                assertThat(body(response)).isEqualTo(blob);
            }
            assertThat(six.requests().getFirst().header("Host")).isEqualTo(six.authority());
        }
    }

    @Test
    void takesVeryLongHeaders() throws IOException {
        String location = "/v2/?sig=" + "x".repeat(20_000);
        registry.next("/v2/library", Fault.redirect(307, location));

        assertThat(get("/v2/library", List.of(Map.entry("Cookie", "y".repeat(20_000)))))
                .isEqualTo(200);
        assertThat(registry.requests().get(1).target()).isEqualTo(location);
    }

    private RegistryClient client(Upstream upstream, RegistryConfig config) {
        return new RegistryClient(vertx, new Upstreams(List.of(upstream)), config, listener);
    }

    private int get(String target, List<Map.Entry<String, String>> headers) throws IOException {
        try (RegistryResponse response = client.send(request(HttpMethod.GET, target, headers))) {
            response.readAll(1 << 20, LONG);
            return response.status();
        }
    }

    private static void assertFails(UpstreamException.Kind kind, RegistryClient client, String target) {
        assertThatExceptionOfType(UpstreamException.class)
                .isThrownBy(() ->
                        client.send(request(HttpMethod.GET, target, List.of())).close())
                .satisfies(e -> assertThat(e.kind()).isEqualTo(kind));
    }

    private static RegistryRequest blob(Digest digest) {
        return new RegistryRequest(
                NAME,
                HttpMethod.GET,
                "/v2/library/probe/blobs/" + digest,
                List.of(),
                Authorization.ANONYMOUS,
                RegistryRequest.BLOB);
    }

    private static RegistryRequest request(HttpMethod method, String target, List<Map.Entry<String, String>> headers) {
        return new RegistryRequest(NAME, method, target, headers, Authorization.ANONYMOUS, "other");
    }

    private static byte[] body(RegistryResponse response) throws UpstreamException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body(response, body);
        return body.toByteArray();
    }

    private static void body(RegistryResponse response, ByteArrayOutputStream into) throws UpstreamException {
        for (ByteBuffer chunk = response.next(LONG); chunk != null; chunk = response.next(LONG)) {
            into.writeBytes(array(chunk));
        }
    }

    private static byte[] array(ByteBuffer chunk) {
        byte[] bytes = new byte[chunk.remaining()];
        chunk.get(bytes);
        return bytes;
    }

    private static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }
}
