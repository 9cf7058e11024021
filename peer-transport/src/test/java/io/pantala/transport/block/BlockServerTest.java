package io.pantala.transport.block;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.Digest;
import io.pantala.manifest.UpstreamName;
import io.pantala.store.BlobReader;
import io.pantala.store.BlobStore;
import io.pantala.store.StoredBlob;
import io.pantala.swarm.TestContent;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.RateLimit;
import io.pantala.transport.TestCluster;
import io.pantala.transport.link.Caller;
import io.pantala.transport.ticket.Ticket;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class BlockServerTest {
    private final Vertx vertx = Vertx.vertx();
    private final HttpClient client = HttpClient.newHttpClient();
    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    // Large enough that a block is sent in several regions.
    private final TestContent content = TestContent.random(5_000_000, 2_000_000, 2);

    private final TestCluster cluster = new TestCluster();
    private Ticket ticket = cluster.ticket("host", content.key());
    private Path directory;
    private BlobStore store;
    private HttpServer server;
    private BlockServer blocks;
    private Handler<HttpServerRequest> handler = request -> blocks.handle(request, new Caller.Unknown(true, false));

    @BeforeEach
    void open(@TempDir Path directory) throws Exception {
        this.directory = directory;
        store = TestContent.store(directory);
        blocks = new BlockServer(store, cluster.tickets(), new BlockServerListener() {
            @Override
            public void blockSent(BlobKey key, int index, long bytes) {
                events.add("sent " + index + ": " + bytes);
            }

            @Override
            public void blockRelayed(BlobKey key, int index) {
                events.add("relayed " + index);
            }

            @Override
            public void blockMissing(BlobKey key, int index) {
                events.add("missing " + index);
            }
        });
        server = vertx.createHttpServer(new HttpServerOptions().setHttp2ClearTextEnabled(false))
                .requestHandler(request -> handler.handle(request));
        server.listen(0, "127.0.0.1").await(10, SECONDS);
    }

    @AfterEach
    void close() throws Exception {
        client.close();
        vertx.close().await(10, SECONDS);
        store.close();
    }

    @Test
    void servesTheBlocksOfASealedBlob() throws Exception {
        content.storeIn(store);
        for (int block = 0; block < content.layout().count(); block++) {
            HttpResponse<byte[]> response = get(path(block));
            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(response.body()).isEqualTo(content.block(block));
            assertThat(response.headers().firstValue("content-type")).hasValue("application/octet-stream");
            assertThat(response.headers().firstValueAsLong("content-length"))
                    .hasValue(content.layout().length(block));
            assertThat(events.poll(5, SECONDS))
                    .isEqualTo("sent " + block + ": " + content.layout().length(block));
        }
    }

    @Test
    void servesOnlyHeldBlocksAndTheLastOneOnlyOnceSealed() throws Exception {
        try (StoredBlob blob = store.create(content.key(), content.layout())) {
            content.write(blob, 0);
            content.write(blob, 2);
            assertThat(get(path(0)).statusCode()).isEqualTo(200);
            assertThat(get(path(1)).statusCode()).isEqualTo(404);
            assertThat(get(path(2)).statusCode()).isEqualTo(404);
            content.write(blob, 1);
            assertThat(get(path(2)).statusCode()).isEqualTo(404);
            blob.seal();
            assertThat(get(path(2)).body()).isEqualTo(content.block(2));
        }
        assertThat(events).contains("missing 1", "missing 2");
    }

    @Test
    void letsGoOfABlockWhoseHostHasLeft() throws Exception {
        content.storeIn(store);
        handler = request -> {
            Vertx.currentContext().exceptionHandler(e -> events.add("failed: " + e));
            request.connection().close().onComplete(_ -> blocks.handle(request, new Caller.Unknown(true, false)));
        };

        assertThatThrownBy(() -> get(path(0))).isInstanceOf(IOException.class);

        MemorySegment memory;
        try (StoredBlob blob = store.find(content.key()).orElseThrow()) {
            memory = blob.memory();
            store.drop(content.key());
        }
        // It is let go of with the last lease.
        await().until(() -> !memory.scope().isAlive());
        // The client asks twice, the second time perhaps for what is dropped by now.
        assertThat(events).allMatch("missing 0"::equals);
    }

    /** As Vert.x throws it when the host hangs up between two of its own steps. */
    @Test
    void hangsUpWhenAnAnswerCanNotBegin() throws Exception {
        content.storeIn(store);
        handler = request -> {
            HttpServerResponse broken =
                    instead(HttpServerResponse.class, request.response(), "sendFile", new NullPointerException("sent"));
            blocks.handle(
                    instead(HttpServerRequest.class, request, "response", broken), new Caller.Unknown(true, false));
        };

        assertThatThrownBy(() -> get(path(0)))
                .isInstanceOf(IOException.class)
                .isNotInstanceOf(HttpTimeoutException.class);
    }

    /** Does what another does, but for one method, which returns or throws something else. */
    private static <T> T instead(Class<T> type, T other, String name, Object outcome) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (_, method, arguments) -> {
                    if (!method.getName().equals(name)) {
                        return method.invoke(other, arguments);
                    }
                    if (outcome instanceof Throwable failure) {
                        throw failure;
                    }
                    return outcome;
                }));
    }

    @Test
    void passesABlockOnAsItComesButItsLastByteOnlyOnceItIsRight() throws Exception {
        byte[] block = content.block(1);
        int half = block.length / 2;
        InputStream body;
        try (StoredBlob blob = store.create(content.key(), content.layout());
                var writer = blob.writer(1)) {
            writer.write(ByteBuffer.wrap(block, 0, half));
            body = relayed(1);
            assertThat(body.readNBytes(half)).isEqualTo(Arrays.copyOf(block, half));
            assertThat(writer.isFollowed()).isTrue();
            writer.write(ByteBuffer.wrap(block, half, block.length - half));
            assertThat(body.readNBytes(block.length - half - 1))
                    .isEqualTo(Arrays.copyOfRange(block, half, block.length - 1));
            assertThat(body.available()).isZero();
            assertThat(writer.complete(content.hash(1))).isTrue();
        }
        assertThat(body.readAllBytes()).containsExactly(block[block.length - 1]);
        assertThat(events.poll(5, SECONDS)).isEqualTo("relayed 1");
        assertThat(events.poll(5, SECONDS)).isEqualTo("sent 1: " + block.length);
    }

    @Test
    void endsARelayedBlockEarlyThatTurnsOutWrong() throws Exception {
        byte[] wrong = content.block(1);
        wrong[7]++;
        InputStream body;
        try (StoredBlob blob = store.create(content.key(), content.layout());
                var writer = blob.writer(1)) {
            writer.write(ByteBuffer.wrap(wrong));
            body = relayed(1);
            assertThat(body.readNBytes(wrong.length - 1)).hasSize(wrong.length - 1);
            assertThat(writer.complete(content.hash(1))).isFalse();
        }
        assertThatThrownBy(body::readAllBytes).isInstanceOf(IOException.class);
        assertThat(events).isEmpty();
    }

    @Test
    void endsARelayedBlockEarlyThatStopsComing() throws Exception {
        InputStream body;
        try (StoredBlob blob = store.create(content.key(), content.layout());
                var writer = blob.writer(1)) {
            writer.write(ByteBuffer.wrap(content.block(1), 0, 100));
            body = relayed(1);
            assertThat(body.readNBytes(100)).hasSize(100);
        }
        assertThatThrownBy(body::readAllBytes).isInstanceOf(IOException.class);
        assertThat(events).isEmpty();
    }

    @Test
    void endsARelayedBlockEarlyThatAnotherWriterHasReplaced() throws Exception {
        byte[] block = content.block(1);
        InputStream body;
        try (StoredBlob blob = store.create(content.key(), content.layout());
                var first = blob.writer(1)) {
            first.write(ByteBuffer.wrap(block, 0, 100));
            body = relayed(1);
            assertThat(body.readNBytes(100)).isEqualTo(Arrays.copyOf(block, 100));
            try (var second = blob.writer(1)) {
                second.write(ByteBuffer.wrap(block));
                assertThat(second.complete(content.hash(1))).isTrue();
            }
            first.write(ByteBuffer.wrap(block, 100, block.length - 100));
            assertThat(first.complete(content.hash(1))).isTrue();
        }
        assertThatThrownBy(body::readAllBytes).isInstanceOf(IOException.class);
    }

    @Test
    void givesNoDamagedBlockToThoseWhoWouldTakeItAsItComes() throws Exception {
        content.storeIn(store);
        await().until(() -> Files.exists(data()));
        try (FileChannel file = FileChannel.open(data(), StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(new byte[100]), content.layout().offset(1));
        }

        assertThat(get(path(1) + "&relayed=true").statusCode()).isEqualTo(404);
    }

    @Test
    void keepsToItsLimitWithRelayedBlocks() throws Exception {
        blocks = new BlockServer(store, cluster.tickets(), RateLimit.of(20_000_000), BlockServerListener.NONE);
        byte[] block = content.block(1);
        InputStream body;
        try (StoredBlob blob = store.create(content.key(), content.layout());
                var writer = blob.writer(1)) {
            writer.write(ByteBuffer.wrap(block));
            long start = System.nanoTime();
            body = relayed(1);
            assertThat(body.readNBytes(block.length - 1)).isEqualTo(Arrays.copyOf(block, block.length - 1));
            assertThat(System.nanoTime() - start)
                    .isGreaterThan(Duration.ofMillis(50).toNanos());
            assertThat(writer.complete(content.hash(1))).isTrue();
        }
        assertThat(body.readAllBytes()).hasSize(1);
    }

    @Test
    void waitsForARelayedBlockToBeginToCome() throws Exception {
        try (StoredBlob blob = store.create(content.key(), content.layout())) {
            var answer = client.sendAsync(request(path(0) + "&relayed=true"), BodyHandlers.ofByteArray());
            content.write(blob, 0);
            assertThat(answer.get(10, SECONDS).body()).isEqualTo(content.block(0));

            assertThat(get(path(1) + "&relayed=true").statusCode()).isEqualTo(404);
        }
    }

    @Test
    void relaysNothingUnaskedNorTheLastBlockBeforeTheWholeIsProved() throws Exception {
        try (StoredBlob blob = store.create(content.key(), content.layout());
                var first = blob.writer(0);
                var last = blob.writer(2)) {
            first.write(ByteBuffer.wrap(content.block(0), 0, 100));
            last.write(ByteBuffer.wrap(content.block(2), 0, 1));

            assertThat(get(path(0)).statusCode()).isEqualTo(404);
            assertThat(get(path(2) + "&relayed=true").statusCode()).isEqualTo(404);
        }
    }

    @Test
    void letsGoOfARelayedBlockWhoseHostHasLeft() throws Exception {
        try (StoredBlob blob = store.create(content.key(), content.layout());
                var writer = blob.writer(1)) {
            writer.write(ByteBuffer.wrap(content.block(1), 0, 100));
            relayed(1).close();
            await().untilAsserted(() -> {
                writer.write(ByteBuffer.wrap(content.block(1), 0, 1));
                assertThat(writer.isFollowed()).isFalse();
            });
        }
    }

    private InputStream relayed(int block) throws Exception {
        HttpResponse<InputStream> response =
                client.send(request(path(block) + "&relayed=true"), BodyHandlers.ofInputStream());
        assertThat(response.statusCode()).isEqualTo(200);
        return response.body();
    }

    @Test
    void keepsUpstreamsApart() throws Exception {
        content.storeIn(store);
        ticket = cluster.ticket(
                "host", new BlobKey(new UpstreamName("ghcr.io"), content.key().digest()));
        assertThat(get(path(0).replace("docker.io", "ghcr.io")).statusCode()).isEqualTo(404);
    }

    @Test
    void refusesBlocksBeyondTheLast() throws Exception {
        content.storeIn(store);
        assertThat(get(path(3)).statusCode()).isEqualTo(416);
        assertThat(get(path(999_999_999)).statusCode()).isEqualTo(416);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "/pantala/v1/blobs/sha256:00/blocks/1?upstream=docker.io",
                "/pantala/v1/blobs/DIGEST/blocks/1",
                "/pantala/v1/blobs/DIGEST/blocks/-1?upstream=docker.io",
                "/pantala/v1/blobs/DIGEST/blocks/9999999999?upstream=docker.io",
                "/pantala/v1/blobs/DIGEST/blocks/1?upstream=..%2Fetc",
                "/pantala/v1/blobs/..%2F..%2F/blocks/1?upstream=docker.io",
            })
    void refusesNonsense(String target) throws Exception {
        assertThat(get(target.replace("DIGEST", content.key().digest().toString()))
                        .statusCode())
                .isEqualTo(400);
    }

    @Test
    void isUnderstoodByTheClient(@TempDir Path elsewhere) throws Exception {
        content.storeIn(store);
        try (BlobStore host = TestContent.store(elsewhere);
                BlockClient blocks = new BlockClient(BlockConfig.DEFAULT, Optional.empty());
                StoredBlob blob = host.create(content.key(), content.layout())) {
            for (int block = 0; block < content.layout().count(); block++) {
                try (var writer = blob.writer(block)) {
                    var outcome = blocks.fetch(
                            new NodeAddress("127.0.0.1", server.actualPort()),
                            content.key(),
                            block,
                            false,
                            cluster.ticket("host", content.key()),
                            writer,
                            content.hash(block),
                            new Abort());
                    assertThat(outcome).isInstanceOf(BlockOutcome.Received.class);
                }
            }
            blob.seal();
            assertThat(TestContent.read(blob)).isEqualTo(content.bytes());
        }
    }

    @Test
    void movesABlockFromBeyondSixteenGigabytes(@TempDir Path elsewhere) throws Exception {
        BlockLayout layout = BlockLayout.of(20_000_000_003L);
        int index = layout.blockAt(17_000_000_000L);
        byte[] block = new byte[layout.length(index)];
        new Random(1).nextBytes(block);
        try (BlobStore host = TestContent.store(elsewhere);
                BlockClient blocks = new BlockClient(BlockConfig.DEFAULT, Optional.empty());
                StoredBlob there = store.create(content.key(), layout);
                StoredBlob here = host.create(content.key(), layout)) {
            try (var writer = there.writer(index)) {
                writer.write(ByteBuffer.wrap(block));
                writer.complete();
            }
            try (var writer = here.writer(index)) {
                var outcome = blocks.fetch(
                        new NodeAddress("127.0.0.1", server.actualPort()),
                        content.key(),
                        index,
                        false,
                        cluster.ticket("host", content.key()),
                        writer,
                        Digest.newSha256().digest(block),
                        new Abort());
                assertThat(outcome).isInstanceOf(BlockOutcome.Received.class);
            }
            long from = layout.offset(index);
            try (BlobReader reader = here.reader(from, from + block.length)) {
                assertThat(reader.awaitReadable(Duration.ZERO)).isEqualTo(from + block.length);
                ByteBuffer read = ByteBuffer.allocate(1000);
                reader.channel().read(read, from + 5000);
                assertThat(read.array()).isEqualTo(Arrays.copyOfRange(block, 5000, 6000));
            }
        }
    }

    /** Where a stored blob is on disk. */
    private Path data() {
        String hex = content.key().digest().encoded();
        return directory.resolve("blobs/docker.io/" + hex.substring(0, 2) + "/" + hex + ".data");
    }

    private String path(int block) {
        return new BlockRequest(content.key(), block, false).target();
    }

    private HttpResponse<byte[]> get(String target) throws IOException, InterruptedException {
        return client.send(request(target), BodyHandlers.ofByteArray());
    }

    private HttpRequest request(String target) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.actualPort() + target))
                .timeout(Duration.ofSeconds(10))
                .header(Ticket.HEADER, ticket.text())
                .build();
    }
}
