package io.pantala.registry;

import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.vertx.core.Context;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.impl.HttpClientConnection;

/**
 * Stops and resumes the reading of one response's connection, at the socket. Vert.x's own {@code pause} queues what
 * comes meanwhile in two places, and loses the second when the connection ends. The one class that knows Vert.x's
 * connections from inside.
 *
 * <p>Vert.x turns the same switch when what it passes from one event loop to another piles up. So it is turned on the
 * connection's event loop alone: turned off elsewhere, the connection would stop reading a little later, perhaps after
 * Vert.x has turned it on, and nobody would turn it on again. And what Vert.x has turned on may have to be turned off
 * once more.
 */
final class Valve {
    private static final int LEAST_READ = 2 << 10;
    private static final int FIRST_READ = 16 << 10;

    private final Channel channel;
    private boolean shut;

    Valve(HttpClientResponse response) {
        this(channel(response.request().connection()));
    }

    Valve(Channel channel) {
        this.channel = channel;
    }

    /** Has a connection fill one of these buffers with one read while its bytes come fast. */
    static void readInto(ReadBuffers buffers, HttpConnection connection) {
        Channel channel = channel(connection);
        channel.config().setAllocator(buffers.of(channel));
        channel.config()
                .setRecvByteBufAllocator(new AdaptiveRecvByteBufAllocator(LEAST_READ, FIRST_READ, ReadBuffers.SIZE));
    }

    private static Channel channel(HttpConnection connection) {
        return ((HttpClientConnection) connection).channelHandlerContext().channel();
    }

    /** To be called again when more has come all the same. One call of this and {@link #open} at a time. */
    void shut() {
        shut = true;
        turn(false);
    }

    void open() {
        if (shut) {
            shut = false;
            turn(true);
        }
    }

    private void turn(boolean on) {
        channel.eventLoop().execute(() -> channel.config().setAutoRead(on));
    }

    /** Runs it on the response's event loop once all has arrived there that was under way from the connection's. */
    void behindWhatIsUnderWay(Context context, Runnable task) {
        channel.eventLoop().execute(() -> context.runOnContext(_ -> task.run()));
    }
}
