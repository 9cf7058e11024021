package io.pantala.seed.http;

import io.pantala.transport.NodeAddress;
import io.pantala.transport.control.ControlServer;
import io.pantala.transport.identity.ClusterTls;
import io.pantala.transport.link.Door;
import io.pantala.transport.link.LinkServer;
import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** A seed's listener: its control link, its blocks and its API. What it answers is mounted by the parts that answer. */
public final class SeedServer {
    private final LinkServer server;
    private final Router router;

    private SeedServer(LinkServer server, Router router) {
        this.server = server;
        this.router = router;
    }

    /**
     * Binds and serves.
     *
     * @param door says who may do what
     * @param parts each mounts its own
     * @throws IOException when the address can't be bound; the message says why
     */
    public static SeedServer start(
            Vertx vertx, NodeAddress listen, ClusterTls tls, Door door, List<Consumer<Routes>> parts)
            throws IOException {
        Router router = Router.router(vertx);
        Routes routes = new Routes(router, door);
        parts.forEach(part -> part.accept(routes));
        router.route()
                .last()
                .handler(context -> Problem.answer(context.response(), 404, "there is nothing at this path"));
        return new SeedServer(
                LinkServer.start(vertx, listen, Optional.of(tls), door, ControlServer.LONGEST_MESSAGE, router), router);
    }

    /** The port that was bound. */
    public int port() {
        return server.port();
    }

    /** All that can be asked of it. */
    public Router router() {
        return router;
    }

    /** Takes nothing new, and gives what is running that long to finish. */
    public void close(Duration grace) {
        server.close(grace);
    }
}
