package io.pantala.registry;

import io.netty.channel.Channel;
import io.vertx.core.Context;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.impl.HttpClientConnection;

/**
 * Stops and resumes the reading of one response's connection, at the socket. Vert.x's own {@code pause} queues what
 * comes meanwhile in two places, and loses the second when the connection ends. The one class that knows Vert.x's
 * connections from inside.
 */
final class Valve {
    private final Channel channel;
    private boolean shut;

    Valve(HttpClientResponse response) {
        this.channel = ((HttpClientConnection) response.request().connection())
                .channelHandlerContext()
                .channel();
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
