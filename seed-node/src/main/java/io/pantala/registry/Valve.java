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
 */
final class Valve {
    private static final int LEAST_READ = 2 << 10;
    private static final int FIRST_READ = 16 << 10;

    private final Channel channel;
    private boolean shut;

    Valve(HttpClientResponse response) {
        this.channel = channel(response.request().connection());
    }

    /** Lets a connection take up to so many bytes with one read while they come fast. */
    static void readAtOnce(HttpConnection connection, int bytes) {
        channel(connection)
                .config()
                .setRecvByteBufAllocator(new AdaptiveRecvByteBufAllocator(LEAST_READ, FIRST_READ, bytes));
    }

    private static Channel channel(HttpConnection connection) {
        return ((HttpClientConnection) connection).channelHandlerContext().channel();
    }

    void shut() {
        if (!shut) {
            shut = true;
            channel.config().setAutoRead(false);
        }
    }

    void open() {
        if (shut) {
            shut = false;
            channel.config().setAutoRead(true);
        }
    }

    /** Runs it on the response's event loop once all has arrived there that was under way from the connection's. */
    void behindWhatIsUnderWay(Context context, Runnable task) {
        channel.eventLoop().execute(() -> context.runOnContext(_ -> task.run()));
    }
}
