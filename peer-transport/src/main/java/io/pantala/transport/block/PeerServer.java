package io.pantala.transport.block;

import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.ClusterTls;
import io.pantala.transport.link.Access;
import io.pantala.transport.link.Caller;
import io.pantala.transport.link.Denial;
import io.pantala.transport.link.Door;
import io.pantala.transport.link.LinkServer;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;

/** Where a host gives blocks to other nodes. Nothing else is to be had there. */
public final class PeerServer implements AutoCloseable {
    private static final Pattern BLOCKS = Pattern.compile(BlockServer.PATHS);
    private static final int LONGEST_MESSAGE = 1 << 16;

    private final Door door;
    private final BlockServer blocks;
    private final LinkServer server;

    private PeerServer(Vertx vertx, NodeAddress listen, Optional<ClusterTls> tls, Door door, BlockServer blocks)
            throws IOException {
        this.door = door;
        this.blocks = blocks;
        this.server = LinkServer.start(vertx, listen, tls, door, LONGEST_MESSAGE, this::handle);
    }

    /**
     * Binds and serves.
     *
     * @param tls of the cluster; empty: its links are plain
     * @throws IOException when the address can't be bound; the message says why
     */
    public static PeerServer start(
            Vertx vertx, NodeAddress listen, Optional<ClusterTls> tls, Door door, BlockServer blocks)
            throws IOException {
        return new PeerServer(vertx, listen, tls, door, blocks);
    }

    private void handle(HttpServerRequest request) {
        Caller caller = door.caller(request);
        Optional<Denial> denial = door.check(Access.NODES, caller, request);
        if (denial.isPresent()) {
            request.response()
                    .setStatusCode(denial.get().status())
                    .end(denial.get().words() + "\n");
        } else if (request.method().equals(HttpMethod.GET)
                && BLOCKS.matcher(request.path()).matches()) {
            blocks.handle(request, caller);
        } else {
            request.response().setStatusCode(404).end();
        }
    }

    /** The port that was bound. */
    public int port() {
        return server.port();
    }

    @Override
    public void close() {
        server.close(Duration.ZERO);
    }
}
