package io.pantala.proxy.node;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.BlockSet;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.control.ControlConfig;
import io.pantala.transport.control.ControlMessage;
import io.pantala.transport.control.ControlMessage.Have;
import io.pantala.transport.control.ControlMessage.Peer;
import io.pantala.transport.control.LinkListener;
import io.pantala.transport.control.LinkSecurity;
import io.pantala.transport.control.SeedLink;
import io.pantala.transport.control.SeedLinks;
import io.pantala.transport.link.SeedNames;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** A host that says it holds blobs, and serves them in a way of its own. */
final class StrangePeer implements AutoCloseable {
    /** What it answers to those who ask it for a block. */
    enum Way {
        CORRUPT,
        SELDOM_CORRUPT,
        ANOTHER_BLOCK,
        STALLING,
        /** All its blocks together come no faster than {@link #DROP} bytes each {@link #PAUSE}. */
        CRAWLING,
        LACKING,
        REFUSING,
        HANGING_UP;

        boolean sendsWrongBytes() {
            return this == CORRUPT || this == SELDOM_CORRUPT || this == ANOTHER_BLOCK;
        }
    }

    /** One time in so many {@link Way#SELDOM_CORRUPT}. */
    static final int SELDOM = 100;

    /** Over a link that its receivers share; a hundredth of 8 MiB a second. */
    private static final int DROP = 4 << 10;

    private static final Duration PAUSE = Duration.ofMillis(50);

    final AtomicInteger asked = new AtomicInteger();
    final AtomicInteger spoilt = new AtomicInteger();
    private final Queue<Crawl> crawling = new ConcurrentLinkedQueue<>();
    private final Vertx vertx = Vertx.vertx();
    private final Map<String, byte[]> blobs = new ConcurrentHashMap<>();
    private final CompletableFuture<SeedLink> link = new CompletableFuture<>();
    private final Way way;
    private final NodeAddress address;
    private final SeedLinks links;

    /** What is left of a block to send. */
    private record Crawl(HttpServerResponse to, Buffer left) {}

    StrangePeer(Way way, NodeAddress seed) throws Exception {
        this.way = way;
        HttpServer server = vertx.createHttpServer().requestHandler(this::serve);
        server.listen(0, "127.0.0.1").await(10, SECONDS);
        address = new NodeAddress("127.0.0.1", server.actualPort());
        vertx.setPeriodic(PAUSE.toMillis(), _ -> drop());
        links = SeedLinks.dial(
                vertx,
                new SeedLinks.Dial(
                        new SeedNames(List.of(seed)),
                        "strange",
                        "strange/1",
                        Optional.of(new Peer(Optional.empty(), address.port())),
                        "",
                        ControlMessage.Limits.NONE,
                        new LinkSecurity.Plain(InetAddress::isLoopbackAddress),
                        link::complete,
                        (_, _) -> {}),
                ControlConfig.DEFAULT,
                LinkListener.NONE);
        await().until(() -> links.up() == 1);
    }

    /** Where others ask it for blocks. */
    NodeAddress address() {
        return address;
    }

    /** It says so. */
    void hold(BlobKey key, byte[] bytes) throws Exception {
        blobs.put(key.digest().toString(), bytes);
        BlockLayout layout = BlockLayout.of(bytes.length);
        link.get(10, SECONDS).send(new Have(key, layout, BlockSet.full(layout.count())));
    }

    private void serve(HttpServerRequest request) {
        int time = asked.incrementAndGet();
        String[] path = request.path().split("/", -1);
        int block = Integer.parseInt(path[path.length - 1]);
        byte[] blob = blobs.get(path[path.length - 3]);
        byte[] right = block(blob, block);
        switch (way) {
            case CORRUPT -> request.response().end(Buffer.buffer(corrupt(right)));
            case SELDOM_CORRUPT ->
                request.response().end(Buffer.buffer(time % SELDOM == SELDOM / 2 ? corrupt(right) : right));
            case ANOTHER_BLOCK -> request.response().end(Buffer.buffer(another(blob, block)));
            case STALLING ->
                request.response()
                        .putHeader("Content-Length", String.valueOf(right.length))
                        .write(Buffer.buffer(Arrays.copyOf(right, right.length / 2)));
            case CRAWLING -> {
                request.response().putHeader("Content-Length", String.valueOf(right.length));
                crawling.add(new Crawl(request.response(), Buffer.buffer(right)));
            }
            case LACKING -> request.response().setStatusCode(404).end();
            case REFUSING -> request.response().setStatusCode(403).end();
            case HANGING_UP -> request.connection().close();
        }
    }

    /** The next drop, to whoever waits for it and has not hung up. */
    private void drop() {
        crawling.removeIf(crawl -> crawl.to.closed());
        Crawl next = crawling.poll();
        if (next == null) {
            return;
        }
        int drop = Math.min(DROP, next.left.length());
        next.to.write(next.left.slice(0, drop));
        if (drop < next.left.length()) {
            crawling.add(new Crawl(next.to, next.left.slice(drop, next.left.length())));
        } else {
            next.to.end();
        }
    }

    private static byte[] block(byte[] bytes, int block) {
        BlockLayout layout = BlockLayout.of(bytes.length);
        return Arrays.copyOfRange(
                bytes, (int) layout.offset(block), (int) (layout.offset(block) + layout.length(block)));
    }

    private byte[] another(byte[] bytes, int block) {
        spoilt.incrementAndGet();
        return block(bytes, block == 0 ? 1 : block - 1);
    }

    private byte[] corrupt(byte[] right) {
        spoilt.incrementAndGet();
        byte[] wrong = right.clone();
        wrong[wrong.length / 3] ^= 1;
        return wrong;
    }

    @Override
    public void close() {
        links.close();
        vertx.close().await();
    }
}
