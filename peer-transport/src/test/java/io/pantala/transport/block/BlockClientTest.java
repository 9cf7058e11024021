package io.pantala.transport.block;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.store.BlobStore;
import io.pantala.store.BlockWriter;
import io.pantala.store.StoredBlob;
import io.pantala.swarm.TestContent;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.ticket.Ticket;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class BlockClientTest {
    private static final BlockConfig CONFIG = config(Duration.ofSeconds(20));
    private static final Ticket TICKET = new Ticket("ticket");
    private static final BlockConfig IMPATIENT = config(Duration.ofMillis(200));

    private final TestContent content = TestContent.random(100_000, 40_000, 1);

    private Node node;
    private BlobStore store;
    private StoredBlob blob;
    private BlockClient client;

    @BeforeEach
    void open(@TempDir Path directory) throws Exception {
        node = new Node();
        store = TestContent.store(directory);
        blob = store.create(content.key(), content.layout());
        client = new BlockClient(CONFIG, Optional.empty());
    }

    @AfterEach
    void close() throws IOException {
        client.close();
        blob.close();
        store.close();
        node.close();
    }

    @Test
    void writesABlockThatIsRight() {
        node.answer(block(1));
        assertThat(fetch(1))
                .isInstanceOfSatisfying(
                        BlockOutcome.Received.class,
                        received -> assertThat(received.bytes()).isEqualTo(40_000));
        assertThat(blob.holds(1)).isTrue();
        assertThat(node.requests.poll())
                .startsWith("GET /pantala/v1/blobs/" + content.key().digest()
                        + "/blocks/1?upstream=docker.io HTTP/1.1\r\nHost: 127.0.0.1:" + node.address.port()
                        + "\r\nPantala-Ticket: ticket\r\n\r\n");
    }

    @Test
    void keepsTheConnectionForTheNextBlock() {
        for (int block = 0; block < 3; block++) {
            node.answer(block(block));
            assertThat(fetch(block)).isInstanceOf(BlockOutcome.Received.class);
        }
        assertThat(node.connections).hasValue(1);
    }

    @Test
    void doesNotKeepAConnectionThatIsToBeClosed() {
        node.answer(response("200 OK", content.block(0), "Connection: close"));
        node.answer(block(1));
        assertThat(fetch(0)).isInstanceOf(BlockOutcome.Received.class);
        assertThat(fetch(1)).isInstanceOf(BlockOutcome.Received.class);
        assertThat(node.connections).hasValue(2);
    }

    @Test
    void takesAFreshConnectionWhenTheKeptOneHasDied() {
        node.answerAndHangUp(block(0));
        node.answer(block(1));
        assertThat(fetch(0)).isInstanceOf(BlockOutcome.Received.class);
        assertThat(fetch(1)).isInstanceOf(BlockOutcome.Received.class);
        assertThat(node.connections).hasValue(2);
    }

    @Test
    void holdsNothingOfABlockThatIsWrong() {
        byte[] wrong = content.block(0);
        wrong[12_345] ^= 1;
        node.answer(response("200 OK", wrong));
        assertThat(fetch(0)).isEqualTo(new BlockOutcome.Corrupt());
        assertThat(blob.holds(0)).isFalse();

        node.answer(block(0));
        assertThat(fetch(0)).isInstanceOf(BlockOutcome.Received.class);
    }

    @Test
    void tellsABlockThatIsNotHeldFromOtherAnswers() {
        node.answer(response("404 Not Found", new byte[0]));
        node.answer(response("503 Service Unavailable", "busy".getBytes(StandardCharsets.US_ASCII)));
        assertThat(fetch(0)).isEqualTo(new BlockOutcome.NotHeld());
        assertThat(fetch(0)).isEqualTo(new BlockOutcome.Refused(503));
        assertThat(node.connections).hasValue(1);
    }

    @Test
    void noticesATransferThatIsCutShort() {
        byte[] whole = block(0);
        node.answerAndHangUp(Arrays.copyOf(whole, whole.length - 1));
        assertThat(fetch(0)).isEqualTo(new BlockOutcome.Broken("the connection ended 1 bytes early"));
        assertThat(blob.holds(0)).isFalse();
    }

    @Test
    void givesUpATransferThatStandsStill() {
        byte[] whole = block(0);
        node.answer(Arrays.copyOf(whole, whole.length / 2));
        try (BlockClient impatient = new BlockClient(IMPATIENT, Optional.empty())) {
            assertThat(fetch(impatient, 0)).isEqualTo(new BlockOutcome.TimedOut());
        }
    }

    @Test
    void endsATransferThatIsAborted() throws Exception {
        Abort abort = new Abort();
        BlockingQueue<BlockOutcome> outcomes = new LinkedBlockingQueue<>();
        Thread fetcher = Thread.startVirtualThread(() -> outcomes.add(fetch(client, 0, abort)));
        assertThat(node.requests.poll(10, TimeUnit.SECONDS)).isNotNull();
        abort.now();
        fetcher.join();
        assertThat(outcomes).containsExactly(new BlockOutcome.Aborted());
        assertThat(blob.holds(0)).isFalse();
    }

    @Test
    void doesNotAskForWhatWasAbortedBefore() {
        Abort abort = new Abort();
        abort.now();
        assertThat(fetch(client, 0, abort)).isEqualTo(new BlockOutcome.Aborted());
        assertThat(node.requests).isEmpty();
    }

    @Test
    void givesUpANodeThatNeverAnswers() {
        try (BlockClient impatient = new BlockClient(IMPATIENT, Optional.empty())) {
            assertThat(fetch(impatient, 0)).isEqualTo(new BlockOutcome.TimedOut());
        }
    }

    @Test
    void refusesABlockOfAnotherLength() {
        node.answer(response("200 OK", new byte[39_999]));
        assertThat(fetch(0)).isEqualTo(new BlockOutcome.Broken("a block of 40000 bytes came as 39999"));
    }

    @Test
    void neverTakesBytesBeyondABlockForTheNextOne() {
        node.answer(concat(response("200 OK", content.block(2)), content.block(1)));
        node.answer(block(1));
        assertThat(fetch(2)).isInstanceOf(BlockOutcome.Received.class);
        assertThat(fetch(1)).isInstanceOf(BlockOutcome.Broken.class);
        node.answer(block(1));
        assertThat(fetch(1)).isInstanceOf(BlockOutcome.Received.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SSH-2.0-OpenSSH_9.2\r\n\r\n",
                "HTTP/1.0 200 OK\r\nContent-Length: 40000\r\n\r\n",
                "HTTP/1.1 200 OK\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 40000\r\nContent-Length: 40000\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 40000\r\nTransfer-Encoding: chunked\r\n\r\n",
                "HTTP/1.1 200 OK\r\n: no name\r\nContent-Length: 40000\r\n\r\n",
                "HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n",
            })
    void refusesAnswersThatAreNotPlainHttp(String head) {
        node.answer(concat(head.getBytes(StandardCharsets.US_ASCII), content.block(0)));
        assertThat(fetch(0)).isInstanceOf(BlockOutcome.Broken.class);
    }

    @Test
    void refusesAHeadWithoutEnd() {
        node.answer(("HTTP/1.1 200 OK\r\nX: " + "a".repeat(9 << 10)).getBytes(StandardCharsets.US_ASCII));
        assertThat(fetch(0)).isEqualTo(new BlockOutcome.Broken("the answer's head has no end"));
    }

    @Test
    void tellsWhenNobodyListens() throws IOException {
        try (Socket bound = new Socket()) {
            bound.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            node.address = new NodeAddress("127.0.0.1", bound.getLocalPort());
            assertThat(fetch(0)).isInstanceOf(BlockOutcome.Broken.class);
        }
    }

    @Test
    void tellsTheDisksTroubleFromTheNodes() {
        node.answer(block(0));
        try (BlockWriter writer = blob.writer(0)) {
            store.drop(content.key());
            assertThat(client.fetch(
                            node.address, content.key(), 0, false, TICKET, writer, content.hash(0), new Abort()))
                    .isInstanceOf(BlockOutcome.DiskFailed.class);
        }
    }

    @Test
    void runsNoMoreTransfersAtOnceThanItHasBuffers() throws Exception {
        List<Thread> fetchers = new ArrayList<>();
        BlockingQueue<BlockOutcome> outcomes = new LinkedBlockingQueue<>();
        for (int i = 0; i < 9; i++) {
            node.answer(block(0));
            fetchers.add(Thread.startVirtualThread(() -> outcomes.add(fetch(0))));
        }
        for (Thread fetcher : fetchers) {
            fetcher.join();
        }
        assertThat(outcomes).hasSize(9).allMatch(BlockOutcome.Received.class::isInstance);
        assertThat(node.connections.get()).isLessThanOrEqualTo(CONFIG.buffers());
    }

    private static BlockConfig config(Duration stall) {
        return new BlockConfig(Duration.ofSeconds(10), stall, 64 << 10, Duration.ofSeconds(30), 4, 2, 16 << 10);
    }

    private BlockOutcome fetch(int block) {
        return fetch(client, block);
    }

    private BlockOutcome fetch(BlockClient client, int block) {
        return fetch(client, block, new Abort());
    }

    private BlockOutcome fetch(BlockClient client, int block, Abort abort) {
        try (BlockWriter writer = blob.writer(block)) {
            return client.fetch(node.address, content.key(), block, false, TICKET, writer, content.hash(block), abort);
        }
    }

    private byte[] block(int block) {
        return response("200 OK", content.block(block));
    }

    private static byte[] response(String status, byte[] body, String... headers) {
        StringBuilder head = new StringBuilder("HTTP/1.1 " + status + "\r\ncontent-length: " + body.length + "\r\n");
        for (String header : headers) {
            head.append(header).append("\r\n");
        }
        return concat(head.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII), body);
    }

    private static byte[] concat(byte[] first, byte[] second) {
        ByteArrayOutputStream both = new ByteArrayOutputStream();
        both.writeBytes(first);
        both.writeBytes(second);
        return both.toByteArray();
    }

    /** Answers requests with prepared bytes, in order; without any, it doesn't answer. */
    private static final class Node implements AutoCloseable {
        @SuppressWarnings("ArrayRecordComponent") // never compared
        private record Answer(byte[] bytes, boolean last) {}

        private final ServerSocket socket = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
        private NodeAddress address = new NodeAddress("127.0.0.1", socket.getLocalPort());
        private final BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
        private final BlockingQueue<String> requests = new LinkedBlockingQueue<>();
        private final AtomicInteger connections = new AtomicInteger();

        Node() throws IOException {
            Thread.startVirtualThread(() -> {
                while (!socket.isClosed()) {
                    try {
                        Socket accepted = socket.accept();
                        connections.incrementAndGet();
                        Thread.startVirtualThread(() -> serve(accepted));
                    } catch (IOException e) {
                        return;
                    }
                }
            });
        }

        void answer(byte[] bytes) {
            answers.add(new Answer(bytes, false));
        }

        void answerAndHangUp(byte[] bytes) {
            answers.add(new Answer(bytes, true));
        }

        private void serve(Socket connection) {
            try (connection) {
                while (true) {
                    String request = readHead(connection.getInputStream());
                    if (request.isEmpty()) {
                        return;
                    }
                    requests.add(request);
                    Answer answer = answers.take();
                    connection.getOutputStream().write(answer.bytes());
                    if (answer.last()) {
                        return;
                    }
                }
            } catch (IOException | InterruptedException e) {
                // The client has had enough.
            }
        }

        private static String readHead(InputStream in) throws IOException {
            StringBuilder head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) {
                int next = in.read();
                if (next < 0) {
                    return "";
                }
                head.append((char) next);
            }
            return head.toString();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
