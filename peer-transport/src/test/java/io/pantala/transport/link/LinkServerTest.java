package io.pantala.transport.link;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pantala.transport.NodeAddress;
import io.pantala.transport.TestCluster;
import io.pantala.transport.identity.Role;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class LinkServerTest {
    /** What a node keeps of those who have proved nothing. */
    private static final int MOST_STRANGERS = 256;

    private static final int FLOOD = 100;

    private final Vertx vertx = Vertx.vertx();
    private final TestCluster cluster = new TestCluster();
    private final AtomicInteger dropped = new AtomicInteger();
    private final List<SocketChannel> flood = new ArrayList<>();
    private LinkServer server;

    /** To it, nobody is on the same machine, unless told otherwise. */
    private void start(Door.Unproven unproven, boolean local) throws IOException {
        Door door = new Door(
                new Door.Rules(unproven, _ -> false, _ -> false, _ -> local, InstantSource.system()),
                new DoorListener() {
                    @Override
                    public void strangerDropped() {
                        dropped.incrementAndGet();
                    }
                });
        server = LinkServer.start(
                vertx,
                new NodeAddress("127.0.0.1", 0),
                Optional.of(cluster.tls(Role.SEED, "seed-1")),
                door,
                1 << 16,
                request -> request.response().end("hello"));
    }

    @AfterEach
    void close() throws Exception {
        closeFlood();
        server.close(Duration.ZERO);
        vertx.close().await(10, SECONDS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "G", "GET / HTTP/1.1\r\nHost: a\r\nX: ", "\u0016\u0003\u0001\u0002\u0000\u0001"})
    void aFloodOfStrangersTakesABoundedNumberOfConnectionsAndNoneOfANode(String beginning) throws Exception {
        start(Door.Unproven.NONE, false);
        try (Socket node = hello(cluster.tls(Role.HOST, "host-1").toSeeds())) {
            assertThat(ask(node)).startsWith("HTTP/1.1 200");

            flood(MOST_STRANGERS + FLOOD, beginning);
            await().untilAsserted(() -> assertThat(dropped).hasValue(FLOOD));
            await().untilAsserted(() -> assertThat(closed()).isEqualTo(FLOOD));

            assertThat(ask(node)).startsWith("HTTP/1.1 200");
            try (Socket another = hello(cluster.tls(Role.HOST, "host-2").toSeeds())) {
                assertThat(ask(another)).startsWith("HTTP/1.1 200");
            }
        }
    }

    @Test
    void whoLeavesMakesRoom() throws Exception {
        start(Door.Unproven.NONE, false);
        for (int round = 0; round < 3; round++) {
            flood(MOST_STRANGERS / 2, "G");
            for (SocketChannel each : flood) {
                each.shutdownOutput();
            }
            await().until(() -> closed() == flood.size());
            closeFlood();
        }
        assertThat(dropped).hasValue(0);
    }

    @Test
    void nobodyIsAStrangerOnTheSameMachineOrInAClusterWithoutTls() throws Exception {
        start(Door.Unproven.LOCAL, true);
        flood(MOST_STRANGERS + FLOOD, "G");
        greet();
        server.close(Duration.ZERO);

        start(Door.Unproven.ALL, false);
        flood(MOST_STRANGERS + FLOOD, "G");
        greet();

        assertThat(dropped).hasValue(0);
    }

    private void greet() throws IOException {
        try (Socket plain = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            assertThat(ask(plain)).startsWith("HTTP/1.1 200");
        }
    }

    @Test
    void olderTlsIsRefused() throws Exception {
        start(Door.Unproven.ALL, true);
        SSLContext context = cluster.tls(Role.HOST, "host-1").toSeeds();
        try (SSLSocket socket =
                (SSLSocket) context.getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.setEnabledProtocols(new String[] {"TLSv1.2"});
            assertThatThrownBy(socket::startHandshake)
                    .isInstanceOf(SSLException.class)
                    .hasMessageContaining("protocol_version");
        }
        try (Socket socket = hello(context)) {
            assertThat(((SSLSocket) socket).getSession().getProtocol()).isEqualTo("TLSv1.3");
        }
    }

    private void flood(int count, String beginning) throws IOException {
        for (int i = 0; i < count; i++) {
            SocketChannel channel =
                    SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
            channel.write(ByteBuffer.wrap(beginning.getBytes(StandardCharsets.ISO_8859_1)));
            channel.configureBlocking(false);
            flood.add(channel);
        }
    }

    private void closeFlood() throws IOException {
        for (SocketChannel each : flood) {
            each.close();
        }
        flood.clear();
    }

    /** How many of the flood the server has closed. */
    private int closed() {
        int closed = 0;
        for (SocketChannel each : flood) {
            try {
                if (each.read(ByteBuffer.allocate(100)) < 0) {
                    closed++;
                }
            } catch (IOException e) {
                closed++;
            }
        }
        return closed;
    }

    private Socket hello(SSLContext tls) throws IOException {
        SSLSocket socket =
                (SSLSocket) tls.getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), server.port());
        socket.startHandshake();
        return socket;
    }

    private static String ask(Socket socket) throws IOException {
        socket.setSoTimeout(20_000);
        socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        InputStream in = socket.getInputStream();
        StringBuilder answer = new StringBuilder();
        while (answer.indexOf("hello") < 0) {
            answer.append((char) in.read());
        }
        return answer.toString();
    }
}
