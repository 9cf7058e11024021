package io.pantala.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.intercept.ConnectConfig;
import io.pantala.proxy.intercept.ConnectListener;
import io.pantala.proxy.intercept.Connects;
import io.pantala.proxy.intercept.Destinations;
import io.pantala.registry.Upstreams;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.bouncycastle.crypto.generators.OpenBSDBCrypt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
@SuppressWarnings("NullAway.Init")
class AccessTest {
    private static final String RIGHT = "Basic " + base64("someone:right");
    private static final String WRONG = "Basic " + base64("someone:wrong");

    @TempDir
    private Path directory;

    private final ConcurrentLinkedQueue<String> credentials = new ConcurrentLinkedQueue<>();
    private Vertx vertx;
    private ProxyServer proxy;

    @BeforeEach
    void start() {
        vertx = Vertx.vertx();
    }

    @AfterEach
    void stop() throws Exception {
        if (proxy != null) {
            proxy.close();
        }
        vertx.close().await(10, TimeUnit.SECONDS);
    }

    @Test
    void takesRequestsFromItsNetworksAlone() throws Exception {
        start(new Access(List.of(Access.network("10.0.0.0/8"), Access.network("fd00::/8")), Optional.empty()));
        try (var engine = new RawClient(proxy.port())) {
            assertThat(engine.get("/v2/").reply().status()).isEqualTo(403);
            assertThat(engine.get("http://docker.io/v2/").reply().status()).isEqualTo(403);
            assertThat(engine.connect("docker.io:443").status()).isEqualTo(403);
        }
        proxy.close();
        start(new Access(List.of(Access.network("10.0.0.0/8"), Access.network("127.0.0.0/8")), Optional.empty()));
        try (var engine = new RawClient(proxy.port())) {
            assertThat(engine.get("/v2/").reply().status()).isEqualTo(200);
        }
    }

    @Test
    void asksWhoUsesItAsAProxyForTheirProxyCredential() throws Exception {
        start(users());
        try (var server = new RawServer(connection -> connection.in().transferTo(connection.out()));
                var engine = new RawClient(proxy.port())) {
            String place = "place.test:" + server.port();
            for (String[] headers :
                    new String[][] {{}, {"Proxy-Authorization: " + WRONG}, {"Authorization: " + RIGHT}}) {
                RawClient.Reply refused = engine.connect(place, headers);
                assertThat(refused.status()).isEqualTo(407);
                assertThat(refused.header("Proxy-Authenticate")).isEqualTo("Basic realm=\"pantala\"");
                engine.read(Integer.parseInt(String.valueOf(refused.header("Content-Length"))));
            }
            assertThat(engine.get("http://docker.io/v2/").reply().status()).isEqualTo(407);
            assertThat(engine.get("http://docker.io/v2/", "Proxy-Authorization: " + RIGHT, "Authorization: Bearer x")
                            .reply()
                            .status())
                    .isEqualTo(200);
            assertThat(credentials).containsExactly("Bearer x");
            assertThat(engine.connect(place, "Proxy-Authorization: " + RIGHT).status())
                    .isEqualTo(200);
        }
    }

    @Test
    void asksWhoUsesItAsAMirrorAndKeepsThatCredentialFromTheRegistry() throws Exception {
        start(users());
        try (var engine = new RawClient(proxy.port())) {
            RawClient.Reply refused = engine.get("/v2/").reply();
            assertThat(refused.status()).isEqualTo(401);
            assertThat(refused.header("WWW-Authenticate")).isEqualTo("Basic realm=\"pantala\"");
            assertThat(engine.get("/v2/", "Authorization: " + WRONG).reply().status())
                    .isEqualTo(401);
            for (int i = 0; i < 3; i++) {
                assertThat(engine.get("/v2/", "Authorization: " + RIGHT).reply().status())
                        .isEqualTo(200);
            }
            assertThat(credentials).containsExactly("none", "none", "none");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"someone", "someone:plain", "someone:{SHA}x", ":$2y$05$abc", "", "# nobody"})
    void saysWhatIsWrongWithAFileOfUsers(String content) throws IOException {
        Path file = Files.writeString(directory.resolve("users"), content);

        assertThatThrownBy(() -> Users.read(file))
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .matches("line 1 is not NAME:HASH as htpasswd -B writes it \\(bcrypt\\)|names no user")
                .doesNotContain("plain");
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.0", "10.0.0.0/33", "x/8", "/8", "10.0.0.0/-1", ""})
    void saysWhatIsWrongWithANetwork(String text) {
        assertThatThrownBy(() -> Access.network(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("must read address/bits");
    }

    private Access users() throws IOException {
        String hash = OpenBSDBCrypt.generate("2y", "right".toCharArray(), new byte[16], 4);
        Path file = Files.writeString(directory.resolve("users"), "# ours\n\nsomeone:" + hash + "\n");
        return new Access(List.of(), Optional.of(Users.read(file)));
    }

    private void start(Access access) throws IOException {
        var destinations = new Destinations(to -> to.host().equals("place.test"), _ -> false, _ ->
                new InetAddress[] {InetAddress.getLoopbackAddress()});
        proxy = ProxyServer.start(
                vertx,
                new ProxyConfig(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        UpstreamName.DOCKER_HUB,
                        _ -> false,
                        access,
                        Duration.ofMinutes(1),
                        Duration.ZERO,
                        10),
                new Upstreams(Upstreams.WELL_KNOWN),
                new Connects(
                        _ -> Optional.empty(),
                        new CompletableFuture<>(),
                        destinations,
                        ConnectConfig.DEFAULT,
                        ConnectListener.NONE),
                (_, exchange) -> {
                    String credential = exchange.authorization().header();
                    credentials.add(credential == null ? "none" : credential);
                    exchange.reply(200, List.of(), new byte[0]);
                },
                RequestListener.NONE);
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }
}
