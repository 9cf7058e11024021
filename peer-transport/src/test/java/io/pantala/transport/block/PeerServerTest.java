package io.pantala.transport.block;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.Digest;
import io.pantala.store.BlobStore;
import io.pantala.store.StoredBlob;
import io.pantala.swarm.TestContent;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.TestCluster;
import io.pantala.transport.identity.ClusterTls;
import io.pantala.transport.identity.Role;
import io.pantala.transport.link.Access;
import io.pantala.transport.link.Denial;
import io.pantala.transport.link.Door;
import io.pantala.transport.link.DoorListener;
import io.pantala.transport.ticket.Ticket;
import io.pantala.transport.ticket.TicketRefusal;
import io.pantala.transport.ticket.TicketSigner;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Blocks between two hosts of a cluster, over TLS. */
@Timeout(60)
class PeerServerTest {
    // Several slices, the last of them short, and more than what the kernel takes at once.
    private final TestContent content = TestContent.random(9_000_001, 4_000_000, 3);
    private final Vertx vertx = Vertx.vertx();
    private final BlockingQueue<Object> events = new LinkedBlockingQueue<>();
    private final Set<String> shutOut = ConcurrentHashMap.newKeySet();
    private final List<AutoCloseable> closeables = new ArrayList<>();
    private volatile Instant now = Instant.now();
    private final TestCluster cluster = new TestCluster(() -> now);

    @TempDir
    private Path directory;

    private BlobStore store;
    private BlobStore elsewhere;
    private PeerServer server;

    @BeforeEach
    void open() throws Exception {
        store = TestContent.store(directory.resolve("server"));
        elsewhere = TestContent.store(directory.resolve("client"));
        BlockServer blocks = new BlockServer(store, cluster.tickets(), new BlockServerListener() {
            @Override
            public void blockDenied(TicketRefusal reason) {
                events.add(reason);
            }

            @Override
            public void blockSent(BlobKey key, int index, long bytes) {
                events.add("sent " + index + ": " + bytes);
            }
        });
        Door door = new Door(
                new Door.Rules(
                        Door.Unproven.NONE, node -> shutOut.contains(node.name()), _ -> false, _ -> true, () -> now),
                new DoorListener() {
                    @Override
                    public void denied(Access access, Denial denial, String from) {
                        events.add(denial);
                    }
                });
        server = PeerServer.start(
                vertx, new NodeAddress("::1", 0), Optional.of(cluster.tls(Role.HOST, "host-2")), door, blocks);
        content.storeIn(store);
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable closeable : closeables.reversed()) {
            closeable.close();
        }
        server.close();
        vertx.close().await(10, SECONDS);
        store.close();
        elsewhere.close();
    }

    @Test
    void wholeBlobsTravelUnchangedOverOneConnection() throws Exception {
        BlockClient client = client("host-1");
        try (StoredBlob blob = elsewhere.create(content.key(), content.layout())) {
            for (int block = 0; block < content.layout().count(); block++) {
                assertThat(fetch(client, blob, block, ticket("host-1"))).isInstanceOf(BlockOutcome.Received.class);
                assertThat(events.poll(5, SECONDS))
                        .isEqualTo("sent " + block + ": " + content.layout().length(block));
            }
            blob.seal();
            assertThat(TestContent.read(blob)).isEqualTo(content.bytes());
        }
    }

    @Test
    void aSeedMayTakeBlocksToo() throws Exception {
        BlockClient client = keep(new BlockClient(BlockConfig.DEFAULT, Optional.of(cluster.tls(Role.SEED, "seed-1"))));
        assertThat(fetch(client, ticket("seed-1"))).isInstanceOf(BlockOutcome.Received.class);
    }

    @Test
    void aBlockNeedsATicketOfThisHostForThisBlobAndThisTime() throws Exception {
        BlockClient client = client("host-1");
        BlobKey other = new BlobKey(content.key().upstream(), Digest.EMPTY_SHA256);

        assertThat(fetch(client, ticket("host-3"))).isEqualTo(new BlockOutcome.Refused(403));
        assertThat(events.poll(5, SECONDS)).isEqualTo(TicketRefusal.OTHER_HOST);
        assertThat(fetch(client, cluster.ticket("host-1", other))).isEqualTo(new BlockOutcome.Refused(403));
        assertThat(events.poll(5, SECONDS)).isEqualTo(TicketRefusal.OTHER_BLOB);
        assertThat(fetch(client, new TestCluster().ticket("host-1", content.key())))
                .isEqualTo(new BlockOutcome.Refused(403));
        assertThat(events.poll(5, SECONDS)).isEqualTo(TicketRefusal.UNKNOWN_KEY);
        assertThat(fetch(client, new Ticket("nonsense"))).isEqualTo(new BlockOutcome.Refused(403));
        assertThat(events.poll(5, SECONDS)).isEqualTo(TicketRefusal.MALFORMED);
        Ticket old = cluster.ticket(
                "host-1", content.key(), now.minus(TicketSigner.LIFE).minusSeconds(1));
        assertThat(fetch(client, old)).isEqualTo(new BlockOutcome.Refused(403));
        assertThat(events.poll(5, SECONDS)).isEqualTo(TicketRefusal.EXPIRED);

        assertThat(fetch(client, ticket("host-1"))).isInstanceOf(BlockOutcome.Received.class);
    }

    @Test
    void aNodeThatIsShutOutGetsNothingAnyMoreAlsoOverAConnectionThatItHad() throws Exception {
        BlockClient client = client("host-1");
        assertThat(fetch(client, ticket("host-1"))).isInstanceOf(BlockOutcome.Received.class);
        assertThat(events.poll(5, SECONDS)).isEqualTo("sent 0: 4000000");

        shutOut.add("host-1");

        assertThat(fetch(client, ticket("host-1"))).isEqualTo(new BlockOutcome.Refused(403));
        assertThat(events.poll(5, SECONDS)).isEqualTo(Denial.SHUT_OUT);
    }

    @Test
    void aConnectionDoesNotOutliveTheCertificateItWasOpenedWith() throws Exception {
        BlockClient client = client("host-1");
        assertThat(fetch(client, ticket("host-1"))).isInstanceOf(BlockOutcome.Received.class);
        assertThat(events.poll(5, SECONDS)).isEqualTo("sent 0: 4000000");

        now = now.plus(Duration.ofDays(1)).plusSeconds(1);

        assertThat(fetch(client, ticket("host-1"))).isEqualTo(new BlockOutcome.Refused(403));
        assertThat(events.poll(5, SECONDS)).isEqualTo(Denial.CERTIFICATE_ENDED);
    }

    @Test
    void nobodyOfAnotherClusterGetsAnything() throws Exception {
        BlockClient client =
                keep(new BlockClient(BlockConfig.DEFAULT, Optional.of(new TestCluster().tls(Role.HOST, "host-1"))));

        assertThat(fetch(client, ticket("host-1"))).isInstanceOf(BlockOutcome.Broken.class);
        assertThat(events).isEmpty();
    }

    @Test
    void whoShowsNoCertificateGetsNothing() throws Exception {
        BlockClient plain = keep(new BlockClient(BlockConfig.DEFAULT, Optional.empty()));
        assertThat(fetch(plain, ticket("host-1"))).isEqualTo(new BlockOutcome.Refused(403));
        assertThat(events.poll(5, SECONDS)).isEqualTo(Denial.NO_CERTIFICATE);

        ClusterTls mute = new ClusterTls(() -> null, cluster::roots, () -> now);
        BlockClient silent = keep(new BlockClient(BlockConfig.DEFAULT, Optional.of(mute)));
        assertThat(fetch(silent, ticket("host-1"))).isEqualTo(new BlockOutcome.Refused(403));
        assertThat(events.poll(5, SECONDS)).isEqualTo(Denial.NO_CERTIFICATE);
    }

    @Test
    void nothingElseIsToBeHadThere() throws Exception {
        assertThat(raw(cluster.tls(Role.HOST, "host-1").toSeeds(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
                .isEmpty();
        SSLContext any = anyNode("host-1");
        assertThat(raw(any, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")).startsWith("HTTP/1.1 404");
        assertThat(raw(
                        any,
                        "POST " + new BlockRequest(content.key(), 0, false).target() + " HTTP/1.1\r\nHost: a\r\n"
                                + "Content-Length: 0\r\n\r\n"))
                .startsWith("HTTP/1.1 404");
    }

    @Test
    void whoHangsUpInTheMiddleOfABlockLeavesNothingBehind() throws Exception {
        SSLContext any = anyNode("host-1");
        for (int i = 0; i < 5; i++) {
            try (Socket socket = any.getSocketFactory().createSocket("::1", server.port())) {
                socket.getOutputStream().write(request(ticket("host-1")).getBytes(StandardCharsets.US_ASCII));
                assertThat(socket.getInputStream().readNBytes(100_000)).hasSize(100_000);
            }
        }
        assertThat(fetch(client("host-1"), ticket("host-1"))).isInstanceOf(BlockOutcome.Received.class);
        // All that serve the blob share one, until nobody does and it is gone.
        assertThat(mappings()).hasSizeLessThanOrEqualTo(1);
        store.drop(content.key());
        await().untilAsserted(() -> assertThat(mappings()).isEmpty());
    }

    /** Which parts of the served files are in this process's memory, as Linux tells. */
    private List<String> mappings() throws IOException {
        Path maps = Path.of("/proc/self/maps");
        return Files.exists(maps)
                ? Files.readAllLines(maps).stream()
                        .filter(line ->
                                line.contains(directory.resolve("server").toString()))
                        .toList()
                : List.of();
    }

    private String request(Ticket ticket) {
        return "GET " + new BlockRequest(content.key(), 0, false).target() + " HTTP/1.1\r\nHost: a\r\n" + Ticket.HEADER
                + ": " + ticket.text() + "\r\n\r\n";
    }

    private SSLContext anyNode(String host) throws Exception {
        return cluster.tls(Role.HOST, host).toNodes();
    }

    /** What is answered, or nothing when the handshake fails. */
    private String raw(SSLContext tls, String request) throws IOException {
        try (Socket socket = tls.getSocketFactory().createSocket("::1", server.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            InputStream in = socket.getInputStream();
            byte[] start = in.readNBytes(12);
            return new String(start, StandardCharsets.US_ASCII);
        } catch (SSLException e) {
            return "";
        }
    }

    private Ticket ticket(String host) {
        return cluster.ticket(host, content.key());
    }

    private BlockClient client(String host) {
        return keep(new BlockClient(BlockConfig.DEFAULT, Optional.of(cluster.tls(Role.HOST, host))));
    }

    private BlockOutcome fetch(BlockClient client, Ticket ticket) throws Exception {
        try (StoredBlob blob = elsewhere.create(content.key(), content.layout())) {
            return fetch(client, blob, 0, ticket);
        }
    }

    private BlockOutcome fetch(BlockClient client, StoredBlob blob, int block, Ticket ticket) throws IOException {
        try (var writer = blob.writer(block)) {
            return client.fetch(
                    new NodeAddress("::1", server.port()),
                    content.key(),
                    block,
                    false,
                    ticket,
                    writer,
                    content.hash(block),
                    new Abort());
        }
    }

    private <T extends AutoCloseable> T keep(T closeable) {
        closeables.add(closeable);
        return closeable;
    }
}
