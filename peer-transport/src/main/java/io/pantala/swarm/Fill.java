package io.pantala.swarm;

import java.util.concurrent.CompletableFuture;

/**
 * One party's interest in the filling of a blob. The fill goes on for a grace period after its last party has left, so
 * that one that leaves ends it for nobody else.
 */
public interface Fill extends AutoCloseable {
    /**
     * What came of it, as soon as it is known that the blob's bytes will come, or will not. Completes normally, always,
     * and within a bounded time.
     */
    CompletableFuture<Opening> opening();

    @Override
    void close();
}
