package io.pantala.transport.link;

import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.ClusterTls;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A node's listener for other nodes: HTTP/1.1, over TLS on those connections that begin with it. Who may do what is for
 * a {@link Door} to say.
 */
public final class LinkServer {
    private static final Duration BIND = Duration.ofSeconds(10);
    private static final int LONGEST_HEADER = 64 << 10;
    private static final int LONGEST_IDLE_SECONDS = 120;

    private final HttpServer server;

    private LinkServer(HttpServer server) {
        this.server = server;
    }

    /**
     * Binds and serves.
     *
     * @param tls empty where there is none, and every connection plain
     * @param longestMessage bytes of a WebSocket's message
     * @throws IOException when the address can't be bound; the message says why
     */
    public static LinkServer start(
            Vertx vertx,
            NodeAddress listen,
            Optional<ClusterTls> tls,
            int longestMessage,
            Handler<HttpServerRequest> handler)
            throws IOException {
        HttpServer server = vertx.createHttpServer(new HttpServerOptions()
                        // Over HTTP/2, files can't be sent from the page cache.
                        .setHttp2ClearTextEnabled(false)
                        .setMaxHeaderSize(LONGEST_HEADER)
                        .setMaxInitialLineLength(LONGEST_HEADER)
                        .setMaxWebSocketFrameSize(longestMessage)
                        .setMaxWebSocketMessageSize(longestMessage)
                        .setPerFrameWebSocketCompressionSupported(false)
                        .setPerMessageWebSocketCompressionSupported(false)
                        .setWebSocketClosingTimeout(1)
                        .setIdleTimeout(LONGEST_IDLE_SECONDS)
                        .setTcpNoDelay(true))
                .connectionHandler(connection -> tls.ifPresent(own -> TlsDetector.watch(connection, own::accept)))
                .requestHandler(handler);
        try {
            server.listen(listen.port(), listen.host()).await(BIND.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new IOException("can't listen on " + listen + ": no answer in " + BIND.toSeconds() + " s", e);
        } catch (Exception e) { // await() throws what the future failed with, checked or not
            throw new IOException("can't listen on " + listen + ": " + e.getMessage(), e);
        }
        return new LinkServer(server);
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
