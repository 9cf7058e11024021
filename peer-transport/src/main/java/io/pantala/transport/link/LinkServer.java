package io.pantala.transport.link;

import io.netty.channel.Channel;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.ClusterTls;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.impl.ConnectionBase;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A node's listener for other nodes: HTTP/1.1, over TLS on those connections that begin with it. Who may do what is for
 * a {@link Door} to say. One of the few classes that touch the insides of Vert.x.
 */
public final class LinkServer {
    /** Connections of those who have proved nothing: what they can make this node remember must fit into its memory. */
    private static final int MOST_STRANGERS = 256;

    /** Nothing but a machine that is busy, such as one that has just been started, delays it. */
    private static final Duration BIND = Duration.ofMinutes(1);

    private static final int LONGEST_HEADER = 48 << 10;
    private static final int LONGEST_LINE = 4 << 10;
    private static final int LONGEST_IDLE_SECONDS = 120;

    private final HttpServer server;

    private LinkServer(HttpServer server) {
        this.server = server;
    }

    /**
     * Binds and serves.
     *
     * @param tls empty where there is none, and every connection plain
     * @param door knows who needs no certificate
     * @param longestMessage bytes of a WebSocket's message
     * @throws IOException when the address can't be bound; the message says why
     */
    public static LinkServer start(
            Vertx vertx,
            NodeAddress listen,
            Optional<ClusterTls> tls,
            Door door,
            int longestMessage,
            Handler<HttpServerRequest> handler)
            throws IOException {
        Strangers strangers = new Strangers(MOST_STRANGERS, new SplittableRandom(), door.listener()::strangerDropped);
        HttpServer server = vertx.createHttpServer(new HttpServerOptions()
                        // Over HTTP/2, files can't be sent from the page cache.
                        .setHttp2ClearTextEnabled(false)
                        .setMaxHeaderSize(LONGEST_HEADER)
                        .setMaxInitialLineLength(LONGEST_LINE)
                        .setMaxWebSocketFrameSize(longestMessage)
                        .setMaxWebSocketMessageSize(longestMessage)
                        .setPerFrameWebSocketCompressionSupported(false)
                        .setPerMessageWebSocketCompressionSupported(false)
                        .setWebSocketClosingTimeout(1)
                        .setIdleTimeout(LONGEST_IDLE_SECONDS)
                        .setTcpNoDelay(true))
                .connectionHandler(connection -> receive(connection, tls, door, strangers))
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

    /** On the connection's event loop, before it reads. */
    private static void receive(HttpConnection connection, Optional<ClusterTls> tls, Door door, Strangers strangers) {
        Channel channel = ((ConnectionBase) connection).channelHandlerContext().channel();
        if (door.isStrange(connection.remoteAddress())) {
            strangers.add(channel);
        }
        tls.ifPresent(own -> channel.pipeline().addFirst(TlsDetector.NAME, new TlsDetector(own::accept, engine -> {
            if (Door.certificate(engine.getSession()) != null) {
                strangers.forget(channel);
            }
        })));
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
