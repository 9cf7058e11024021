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
import io.pantala.transport.control.SeedLinks;
import io.pantala.transport.link.SeedNames;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** A host that says it holds a blob, and serves it in a way of its own. */
final class StrangePeer implements AutoCloseable {
    /** What it answers to those who ask it for a block. */
    enum Way {
        CORRUPT,
        SELDOM_CORRUPT,
        ANOTHER_BLOCK,
        STALLING,
        LACKING,
        REFUSING,
        HANGING_UP
    }

    final AtomicInteger asked = new AtomicInteger();
    private final Vertx vertx = Vertx.vertx();
    private final byte[] bytes;
    private final BlockLayout layout;
    private final Way way;
    private final SeedLinks links;

    StrangePeer(Way way, BlobKey key, byte[] bytes, NodeAddress seed) throws Exception {
        this.way = way;
        this.bytes = bytes;
        this.layout = BlockLayout.of(bytes.length);
        HttpServer server = vertx.createHttpServer().requestHandler(this::serve);
        server.listen(0, "127.0.0.1").await(10, SECONDS);
        links = SeedLinks.dial(
                vertx,
                new SeedLinks.Dial(
                        new SeedNames(List.of(seed)),
                        "strange",
                        "strange/1",
                        Optional.of(new Peer(Optional.empty(), server.actualPort())),
                        "",
                        ControlMessage.Limits.NONE,
                        new LinkSecurity.Plain(InetAddress::isLoopbackAddress),
                        link -> link.send(new Have(key, layout, BlockSet.full(layout.count()))),
                        (_, _) -> {}),
                ControlConfig.DEFAULT,
                LinkListener.NONE);
        await().until(() -> links.up() == 1);
    }

    private void serve(HttpServerRequest request) {
        int time = asked.incrementAndGet();
        String path = request.path();
        int block = Integer.parseInt(path.substring(path.lastIndexOf('/') + 1));
        byte[] right = block(block);
        switch (way) {
            case CORRUPT -> request.response().end(Buffer.buffer(corrupt(right)));
            case SELDOM_CORRUPT -> request.response().end(Buffer.buffer(time % 20 == 1 ? corrupt(right) : right));
            case ANOTHER_BLOCK -> request.response().end(Buffer.buffer(block(block == 0 ? 1 : block - 1)));
            case STALLING ->
                request.response()
                        .putHeader("Content-Length", String.valueOf(right.length))
                        .write(Buffer.buffer(Arrays.copyOf(right, right.length / 2)));
            case LACKING -> request.response().setStatusCode(404).end();
            case REFUSING -> request.response().setStatusCode(403).end();
            case HANGING_UP -> request.connection().close();
        }
    }

    private byte[] block(int block) {
        return Arrays.copyOfRange(
                bytes, (int) layout.offset(block), (int) (layout.offset(block) + layout.length(block)));
    }

    private static byte[] corrupt(byte[] right) {
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
