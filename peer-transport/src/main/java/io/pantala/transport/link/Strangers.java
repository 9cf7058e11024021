package io.pantala.transport.link;

import io.netty.channel.Channel;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Connections whose other ends have proved nothing yet. There are so many at most, so that nobody fills this node's memory
 * with them: for another, one of them is closed, whichever, so that who means well and is quick has good chances.
 */
final class Strangers {
    private final int most;
    private final RandomGenerator random;
    private final Runnable onDropped;

    // Guarded by this.
    private final List<Channel> channels = new ArrayList<>();

    /** @param onDropped runs for each that was closed for another */
    Strangers(int most, RandomGenerator random, Runnable onDropped) {
        this.most = most;
        this.random = random;
        this.onDropped = onDropped;
    }

    /** A new connection. */
    void add(Channel channel) {
        Channel dropped = replace(channel);
        // What is closed already is forgotten at once.
        channel.closeFuture().addListener(_ -> forget(channel));
        if (dropped != null) {
            var _ = dropped.close();
            onDropped.run();
        }
    }

    private synchronized @Nullable Channel replace(Channel channel) {
        if (channels.size() < most) {
            channels.add(channel);
            return null;
        }
        return channels.set(random.nextInt(most), channel);
    }

    /** It has proved whose it is, or is no more. */
    synchronized void forget(Channel channel) {
        int index = channels.indexOf(channel);
        if (index >= 0) {
            channels.set(index, channels.getLast());
            channels.removeLast();
        }
    }
}
