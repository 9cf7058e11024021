package io.pantala.proxy.admin;

import io.netty.util.concurrent.EventExecutor;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Tells whether all event loops of a node turn. */
final class EventLoops {
    private final Iterable<EventExecutor> loops;
    private final Duration longestTurn;
    private @Nullable CountDownLatch round;

    EventLoops(Vertx vertx, Duration longestTurn) {
        this.longestTurn = longestTurn;
        this.loops = ((VertxInternal) vertx).nettyEventLoopGroup();
    }

    /** Waits until each loop has come round; false if one doesn't. */
    boolean turn() throws InterruptedException {
        return currentRound().await(longestTurn.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** One round at a time, so that asking often leaves nothing more on a loop that stands still. */
    private synchronized CountDownLatch currentRound() {
        if (round == null || round.getCount() == 0) {
            int count = 0;
            for (EventExecutor _ : loops) {
                count++;
            }
            CountDownLatch started = new CountDownLatch(count);
            loops.forEach(loop -> loop.execute(started::countDown));
            round = started;
        }
        return round;
    }
}
