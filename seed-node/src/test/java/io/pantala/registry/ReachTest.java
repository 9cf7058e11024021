package io.pantala.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pantala.manifest.UpstreamName;
import io.pantala.swarm.Authorization;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLServerSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Registries that are not reached straight, or not by everyone. */
@Timeout(60)
@SuppressWarnings("NullAway.Init")
class ReachTest {
    private static final UpstreamName NAME = UpstreamName.parse("registry.test");

    @TempDir
    private Path directory;

    private final ConcurrentLinkedQueue<String> heads = new ConcurrentLinkedQueue<>();
    private Vertx vertx;

    @BeforeEach
    void start() {
        vertx = Vertx.vertx();
    }

    @AfterEach
    void stop() throws Exception {
        vertx.close().await(10, TimeUnit.SECONDS);
    }

    @Test
    void asksAProxyForARegistryWithoutTls() throws Exception {
        try (ServerSocket proxy = serve(listen(), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) {
            Reach reach = through("http://me:p%40ss@127.0.0.1:" + proxy.getLocalPort());

            assertThat(get(URI.create("http://registry.invalid"), reach)).isEqualTo("ok");
            assertThat(heads.element())
                    .startsWith("GET http://registry.invalid/v2/ HTTP/1.1\n")
                    .containsIgnoringCase("Proxy-Authorization: Basic bWU6cEBzcw==");
        }
    }

    @Test
    void asksAProxyToBeConnectedWithARegistryBehindTls() throws Exception {
        try (ServerSocket proxy = serve(listen(), "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")) {
            Reach reach = through("http://127.0.0.1:" + proxy.getLocalPort());

            assertThatThrownBy(() -> get(URI.create("https://registry.invalid"), reach))
                    .isInstanceOf(UpstreamException.class);
            assertThat(heads.element()).startsWith("CONNECT registry.invalid:443 HTTP/1.");
        }
    }

    @Test
    void showsItsCertificateToARegistryThatAsksForIt() throws Exception {
        Path certificate = Files.writeString(directory.resolve("certificate.pem"), SelfSigned.pem());
        Path key = Files.writeString(directory.resolve("key.pem"), SelfSigned.keyPem());
        var server = (SSLServerSocket)
                SelfSigned.serverSockets().createServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"));
        server.setNeedClientAuth(true);
        try (ServerSocket registry = serve(server, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) {
            URI url = URI.create("https://localhost:" + registry.getLocalPort());
            var known = new Reach(
                    Optional.of(certificate),
                    Optional.of(new Reach.ClientCertificate(certificate, key)),
                    Optional.empty());
            var unknown = new Reach(Optional.of(certificate), Optional.empty(), Optional.empty());

            assertThat(get(url, known)).isEqualTo("ok");
            assertThatThrownBy(() -> get(url, unknown)).isInstanceOf(UpstreamException.class);
        }
    }

    @Test
    void keepsItsCertificateFromWhereARegistryRedirectsTo() throws Exception {
        Path certificate = Files.writeString(directory.resolve("certificate.pem"), SelfSigned.pem());
        Path key = Files.writeString(directory.resolve("key.pem"), SelfSigned.keyPem());
        var server = (SSLServerSocket)
                SelfSigned.serverSockets().createServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"));
        server.setNeedClientAuth(true);
        try (ServerSocket storage = serve(server, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                ServerSocket registry = serve(
                        listen(),
                        "HTTP/1.1 307 There\r\nLocation: https://localhost:" + storage.getLocalPort()
                                + "/x\r\nContent-Length: 0\r\n\r\n")) {
            var reach = new Reach(
                    Optional.of(certificate),
                    Optional.of(new Reach.ClientCertificate(certificate, key)),
                    Optional.empty());

            assertThatThrownBy(() -> get(URI.create("http://127.0.0.1:" + registry.getLocalPort()), reach))
                    .isInstanceOf(UpstreamException.class);
        }
    }

    @Test
    void saysWhichFileCantBeUsed() throws Exception {
        Path none = Files.writeString(directory.resolve("none.pem"), "x");
        var reach = new Reach(Optional.empty(), Optional.of(new Reach.ClientCertificate(none, none)), Optional.empty());

        assertThatThrownBy(() -> get(URI.create("https://localhost:1"), reach))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no certificate in PEM in " + none);
        assertThatThrownBy(() -> through("ftp://127.0.0.1:1")).isInstanceOf(IllegalArgumentException.class);
        assertThat(through("http://me:secret@127.0.0.1:1").toString()).doesNotContain("secret");
    }

    private static Reach through(String proxy) {
        return new Reach(Optional.empty(), Optional.empty(), Optional.of(URI.create(proxy)));
    }

    private String get(URI url, Reach reach) throws IOException {
        try (var client = new RegistryClient(
                        vertx,
                        new Upstreams(List.of(new Upstream(NAME, url, reach))),
                        RegistryConfig.DEFAULT,
                        RegistryListener.NONE);
                RegistryResponse response = client.send(new RegistryRequest(
                        NAME, HttpMethod.GET, "/v2/", List.of(), Authorization.ANONYMOUS, "ping"))) {
            return new String(response.readAll(100, RegistryConfig.DEFAULT.bodyIdle()), UTF_8);
        }
    }

    private static ServerSocket listen() throws IOException {
        return new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"));
    }

    private ServerSocket serve(ServerSocket server, String answer) {
        Thread.ofVirtual().name("server").start(() -> {
            try {
                while (true) {
                    Socket connection = server.accept();
                    Thread.ofVirtual().name("connection").start(() -> answer(connection, answer));
                }
            } catch (IOException e) {
                // closed
            }
        });
        return server;
    }

    private void answer(Socket connection, String answer) {
        try (connection) {
            var lines = new BufferedReader(new InputStreamReader(connection.getInputStream(), UTF_8));
            var head = new StringBuilder();
            for (String line = lines.readLine(); line != null && !line.isEmpty(); line = lines.readLine()) {
                head.append(line).append('\n');
            }
            heads.add(head.toString());
            connection.getOutputStream().write(answer.getBytes(UTF_8));
            lines.read();
        } catch (IOException e) {
            // The client has gone, or was not let in.
        }
    }
}
