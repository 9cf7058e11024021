package io.pantala.proxy.pull;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pantala.manifest.Digest;
import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.http.RawClient;
import io.pantala.proxy.http.RawServer;
import io.pantala.proxy.intercept.CertificateAuthority;
import io.pantala.registry.Fault;
import io.pantala.registry.Upstream;
import java.io.EOFException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What engines get that use this as their proxy. */
@Timeout(60)
@SuppressWarnings("NullAway.Init")
class ProxyModeTest {
    private static final String TYPE = "application/vnd.oci.image.manifest.v1+json";
    private static final String ORIGIN = "http://" + Host.UPSTREAM;

    @TempDir
    private Path directory;

    private final byte[] layer = Host.content(3_000_000);
    private Host host;
    private Digest digest;
    private int port;
    private RawServer raw;
    private volatile RawServer.Script script = _ -> {};

    @BeforeEach
    void prepare() throws Exception {
        raw = new RawServer(connection -> script.run(connection));
        URI url = URI.create("http://127.0.0.1:" + raw.port());
        host = new Host(
                directory,
                new Upstream(UpstreamName.parse("raw.test"), url),
                new Upstream(UpstreamName.parse("under.test"), url.resolve("/under/")));
        digest = host.registry.blob("a/b", layer);
        host.registry.manifest("a/b", "1.0", TYPE, "{}".getBytes(UTF_8));
        host.authority.complete(CertificateAuthority.of(directory, InstantSource.system()));
        port = host.start(host.backfills(directory.resolve("spool")));
    }

    @AfterEach
    void stop() throws IOException {
        host.close();
        raw.close();
    }

    @Test
    void pullsThroughConnectAsFromTheRegistryItself() throws Exception {
        try (RawClient engine = intercepted()) {
            assertThat(engine.get("/v2/").reply().text()).isEqualTo("{}");
            RawClient.Reply manifest = engine.get("/v2/a/b/manifests/1.0").reply();
            assertThat(manifest.header("Content-Type")).isEqualTo(TYPE);
            assertThat(manifest.text()).isEqualTo("{}");
            for (int i = 0; i < 3; i++) {
                RawClient.Reply blob = engine.get("/v2/a/b/blobs/" + digest).reply();
                assertThat(blob.status()).isEqualTo(200);
                assertThat(blob.body()).isEqualTo(layer);
            }
            RawClient.Reply part = engine.get("/v2/a/b/blobs/" + digest, "Range: bytes=1000000-1999999")
                    .reply();
            assertThat(part.header("Content-Range")).isEqualTo("bytes 1000000-1999999/3000000");
            assertThat(part.body()).hasSize(1_000_000).startsWith(layer[1_000_000], layer[1_000_001]);
        }
        assertThat(host.registry.bytesSent(digest)).isEqualTo(layer.length);
    }

    @Test
    void cutsABodyShortBehindTlsWithAnEndThatIsTold() throws Exception {
        host.registry.always("/v2/a/b/blobs/", Fault.corruptAt(2_900_000));
        try (RawClient engine = intercepted()) {
            RawClient.Reply blob = engine.get("/v2/a/b/blobs/" + digest).reply();

            assertThat(blob.whole()).isFalse();
            assertThat(engine.ended()).isTrue();
        }
    }

    @Test
    void pullsByAbsoluteRequestsToRegistriesWithoutTls() throws Exception {
        try (var engine = new RawClient(port)) {
            assertThat(engine.get(ORIGIN + "/v2/a/b/blobs/" + digest).reply().body())
                    .isEqualTo(layer);
        }
    }

    @Test
    void tellsOfABlobWhatTheRepositoryHoldsUpstreamAndNotWhatIsStored() throws Exception {
        try (var engine = new RawClient(port)) {
            assertThat(engine.get(ORIGIN + "/v2/a/b/blobs/" + digest).reply().body())
                    .hasSize(layer.length);
            host.registry.always("/v2/a/b/blobs/", Fault.status(404));

            assertThat(engine.request("HEAD", ORIGIN + "/v2/a/b/blobs/" + digest)
                            .reply(true)
                            .status())
                    .isEqualTo(404);
        }
    }

    @Test
    void pushesByChunksAndGetsLocationsByItsOwnNameOfTheRegistry() throws Exception {
        var heads = new AtomicReference<>("");
        script = connection -> {
            for (int i = 0; i < 3; i++) {
                String head = connection.head();
                heads.updateAndGet(before -> before + head);
                if (head.startsWith("PATCH")) {
                    String body = chunked(connection);
                    heads.updateAndGet(before -> before + body);
                }
                int own = connection.socket().getLocalPort();
                connection.write("HTTP/1.1 202 Accepted\r\nLocation: http://127.0.0.1:" + own
                        + "/under/v2/a/b/blobs/uploads/u?_state=a%2Bb\r\nRange: 0-9\r\nContent-Length: 0\r\n\r\n");
            }
        };
        try (var engine = new RawClient(port)) {
            RawClient.Reply begun = engine.request(
                            "POST", "http://under.test/v2/a/b/blobs/uploads/?mount=x&from=c/d", "Content-Length: 0")
                    .reply();
            assertThat(begun.status()).isEqualTo(202);
            assertThat(begun.header("Location")).isEqualTo("http://under.test/v2/a/b/blobs/uploads/u?_state=a%2Bb");
            assertThat(begun.header("Range")).isEqualTo("0-9");

            engine.request("PATCH", "http://under.test/v2/a/b/blobs/uploads/u", "Transfer-Encoding: chunked");
            engine.write("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n".getBytes(UTF_8));
            assertThat(engine.reply().status()).isEqualTo(202);

            assertThat(engine.request("DELETE", "http://under.test/v2/a/b/manifests/1")
                            .reply()
                            .status())
                    .isEqualTo(202);
        }
        assertThat(raw.accepted()).isEqualTo(1);
        assertThat(heads.get())
                .contains("POST /under/v2/a/b/blobs/uploads/?mount=x&from=c/d HTTP/1.1")
                .contains("hello world")
                .contains("DELETE /under/v2/a/b/manifests/1 HTTP/1.1");
    }

    @Test
    void asksForABodyOnlyOnceTheRegistryHasAskedForIt() throws Exception {
        var asked = new CountDownLatch(1);
        script = connection -> {
            assertThat(connection.head()).containsIgnoringCase("expect: 100-continue");
            asked.await();
            connection.write("HTTP/1.1 100 Continue\r\n\r\n");
            byte[] body = connection.in().readNBytes(5);
            connection.write(
                    "HTTP/1.1 201 Created\r\nX-Got: " + new String(body, UTF_8) + "\r\nContent-Length: 0\r\n\r\n");
        };
        try (var engine = new RawClient(port)) {
            engine.request("PUT", "http://raw.test/v2/a/b/manifests/1", "Content-Length: 5", "Expect: 100-continue");
            asked.countDown();
            assertThat(engine.head().status()).isEqualTo(100);
            engine.write("hello".getBytes(UTF_8));

            RawClient.Reply reply = engine.reply();
            assertThat(reply.status()).isEqualTo(201);
            assertThat(reply.header("X-Got")).isEqualTo("hello");
        }
    }

    @Test
    void tellsARefusalWithoutWaitingForTheBody() throws Exception {
        script = connection -> {
            connection.head();
            connection.write(
                    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"r\"\r\nContent-Length: 0\r\n\r\n");
            connection.in().transferTo(java.io.OutputStream.nullOutputStream());
        };
        for (String[] headers :
                new String[][] {{"Content-Length: 5000000000"}, {"Content-Length: 5", "Expect: 100-continue"}}) {
            try (var engine = new RawClient(port)) {
                RawClient.Reply reply = engine.request("PUT", "http://raw.test/v2/a/b/blobs/uploads/u", headers)
                        .reply();

                assertThat(reply.status()).isEqualTo(401);
                assertThat(reply.header("WWW-Authenticate")).isEqualTo("Basic realm=\"r\"");
                assertThat(reply.header("Connection")).isEqualToIgnoringCase("close");
                assertThat(engine.ended()).isTrue();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT", "PATCH", "DELETE"})
    void neverSendsTwiceWhatMayChangeSomething(String method) throws Exception {
        script = connection -> connection.head();
        try (var engine = new RawClient(port)) {
            RawClient.Reply reply = engine.request(method, "http://raw.test/v2/a/b/blobs/uploads/", "Content-Length: 0")
                    .reply();

            assertThat(reply.status()).isEqualTo(502);
        }
        assertThat(raw.accepted()).isEqualTo(1);
    }

    @Test
    void triesAgainInsideWhatOnlyReadsSinceTheEngineHasNoOtherWay() throws Exception {
        host.registry.next("/v2/a/b/manifests/1.0", Fault.hangUp(), Fault.hangUp(), Fault.status(503));
        try (var engine = new RawClient(port)) {
            assertThat(engine.get(ORIGIN + "/v2/a/b/manifests/1.0").reply().status())
                    .isEqualTo(200);
        }
    }

    @Test
    void relaysTroubleThatStays() throws Exception {
        host.registry.always("/v2/a/b/manifests/1.0", Fault.status(503, Map.of("Retry-After", "7")));
        try (var engine = new RawClient(port)) {
            RawClient.Reply reply = engine.get(ORIGIN + "/v2/a/b/manifests/1.0").reply();

            assertThat(reply.status()).isEqualTo(503);
            assertThat(reply.header("Retry-After")).isEqualTo("7");
        }
    }

    @Test
    void findsABlobAtOnceThatWasPushedAfterItHadBeenMissing() throws Exception {
        byte[] fresh = Host.content(1000);
        try (var engine = new RawClient(port)) {
            String blob = ORIGIN + "/v2/a/b/blobs/" + Digest.sha256(fresh);
            assertThat(engine.get(blob).reply().status()).isEqualTo(404);
            host.registry.blob("a/b", fresh);
            assertThat(engine.request("PUT", ORIGIN + "/v2/a/b/manifests/2", "Content-Length: 0")
                            .reply()
                            .status())
                    .isPositive();

            assertThat(engine.get(blob).reply().body()).isEqualTo(fresh);
        }
    }

    @Test
    void passesOnToHostsThatAreNoUpstreams() throws Exception {
        host.local.add("token.test");
        try (var server = new RawServer(connection -> {
                    String head = connection.head();
                    connection.write("HTTP/1.1 200 OK\r\nX-Head: " + head.replaceAll("\r\n", "|")
                            + "\r\nProxy-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nok");
                    connection.head();
                });
                var engine = new RawClient(port)) {
            RawClient.Reply reply = engine.get(
                            "http://token.test:" + server.port() + "/token?scope=a%3Ab",
                            "Authorization: Basic abc",
                            "Proxy-Authorization: Basic secret",
                            "Proxy-Connection: keep-alive")
                    .reply();

            assertThat(reply.text()).isEqualTo("ok");
            assertThat(reply.header("X-Head"))
                    .startsWith("GET /token?scope=a%3Ab HTTP/1.1|")
                    .containsIgnoringCase("host: token.test:" + server.port() + "|")
                    .containsIgnoringCase("authorization: Basic abc|")
                    .doesNotContainIgnoringCase("proxy-");
            assertThat(reply.headers("Proxy-Authenticate")).isEmpty();
        }
    }

    /** What an engine has for the registry is nothing for whoever has a layer; the registry says what it has not. */
    @Test
    void leavesForeignLayersToTheHostsThatHaveThem() throws Exception {
        host.local.add("foreign.test");
        byte[] foreign = Host.content(1000);
        try (var server = new RawServer(connection -> {
                    String head = connection.head();
                    connection.write("HTTP/1.1 200 OK\r\nX-Head: " + head.replaceAll("\r\n", "|")
                            + "\r\nContent-Length: " + foreign.length + "\r\n\r\n");
                    connection.out().write(foreign);
                    connection.head();
                });
                var engine = new RawClient(port)) {
            String url = "http://foreign.test:" + server.port() + "/layer";
            host.registry.manifest(
                    "a/b",
                    "foreign",
                    TYPE,
                    "{\"layers\":[{\"mediaType\":\"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip\",\"size\":%d,\"digest\":\"%s\",\"urls\":[\"%s\"]}]}"
                            .formatted(foreign.length, Digest.sha256(foreign), url)
                            .getBytes(UTF_8));
            String credential = "Authorization: Basic abc";
            assertThat(engine.get(ORIGIN + "/v2/a/b/manifests/foreign", credential)
                            .reply()
                            .status())
                    .isEqualTo(200);

            RawClient.Reply atRegistry = engine.get(ORIGIN + "/v2/a/b/blobs/" + Digest.sha256(foreign), credential)
                    .reply();
            assertThat(atRegistry.status()).isEqualTo(404);
            assertThat(atRegistry.text()).contains("BLOB_UNKNOWN");

            RawClient.Reply atForeign = engine.get(url).reply();
            assertThat(atForeign.body()).isEqualTo(foreign);
            assertThat(atForeign.header("X-Head"))
                    .startsWith("GET /layer HTTP/1.1|")
                    .doesNotContainIgnoringCase("authorization");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"http://127.0.0.1:6463/metrics", "http://169.254.169.254/latest/", "http://[::1]/", "http://0/"})
    void passesNothingOnToThisHostItself(String target) throws Exception {
        try (var engine = new RawClient(port)) {
            RawClient.Reply reply = engine.get(target).reply();

            assertThat(reply.status()).isEqualTo(403);
            assertThat(reply.text()).contains("DENIED");
        }
    }

    @Test
    void sendsAWholeBodyToARegistryThatReadsSlowly() throws Exception {
        byte[] body = Host.content(8_000_000);
        script = connection -> {
            connection.head();
            byte[] got = connection.in().readNBytes(body.length);
            connection.write("HTTP/1.1 201 Created\r\nX-Got: " + Digest.sha256(got) + "\r\nContent-Length: 0\r\n\r\n");
        };
        try (RawClient engine = intercepted("raw.test:443")) {
            engine.request("PUT", "/v2/a/b/blobs/uploads/u?digest=x", "Content-Length: " + body.length);
            engine.write(body);

            RawClient.Reply reply = engine.reply();
            assertThat(reply.status()).isEqualTo(201);
            assertThat(reply.header("X-Got")).isEqualTo(Digest.sha256(body).toString());
        }
    }

    @Test
    void breaksAPushOffWhenTheEngineDoes() throws Exception {
        var end = new AtomicReference<Throwable>();
        var begun = new CountDownLatch(1);
        var over = new CountDownLatch(1);
        script = connection -> {
            connection.head();
            begun.countDown();
            try {
                if (connection.in().readNBytes(100).length < 100) {
                    throw new EOFException();
                }
            } catch (IOException e) {
                end.set(e);
            } finally {
                over.countDown();
            }
        };
        try (var engine = new RawClient(port)) {
            engine.request("PUT", "http://raw.test/v2/a/b/blobs/uploads/u", "Content-Length: 100");
            engine.write(new byte[50]);
            begun.await();
        }
        over.await();
        assertThat(end.get()).isInstanceOf(IOException.class);
    }

    @Test
    void trustsNobodyElseThanTheAuthority() throws Exception {
        try (var engine = new RawClient(port)) {
            engine.connect(Host.UPSTREAM + ":443");
            CertificateAuthority other = CertificateAuthority.of(
                    java.nio.file.Files.createDirectory(directory.resolve("other")), InstantSource.system());
            assertThatThrownBy(() -> engine.secure(other.certificate(), Host.UPSTREAM))
                    .isInstanceOf(IOException.class);
        }
    }

    private RawClient intercepted() throws IOException {
        return intercepted(Host.UPSTREAM + ":443");
    }

    private RawClient intercepted(String to) throws IOException {
        var engine = new RawClient(port);
        assertThat(engine.connect(to).status()).isEqualTo(200);
        return engine.secure(host.authority.join().certificate(), to.substring(0, to.indexOf(':')));
    }

    private static String chunked(RawServer.Connection connection) throws IOException {
        var body = new StringBuilder();
        while (true) {
            var line = new StringBuilder();
            while (line.indexOf("\r\n") < 0) {
                line.append((char) connection.in().read());
            }
            int size = Integer.parseInt(line.toString().strip(), 16);
            body.append(new String(connection.in().readNBytes(size), UTF_8));
            connection.in().readNBytes(2);
            if (size == 0) {
                return body.toString();
            }
        }
    }
}
