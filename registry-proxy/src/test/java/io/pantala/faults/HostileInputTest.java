package io.pantala.faults;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.faults.Cluster.Topology;
import io.pantala.manifest.Digest;
import io.pantala.proxy.http.RawClient;
import io.pantala.proxy.node.Tuning;
import io.pantala.registry.Exchange;
import io.pantala.registry.FakeRegistry;
import java.io.EOFException;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What no engine sends: each request is answered with an error as registries tell it, the registry hears nothing of it,
 * and the next engine is served as if nothing had been.
 */
@Timeout(60)
@SuppressWarnings("NullAway.Init")
class HostileInputTest {
    private static final int SIZE = 300_000;
    private static final String CHUNKED =
            "POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";

    @TempDir
    Path directory;

    private final byte[] content = content();
    private final FakeRegistry registry = FakeRegistry.start();
    private final Digest digest = registry.blob("a/b", content);
    private final String target = "/v2/a/b/blobs/" + digest;
    private Cluster nodes;

    @BeforeEach
    void start() throws Exception {
        nodes = new Cluster(directory, Topology.ALONE, Tuning.DEFAULT)
                .upstream("registry.example", registry.url().toString())
                .start();
    }

    @AfterEach
    void pullAsIfNothingHadBeen() throws IOException {
        try (Cluster ending = nodes) {
            assertThat(ending.engine().blob("a/b", digest)).isEqualTo(new Outcome.Right());
        } finally {
            registry.close();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/v2/../../../etc/passwd",
                "/v2/a/../../b/manifests/1",
                "/v2/%2e%2e/%2e%2e/etc/manifests/1",
                "/v2/..%2f..%2fetc/manifests/1",
                "/v2/%252e%252e%252fetc/manifests/1",
                "/v2/a/blobs/..%2f..%2fetc%2fpasswd",
                "/v2/a/manifests/..%2f..%2fx",
                "/v2/a/manifests/%2e%2e",
                "/v2/a\\..\\b/manifests/1",
                "/v2/a//b/manifests/1",
                "/v2/a/./b/manifests/1",
                "//v2/a/manifests/1",
                "/v2/a%00b/manifests/1",
                "/v2/a/manifests/1%00",
                "/v2/a/manifests/1%0d%0aX-Evil:%20yes",
                "/v2/a%0d%0aHost:%20evil/manifests/1",
                "/v2/a/manifests/1?ns=registry.example%0d%0aHost:evil",
                "/v2/a/tags/list?ns=%00",
                "/v2/a%c0%af..%c0%afb/manifests/1",
                "/v2/%/manifests/1",
            })
    void pathsThatCouldMeanAnother(String path) throws Exception {
        assertRefused("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    }

    @Test
    void digestsThatAreNone() throws Exception {
        for (String none : List.of(
                "sha256:",
                "sha256:" + "0".repeat(63),
                "sha256:" + "0".repeat(65),
                "sha256:" + "0".repeat(50_000),
                "sha256:" + "g".repeat(64),
                "sha256:" + "A".repeat(64),
                ":" + "0".repeat(64),
                "sha256:sha256:" + "0".repeat(64),
                "../" + "0".repeat(64),
                "x".repeat(60_000),
                "a.".repeat(30_000) + "a:" + "0".repeat(64))) {
            assertRefused("GET /v2/a/b/blobs/" + none + " HTTP/1.1\r\nHost: x\r\n\r\n");
        }
    }

    /** Nobody is dialled that the user has not named, and nothing is said about who is there. */
    @Test
    void namespacesThatNameAHostInside() throws Exception {
        try (ServerSocket inside = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int port = inside.getLocalPort();
            for (String name : List.of("127.0.0.1:" + port, "localhost:" + port, "[::1]:" + port, "169.254.169.254")) {
                assertRefused("GET /v2/a/manifests/1?ns=" + name + " HTTP/1.1\r\nHost: x\r\n\r\n");
                assertRefused("GET /v2/" + name + "/a/manifests/1 HTTP/1.1\r\nHost: x\r\n\r\n");
            }
            for (String name : List.of(
                    "registry.example@127.0.0.1:" + port,
                    "registry.example%23127.0.0.1",
                    "registry.example.evil",
                    "2130706433",
                    "0x7f000001",
                    "a/b")) {
                assertRefused("GET /v2/a/manifests/1?ns=" + name + " HTTP/1.1\r\nHost: x\r\n\r\n");
            }
            inside.setSoTimeout(1);
            assertThat(connected(inside)).isFalse();
        }
    }

    private static boolean connected(ServerSocket server) throws IOException {
        try (var _ = server.accept()) {
            return true;
        } catch (SocketTimeoutException e) {
            return false;
        }
    }

    @Test
    void connectsToThisHostsOwnPorts() throws Exception {
        List<String> own = new ArrayList<>(List.of(
                "127.0.0.1", "127.0.0.2", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "127.1"));
        NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(Inet4Address.class::isInstance)
                .forEach(address -> own.add(address.getHostAddress()));
        for (int port : nodes.hostPorts()) {
            for (String host : own) {
                String to = host + ":" + port;
                assertRefused("CONNECT " + to + " HTTP/1.1\r\nHost: " + to + "\r\n\r\n");
                assertRefused("GET http://" + to + "/metrics HTTP/1.1\r\nHost: " + to + "\r\n\r\n");
            }
        }
    }

    static Stream<Arguments> malformed() {
        return Stream.of(
                Arguments.of("no version", "GET /v2/\r\nHost: x\r\n\r\n"),
                Arguments.of("another protocol", "GET /v2/ SPDY/3\r\nHost: x\r\n\r\n"),
                Arguments.of("words and words", "GET /v2/ a b c\r\nHost: x\r\n\r\n"),
                Arguments.of("a line of 100 KB", "GET /v2/" + "a".repeat(100_000) + " HTTP/1.1\r\nHost: x\r\n\r\n"),
                Arguments.of("a header of 100 KB", "GET /v2/ HTTP/1.1\r\nX: " + "a".repeat(100_000) + "\r\n\r\n"),
                Arguments.of("20,000 headers", "GET /v2/ HTTP/1.1\r\n" + "X: aaaaaaaa\r\n".repeat(20_000) + "\r\n"),
                Arguments.of("a header without a name", "GET /v2/ HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n"),
                Arguments.of("a header without a colon", "GET /v2/ HTTP/1.1\r\nHost: x\r\nevil\r\n\r\n"),
                Arguments.of("space before the colon", "GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Evil : y\r\n\r\n"),
                Arguments.of("space in a name", "GET /v2/ HTTP/1.1\r\nHost: x\r\nX Evil: y\r\n\r\n"),
                Arguments.of("CR in a value", "GET /v2/ HTTP/1.1\r\nHost: x\r\nX: a\rX-Evil: b\r\n\r\n"),
                Arguments.of("NUL in a value", "GET /v2/ HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n"),
                Arguments.of("two hosts", "GET /v2/ HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"),
                Arguments.of(
                        "a length and chunks",
                        "GET /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"),
                Arguments.of(
                        "chunks and a length",
                        "GET /v2/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n"),
                Arguments.of(
                        "two lengths",
                        "GET /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 40\r\n\r\n"),
                Arguments.of("a list of lengths", "GET /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 0, 40\r\n\r\n"),
                Arguments.of("a negative length", "GET /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"),
                Arguments.of("a signed length", "GET /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: +4\r\n\r\nabcd"),
                Arguments.of(
                        "a length beyond all bounds",
                        "GET /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n"),
                Arguments.of("a hexadecimal length", "GET /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 0x4\r\n\r\nabcd"),
                Arguments.of(
                        "an encoding that is none",
                        "GET /v2/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
                Arguments.of(
                        "an encoding behind chunked",
                        "GET /v2/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
                Arguments.of(
                        "chunked twice",
                        CHUNKED.replace("\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n") + "0\r\n\r\n"),
                Arguments.of(
                        "chunks of HTTP/1.0",
                        "GET /v2/ HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"));
    }

    /** What follows such a request could be taken for another one by someone else: nothing is. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("malformed")
    void requestsThatOthersCouldReadOtherwise(String name, String request) throws Exception {
        assertRefused(request + "GET /v2/smuggled/manifests/1 HTTP/1.1\r\nHost: x\r\n\r\n");
    }

    /** Each of them is read as one request by everyone. */
    @Test
    void chunksWithExtensionsAndFoldedLinesAreNothingMore() throws Exception {
        assertRefused(CHUNKED + "4;a=b;c=\"d\"\r\nabcd\r\n0\r\n\r\n");
        try (RawClient engine = nodes.engine().connect()) {
            engine.write("GET /v2/a/b/manifests/1 HTTP/1.1\r\nHost: x\r\nX-Folded: one\r\n two: three\r\n\r\n"
                    .getBytes(US_ASCII));
            assertThat(engine.reply().status()).isEqualTo(404);
        }
        assertThat(registry.requests())
                .extracting((Exchange asked) -> asked.header("X-Folded"))
                .containsOnlyOnce("one two: three");
    }

    /** Where the first request ends can't be told: with it ends the connection, and no second one is seen. */
    @Test
    void chunksThatBreakOff() throws Exception {
        try (RawClient engine = nodes.engine().connect()) {
            engine.write((CHUNKED + "4;a=\"b\r\n\r\nGET /v2/smuggled/manifests/1 HTTP/1.1\r\nHost: x\r\n\r\n\";c\r\n")
                    .getBytes(US_ASCII));
            engine.endOutput();
            while (!engine.ended()) {
                // What it is told, if anything.
            }
        }
        assertThat(registry.requests()).isEmpty();
    }

    /** Whoever sends no more gets no more, and needs no more than its connection. */
    @Test
    void requestsThatNeverEnd() throws Exception {
        try (RawClient head = nodes.engine().connect();
                RawClient body = nodes.engine().connect()) {
            head.write("GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Slow: ".getBytes(US_ASCII));
            body.write("POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\nab"
                    .getBytes(US_ASCII));

            assertThat(StrictEngine.refused(body.reply())).isEqualTo(new Outcome.Refused(405, "UNSUPPORTED"));
            assertThat(nodes.engine().blob("a/b", digest)).isEqualTo(new Outcome.Right());
            head.write("\r\n\r\n".getBytes(US_ASCII));
            assertThat(head.reply().status()).isEqualTo(200);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bytes=0-99999999999999999999999",
                "bytes=99999999999999999999999-",
                "bytes=-99999999999999999999999",
                "bytes=9223372036854775807-9223372036854775807",
                "bytes=-0",
                "bytes=1-0",
                "bytes=a-b",
                "bytes=",
                "octets=0-1",
            })
    void rangesBeyondAllBounds(String range) throws Exception {
        try (RawClient engine = nodes.engine().connect()) {
            RawClient.Reply reply = engine.get(target, "Range: " + range).reply();
            switch (reply.status()) {
                case 200, 206 -> assertThat(reply.body()).isEqualTo(content);
                default -> assertThat(StrictEngine.refused(reply)).isEqualTo(new Outcome.Refused(416, "RANGE_INVALID"));
            }
        }
    }

    /** It goes past, at the pace of who asked for it, and is kept by nobody. */
    @Test
    void aManifestOfAHundredMegabytesIsHeldByNobody() throws Exception {
        int size = 100 << 20;
        Digest huge = registry.manifest("a/b", "huge", "application/vnd.oci.image.index.v1+json", new byte[size]);
        for (String reference : List.of("huge", huge.toString())) {
            try (RawClient engine = nodes.engine().connect(64 << 10)) {
                int before = registry.requests().size();
                RawClient.Reply head =
                        engine.get("/v2/a/b/manifests/" + reference).head();
                assertThat(head.status()).isEqualTo(200);
                assertThat(nodes.engine().blob("a/b", digest)).isEqualTo(new Outcome.Right());
                long sent = registry.requests().stream()
                        .skip(before)
                        .mapToLong(Exchange::sent)
                        .sum();
                assertThat(sent).isLessThan(size / 2);
                assertThat(engine.read(size)).hasSize(size);
            }
        }
    }

    /** It is no manifest, and is given as what it is; nothing of it is followed. */
    @Test
    void aManifestNestedAHundredThousandDeep() throws Exception {
        byte[] deep = ("{\"layers\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}").getBytes(US_ASCII);
        Digest nested = registry.manifest("a/b", "deep", "application/vnd.oci.image.manifest.v1+json", deep);
        for (String reference : List.of("deep", nested.toString())) {
            try (RawClient engine = nodes.engine().connect()) {
                RawClient.Reply reply =
                        engine.get("/v2/a/b/manifests/" + reference).reply();
                assertThat(reply.status()).isEqualTo(200);
                assertThat(reply.body()).isEqualTo(deep);
            }
        }
    }

    /** What a token says of itself is read to see when it ends. */
    @Test
    void aTokenNestedThousandsDeep() throws Exception {
        String claims = "{\"exp\":" + "[".repeat(30_000);
        String token = Base64.getUrlEncoder().withoutPadding().encodeToString(claims.getBytes(US_ASCII));
        try (RawClient engine = nodes.engine().connect()) {
            RawClient.Reply reply = engine.get(target, "Authorization: Bearer a." + token + ".b")
                    .reply();
            assertThat(reply.status()).isEqualTo(200);
            assertThat(reply.body()).isEqualTo(content);
        }
    }

    /** All that overlap and repeat would make of a small blob a flood. */
    @Test
    void thousandsOfRangesAreOneWhole() throws Exception {
        try (RawClient engine = nodes.engine().connect()) {
            RawClient.Reply reply =
                    engine.get(target, "Range: bytes=0-" + ",0-".repeat(10_000)).reply();

            assertThat(reply.status()).isEqualTo(200);
            assertThat(reply.body()).isEqualTo(content);
        }
    }

    /** An error as registries tell it, and then the end of the connection or another error, but no other reply. */
    private void assertRefused(String request) throws IOException {
        int before = registry.requests().size();
        try (RawClient engine = nodes.engine().connect()) {
            try {
                engine.write(request.getBytes(ISO_8859_1));
            } catch (IOException e) {
                // It may be refused before it has come as a whole.
            }
            assertThat(StrictEngine.refused(engine.reply()).status()).isBetween(400, 505);
            try {
                engine.endOutput();
                assertThat(engine.reply().status()).isGreaterThanOrEqualTo(400);
            } catch (EOFException e) {
                // No other reply.
            }
        }
        assertThat(registry.requests()).hasSize(before);
    }

    private static byte[] content() {
        byte[] content = new byte[SIZE];
        new Random(SIZE).nextBytes(content);
        return content;
    }
}
