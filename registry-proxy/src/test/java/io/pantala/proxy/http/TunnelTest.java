package io.pantala.proxy.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.intercept.Authority;
import io.pantala.proxy.intercept.CertificateAuthority;
import io.pantala.proxy.intercept.ConnectConfig;
import io.pantala.proxy.intercept.ConnectListener;
import io.pantala.proxy.intercept.Connects;
import io.pantala.proxy.intercept.Destinations;
import io.pantala.registry.Upstreams;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** CONNECT, up to what is behind it. */
@Timeout(60)
@SuppressWarnings("NullAway.Init")
class TunnelTest implements ConnectListener {
    private static final UpstreamName REGISTRY = UpstreamName.parse("registry.test");
    private static final int OWN_PORT = 9;

    @TempDir
    private Path directory;

    private final CompletableFuture<CertificateAuthority> authority = new CompletableFuture<>();
    private final ConcurrentLinkedQueue<String> refusals = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<String> closed = new ConcurrentLinkedQueue<>();
    private final AtomicInteger intercepted = new AtomicInteger();
    private final AtomicInteger distrusted = new AtomicInteger();
    private Vertx vertx;
    private ProxyServer proxy;

    @BeforeEach
    void prepare() throws IOException {
        vertx = Vertx.vertx();
        start(ConnectConfig.DEFAULT);
    }

    @AfterEach
    void stop() throws Exception {
        proxy.close();
        vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }

    @Test
    void carriesBytesBothWaysAsTheyAre() throws Exception {
        byte[] bytes = new byte[5_000_003];
        new Random(1).nextBytes(bytes);
        try (var echo = new RawServer(connection -> connection.in().transferTo(connection.out()));
                var engine = new RawClient(proxy.port())) {
            RawClient.Reply connected = engine.connect("place.test:" + echo.port());

            assertThat(connected.status()).isEqualTo(200);
            assertThat(connected.headers()).isEmpty();
            Thread.ofVirtual().start(() -> {
                try {
                    engine.write(bytes);
                    engine.endOutput();
                } catch (IOException e) {
                    // Shows in what comes back.
                }
            });
            assertThat(engine.read(bytes.length)).isEqualTo(bytes);
            assertThat(engine.ended()).isTrue();
        }
        await().untilAsserted(() -> assertThat(closed)
                .singleElement()
                .asString()
                .endsWith("sent=" + bytes.length + " received=" + bytes.length));
    }

    @Test
    void leavesTheOtherDirectionOpenWhenOneHasEnded() throws Exception {
        try (var server = new RawServer(connection -> {
                    byte[] all = connection.in().readAllBytes();
                    connection.write("after your end: " + all.length);
                });
                var engine = new RawClient(proxy.port())) {
            engine.connect("place.test:" + server.port());
            engine.write(new byte[1000]);
            engine.endOutput();

            assertThat(new String(engine.read("after your end: 1000".length()), UTF_8))
                    .isEqualTo("after your end: 1000");
            assertThat(engine.ended()).isTrue();
        }
    }

    @Test
    void letsAServerSpeakFirst() throws Exception {
        try (var server = new RawServer(connection -> {
                    connection.write("220 hello");
                    connection.in().read();
                });
                var engine = new RawClient(proxy.port())) {
            engine.connect("place.test:" + server.port());

            assertThat(new String(engine.read(9), UTF_8)).isEqualTo("220 hello");
        }
    }

    @Test
    void answersHttp10AsWell() throws Exception {
        try (var echo = new RawServer(connection -> connection.in().transferTo(connection.out()));
                var engine = new RawClient(proxy.port())) {
            assertThat(engine.send("CONNECT place.test:" + echo.port() + " HTTP/1.0")
                            .head()
                            .status())
                    .isEqualTo(200);
            engine.write(new byte[] {7});

            assertThat(engine.read(1)).containsExactly(7);
        }
    }

    @Test
    void followsARequestOnTheSameConnection() throws Exception {
        try (var echo = new RawServer(connection -> connection.in().transferTo(connection.out()));
                var engine = new RawClient(proxy.port())) {
            assertThat(engine.get("/v2/").reply().status()).isEqualTo(200);
            assertThat(engine.connect("place.test:" + echo.port()).status()).isEqualTo(200);
            engine.write(new byte[] {7});

            assertThat(engine.read(1)).containsExactly(7);
        }
    }

    @Test
    void takesNoMoreThanIsTakenFromIt() throws Exception {
        var sent = new AtomicLong();
        try (var server = new RawServer(connection -> {
                    connection.in().read();
                    pour(connection.out(), sent);
                });
                var engine = new RawClient(proxy.port(), 32 << 10)) {
            engine.connect("place.test:" + server.port());
            engine.write(new byte[] {1});

            await().during(Duration.ofMillis(500))
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> {
                        long before = sent.get();
                        Thread.sleep(100);
                        return sent.get() == before && before > 0;
                    });
            // What fits into the sockets' buffers, and little more.
            assertThat(sent).hasValueLessThan(32L << 20);
            long stalled = sent.get();
            engine.read(16 << 20);
            assertThat(sent).hasValueGreaterThan(stalled);
        }
    }

    @Test
    void passesAResetOn() throws Exception {
        try (var server = new RawServer(connection -> {
                    connection.in().read();
                    connection.socket().setSoLinger(true, 0);
                });
                var engine = new RawClient(proxy.port())) {
            engine.connect("place.test:" + server.port());
            engine.write(new byte[] {1});

            assertThatThrownBy(engine::ended).isInstanceOf(SocketException.class);
        }
    }

    @Test
    void endsWhenNothingMovesForLong() throws Exception {
        restart(new ConnectConfig(
                10, Duration.ofSeconds(5), Duration.ofMillis(200), Duration.ofSeconds(5), Duration.ofSeconds(5)));
        try (var server = new RawServer(connection -> connection.in().read());
                var engine = new RawClient(proxy.port())) {
            engine.connect("place.test:" + server.port());

            assertThat(engine.ended()).isTrue();
        }
    }

    @Test
    void opensNoMoreThanItMay() throws Exception {
        restart(new ConnectConfig(
                1, Duration.ofSeconds(5), Duration.ofMinutes(1), Duration.ofSeconds(5), Duration.ofSeconds(5)));
        try (var server = new RawServer(connection -> connection.in().read())) {
            try (var first = new RawClient(proxy.port());
                    var second = new RawClient(proxy.port())) {
                assertThat(first.connect("place.test:" + server.port()).status())
                        .isEqualTo(200);
                assertThat(second.connect("place.test:" + server.port()).status())
                        .isEqualTo(503);
            }
            await().untilAsserted(() -> {
                try (var third = new RawClient(proxy.port())) {
                    assertThat(third.connect("place.test:" + server.port()).status())
                            .isEqualTo(200);
                }
            });
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.1:22",
                "127.8.9.1:22",
                "[::1]:22",
                "[::ffff:127.0.0.1]:22",
                "0.0.0.0:22",
                "[::]:22",
                "169.254.169.254:80",
                "[fe80::1]:80",
                "224.0.0.1:80",
                "2130706433:80",
                "looped.test:22",
                "place.test:" + OWN_PORT
            })
    void leadsNobodyToThisHostItself(String to) throws Exception {
        try (var engine = new RawClient(proxy.port())) {
            RawClient.Reply reply = engine.connect(to);

            assertThat(reply.status()).isEqualTo(403);
            assertThat(reply.header("Content-Type")).isEqualTo("application/json");
        }
        assertThat(refusals).singleElement().asString().startsWith("403");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/", "place.test:0", "place.test:70000", "http://place.test:1", "a@place.test:1", "*"})
    void refusesWhatIsNoHostAndPort(String to) throws Exception {
        try (var engine = new RawClient(proxy.port())) {
            assertThat(engine.connect(to).status()).isEqualTo(400);
        }
    }

    @Test
    void saysWhenAPlaceCantBeReached() throws Exception {
        int port;
        try (var gone = new RawServer(_ -> {})) {
            port = gone.port();
        }
        try (var engine = new RawClient(proxy.port());
                var other = new RawClient(proxy.port())) {
            assertThat(engine.connect("place.test:" + port).status()).isEqualTo(502);
            assertThat(other.connect("unknown.test:443").status()).isEqualTo(502);
        }
    }

    @Test
    void tunnelsWhatBeginsOtherwiseThanTls() throws Exception {
        trust();
        try (var server = new RawServer(connection -> connection.write("got " + connection.head()));
                var engine = new RawClient(proxy.port())) {
            engine.connect("registry.test:" + server.port());
            engine.get("/v2/");

            assertThat(new String(engine.read(20), UTF_8)).isEqualTo("got GET /v2/ HTTP/1.");
        }
        assertThat(intercepted).hasValue(0);
    }

    @Test
    void tunnelsWhatDoesNotBeginAtAll() throws Exception {
        trust();
        restart(new ConnectConfig(
                10, Duration.ofSeconds(5), Duration.ofMinutes(1), Duration.ofMillis(100), Duration.ofSeconds(5)));
        try (var server = new RawServer(connection -> {
                    connection.write("220 hello");
                    connection.in().read();
                });
                var engine = new RawClient(proxy.port())) {
            engine.connect("registry.test:" + server.port());

            assertThat(new String(engine.read(9), UTF_8)).isEqualTo("220 hello");
        }
    }

    @Test
    void tunnelsToAnUpstreamWhenThereIsNoAuthority() throws Exception {
        authority.completeExceptionally(new IOException("no disk"));
        try (var echo = new RawServer(connection -> connection.in().transferTo(connection.out()));
                var engine = new RawClient(proxy.port())) {
            engine.connect("registry.test:" + echo.port());
            engine.write(new byte[] {0x16, 3, 1, 0});

            assertThat(engine.read(4)).containsExactly(0x16, 3, 1, 0);
        }
    }

    @Test
    void speaksTlsAsTheHostOfConnectAndAsTheOneThatTlsNames() throws Exception {
        trust();
        for (String host : List.of("registry.test", "127.0.0.1", "named-in-tls.test")) {
            try (var engine = new RawClient(proxy.port())) {
                String to = host.startsWith("named") ? "registry.test" : host;
                assertThat(engine.connect(to + ":1").status()).isEqualTo(200);
                try (var secure = engine.secure(authority.join().certificate(), host)) {
                    assertThat(secure.get("/v2/").reply().status()).isEqualTo(200);
                    assertThat(secure.get("/v2/").reply().status()).isEqualTo(200);
                }
            }
        }
        assertThat(intercepted).hasValue(3);
    }

    @Test
    void hearsOfEnginesThatDoNotTrustIt() throws Exception {
        trust();
        CertificateAuthority another = CertificateAuthority.of(
                java.nio.file.Files.createDirectory(directory.resolve("x")), InstantSource.system());
        try (var engine = new RawClient(proxy.port())) {
            engine.connect("registry.test:1");

            assertThatThrownBy(() -> engine.secure(another.certificate(), "registry.test"))
                    .isInstanceOf(IOException.class);
        }
        await().untilAsserted(() -> assertThat(distrusted).hasValue(1));
    }

    @Test
    void refusesConnectInsideOfConnect() throws Exception {
        trust();
        try (var engine = new RawClient(proxy.port())) {
            engine.connect("registry.test:1");
            try (var secure = engine.secure(authority.join().certificate(), "registry.test")) {
                assertThat(secure.connect("registry.test:1").status()).isEqualTo(400);
            }
        }
    }

    @Test
    void letsTunnelsEndBeforeItCloses() throws Exception {
        var release = new CountDownLatch(1);
        Thread closing = Thread.ofVirtual().unstarted(() -> proxy.close());
        try (var server = new RawServer(connection -> {
                    connection.in().read();
                    release.await();
                    connection.write("late");
                });
                var engine = new RawClient(proxy.port())) {
            engine.connect("place.test:" + server.port());
            engine.write(new byte[] {1});
            closing.start();
            await().until(() -> refuses(proxy.port()));
            release.countDown();

            assertThat(new String(engine.read(4), UTF_8)).isEqualTo("late");
            assertThat(engine.ended()).isTrue();
        }
        closing.join();
    }

    private void trust() throws IOException {
        authority.complete(CertificateAuthority.of(directory, InstantSource.system()));
    }

    private static void pour(OutputStream out, AtomicLong sent) throws IOException {
        byte[] chunk = new byte[64 << 10];
        while (sent.get() < 1L << 30) {
            out.write(chunk);
            sent.addAndGet(chunk.length);
        }
    }

    private static boolean refuses(int port) {
        try (var _ = new RawClient(port)) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    private void restart(ConnectConfig config) throws IOException {
        proxy.close();
        start(config);
    }

    private void start(ConnectConfig config) throws IOException {
        var destinations = new Destinations(
                to -> to.host().equals("place.test") || isRegistry(to), port -> port == OWN_PORT, TunnelTest::resolve);
        proxy = ProxyServer.start(
                vertx,
                new ProxyConfig(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        REGISTRY,
                        _ -> false,
                        Access.open(),
                        Duration.ofMinutes(1),
                        Duration.ofSeconds(10),
                        10),
                new Upstreams(List.of()),
                new Connects(
                        to -> isRegistry(to) ? Optional.of(REGISTRY) : Optional.empty(),
                        authority,
                        destinations,
                        config,
                        this),
                (_, exchange) -> exchange.reply(200, List.of(), new byte[0]),
                RequestListener.NONE);
    }

    /** Port 1 of a loopback address stands for one that is configured. */
    private static boolean isRegistry(Authority to) {
        return to.host().equals("registry.test") || to.equals(new Authority("127.0.0.1", 1));
    }

    private static InetAddress[] resolve(String host) throws UnknownHostException {
        return switch (host) {
            case "place.test", "registry.test", "looped.test" -> new InetAddress[] {InetAddress.getLoopbackAddress()};
            case "unknown.test" -> throw new UnknownHostException(host);
            default -> InetAddress.getAllByName(host);
        };
    }

    @Override
    public void intercepted(UpstreamName upstream) {
        intercepted.incrementAndGet();
    }

    @Override
    public void distrusted(UpstreamName upstream, String why) {
        distrusted.incrementAndGet();
    }

    @Override
    public void closed(Authority to, long sent, long received, Duration took) {
        closed.add(to + " sent=" + sent + " received=" + received);
    }

    @Override
    public void refused(int status, String why) {
        refusals.add(status + " " + why);
    }
}
