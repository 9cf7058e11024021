package io.pantala.proxy.node;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.manifest.Digest;
import io.pantala.proxy.config.SeedConfig;
import io.pantala.transport.NodeAddress;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A cluster whose links anyone on the network can read. */
@Timeout(120)
class PlaintextTest {
    private static final String PASSWORD = "Zq7-correct-horse-battery-Xw3";
    private static final String BASIC =
            "Basic " + Base64.getEncoder().encodeToString(("robot:" + PASSWORD).getBytes(ISO_8859_1));
    private static final String SEED_BYTES = "pantala_source_bytes_total{source=\"seed\"}";

    private Fleet fleet;
    private Seed seed;
    private Ear ear;

    @BeforeEach
    void open(@TempDir Path directory) throws Exception {
        fleet = new Fleet(directory);
        seed = fleet.seed(
                new SeedConfig(
                        Fleet.ANY,
                        List.of(),
                        Optional.empty(),
                        Optional.empty(),
                        true,
                        Optional.empty(),
                        fleet.node("seed")),
                Fleet.remote());
        ear = new Ear(seed.listen());
    }

    @AfterEach
    void close() throws Exception {
        ear.close();
        fleet.close();
    }

    @Test
    void anEnginesCredentialStaysOnItsHostWhichFetchesWhatNeedsItItself() throws Exception {
        Host host = fleet.plainHost("host", Fleet.remote(), ear.address());
        fleet.awaitLinks(host, 1);
        byte[] open = fleet.bytes(300_000);
        Digest forAll = fleet.registry.blob(Fleet.REPOSITORY, open);
        assertThat(fleet.pull(host, forAll).body()).isEqualTo(open);
        fleet.awaitFromSeed(host, open.length);

        fleet.registry.requireBasic("robot", PASSWORD);
        byte[] secret = fleet.bytes(300_000);
        Digest forRobots = fleet.registry.blob(Fleet.REPOSITORY, secret);
        assertThat(fleet.pull(host, forRobots, "Authorization", BASIC).body()).isEqualTo(secret);

        assertThat(fleet.metric(host.admin(), SEED_BYTES))
                .as("the seed had no credential")
                .isEqualTo(open.length);
        assertThat(ear.hasHeard(forAll.encoded())).isTrue();
        assertThat(ear.hasHeard(forRobots.encoded())).isTrue();
        assertThat(ear.hasHeard(PASSWORD)).isFalse();
        assertThat(ear.hasHeard(BASIC.substring("Basic ".length()))).isFalse();
    }

    @Test
    void onTheSameMachineTheSeedIsToldTheCredential() throws Exception {
        Host host = fleet.plainHost("host", Tuning.DEFAULT, ear.address());
        fleet.awaitLinks(host, 1);
        fleet.registry.requireBasic("robot", PASSWORD);
        byte[] secret = fleet.bytes(300_000);
        Digest blob = fleet.registry.blob(Fleet.REPOSITORY, secret);

        assertThat(fleet.pull(host, blob, "Authorization", BASIC).body()).isEqualTo(secret);

        fleet.awaitFromSeed(host, secret.length);
        assertThat(ear.hasHeard(BASIC.substring("Basic ".length()))).isTrue();
    }

    @Test
    void anEngineHearsTheRegistrysOwnRefusal() throws Exception {
        Host host = fleet.plainHost("host", Fleet.remote(), ear.address());
        fleet.awaitLinks(host, 1);
        fleet.registry.requireBasic("robot", PASSWORD);
        Digest blob = fleet.registry.blob(Fleet.REPOSITORY, fleet.bytes(1000));

        assertThat(fleet.pull(host, blob).statusCode()).isEqualTo(401);
        assertThat(fleet.pull(host, blob, "Authorization", BASIC + "x").statusCode())
                .isEqualTo(401);
    }

    /** Stands between a host and a seed, and hears all that the host says. */
    private static final class Ear implements AutoCloseable {
        private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final NodeAddress behind;
        private final List<ByteArrayOutputStream> heard = new CopyOnWriteArrayList<>();

        Ear(NodeAddress behind) throws IOException {
            this.behind = behind;
            Thread.startVirtualThread(this::accept);
        }

        NodeAddress address() {
            return new NodeAddress("127.0.0.1", server.getLocalPort());
        }

        boolean hasHeard(String text) {
            return heard.stream().anyMatch(said -> unmasked(said.toByteArray()).contains(text));
        }

        /** The messages of a WebSocket's client are masked, which hides them from nobody (RFC 6455, 5.3). */
        private static String unmasked(byte[] said) {
            String text = new String(said, ISO_8859_1);
            int frame = text.indexOf("\r\n\r\n") + 4;
            if (!text.contains("pantala/v1/control")) {
                return text;
            }
            StringBuilder unmasked = new StringBuilder();
            ByteBuffer in = ByteBuffer.wrap(said).position(frame);
            while (in.remaining() > 1) {
                in.get();
                int length = in.get() & 0x7f;
                length = length == 126 ? in.getShort() & 0xffff : length == 127 ? (int) in.getLong() : length;
                byte[] mask = new byte[4];
                in.get(mask);
                for (int i = 0; i < length; i++) {
                    unmasked.append((char) ((in.get() ^ mask[i % 4]) & 0xff));
                }
            }
            return unmasked.toString();
        }

        private void accept() {
            try {
                while (true) {
                    Socket front = server.accept();
                    Socket back = new Socket(InetAddress.getLoopbackAddress(), behind.port());
                    ByteArrayOutputStream said = new ByteArrayOutputStream();
                    heard.add(said);
                    Thread.startVirtualThread(() -> pass(front, back, said));
                    Thread.startVirtualThread(() -> pass(back, front, OutputStream.nullOutputStream()));
                }
            } catch (IOException e) {
                // It was closed.
            }
        }

        private static void pass(Socket from, Socket to, OutputStream copy) {
            try (from;
                    to) {
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream();
                byte[] buffer = new byte[8192];
                for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                    copy.write(buffer, 0, count);
                    out.write(buffer, 0, count);
                }
            } catch (IOException e) {
                // One of the two has hung up.
            }
        }

        @Override
        public void close() throws IOException {
            server.close();
        }
    }
}
