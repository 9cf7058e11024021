package io.pantala.seed.api;

import io.pantala.transport.NodeAddress;
import io.pantala.transport.control.ControlServer;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.ext.web.Router;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** A seed's HTTP listener. What it answers is mounted by the parts that answer. */
public final class SeedServer {
    private static final Duration BIND = Duration.ofSeconds(10);
    private static final int LONGEST_HEADER = 64 << 10;
    private static final int LONGEST_IDLE_SECONDS = 120;

    private final HttpServer server;

    private SeedServer(HttpServer server) {
        this.server = server;
    }

    /**
     * Binds and serves.
     *
     * @param routes each mounts its own
     * @throws IOException when the address can't be bound; the message says why
     */
    public static SeedServer start(Vertx vertx, NodeAddress listen, List<Consumer<Router>> routes) throws IOException {
        Router router = Router.router(vertx);
        routes.forEach(part -> part.accept(router));
        HttpServer server = vertx.createHttpServer(new HttpServerOptions()
                        // Over HTTP/2, files can't be sent from the page cache.
                        .setHttp2ClearTextEnabled(false)
                        .setMaxHeaderSize(LONGEST_HEADER)
                        .setMaxInitialLineLength(LONGEST_HEADER)
                        .setMaxWebSocketFrameSize(ControlServer.LONGEST_MESSAGE)
                        .setMaxWebSocketMessageSize(ControlServer.LONGEST_MESSAGE)
                        .setPerFrameWebSocketCompressionSupported(false)
                        .setPerMessageWebSocketCompressionSupported(false)
                        .setWebSocketClosingTimeout(1)
                        .setIdleTimeout(LONGEST_IDLE_SECONDS)
                        .setTcpNoDelay(true))
                .requestHandler(router);
        try {
            server.listen(listen.port(), listen.host()).await(BIND.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new IOException("can't listen on " + listen + ": no answer in " + BIND.toSeconds() + " s", e);
        } catch (Exception e) { // await() throws what the future failed with, checked or not
            throw new IOException("can't listen on " + listen + ": " + e.getMessage(), e);
        }
        return new SeedServer(server);
    }

    /** The port that was bound. */
    public int port() {
        return server.actualPort();
    }

    /** Takes nothing new, and gives what is running that long to finish. */
    public void close(Duration grace) {
        try {
            server.shutdown(grace).await(grace.plusSeconds(1).toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            server.close();
        }
    }
}
