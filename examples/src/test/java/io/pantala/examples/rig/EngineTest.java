package io.pantala.examples.rig;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import io.pantala.examples.rig.Engine.Use;
import io.pantala.manifest.Digest;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EngineTest {
    private static final byte[] BODY = "the bytes of a blob".getBytes(US_ASCII);
    private static final Digest DIGEST = Digest.sha256(BODY);

    private ServerSocketChannel registry;

    @BeforeEach
    void listen() throws Exception {
        registry = Site.here().listen(0);
    }

    @AfterEach
    void close() throws IOException {
        registry.close();
    }

    @Test
    void countsAndVerifiesWhatComes() throws Exception {
        answer("HTTP/1.1 200 OK\r\nContent-Length: " + BODY.length + "\r\n\r\n", BODY);

        Engine.Pulled pulled = engine().blob("some/image", DIGEST, Use.VERIFY);

        assertThat(pulled.bytes()).isEqualTo(BODY.length);
        assertThat(pulled.headers()).isPositive().isLessThanOrEqualTo(pulled.firstByte());
        assertThat(pulled.firstByte()).isLessThanOrEqualTo(pulled.all());
    }

    @Test
    void tellsWrongBytes() throws Exception {
        answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "abc".getBytes(US_ASCII));

        assertThatIOException()
                .isThrownBy(() -> engine().blob("some/image", DIGEST, Use.VERIFY))
                .withMessageContaining("wrong bytes");
    }

    @Test
    void tellsABodyThatEndsEarly() throws Exception {
        answer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", BODY);

        assertThatIOException()
                .isThrownBy(() -> engine().blob("some/image", DIGEST, Use.COUNT))
                .withMessageContaining((100 - BODY.length) + " bytes early");
    }

    @Test
    void tellsARefusal() throws Exception {
        answer("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", new byte[0]);

        assertThatIOException()
                .isThrownBy(() -> engine().blob("some/image", DIGEST, Use.COUNT))
                .withMessageContaining("503");
    }

    @Test
    void doesNotWaitForEverForBytes() throws Exception {
        answer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", BODY, false);

        try (EngineConnection connection = EngineConnection.open(
                Site.here(), (InetSocketAddress) registry.getLocalAddress(), Duration.ofMillis(50))) {
            assertThat(connection.get("/", Map.of()).length()).isEqualTo(100);
            assertThatIOException()
                    .isThrownBy(() -> {
                        while (connection.next() != null) {
                            // until it stands still
                        }
                    })
                    .withMessageContaining("nothing came");
        }
    }

    private Engine engine() throws IOException {
        return new Engine(Site.here(), (InetSocketAddress) registry.getLocalAddress(), "docker.io");
    }

    private void answer(String head, byte[] body) {
        answer(head, body, true);
    }

    /** Answers one request, in two parts. */
    private void answer(String head, byte[] body, boolean close) {
        Thread.ofVirtual().start(() -> {
            try {
                SocketChannel engine = registry.accept();
                engine.read(ByteBuffer.allocate(4096));
                engine.write(ByteBuffer.wrap(head.getBytes(US_ASCII)));
                engine.write(ByteBuffer.wrap(body));
                if (close) {
                    engine.close();
                }
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
    }
}
