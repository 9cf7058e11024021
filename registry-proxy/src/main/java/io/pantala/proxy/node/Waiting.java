package io.pantala.proxy.node;

import io.pantala.transport.NodeAddress;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Waits for event loops, but not for ever. */
final class Waiting {
    private static final Duration LONGEST = Duration.ofSeconds(10);

    /** Nothing but a machine that is busy, such as one that has just been started, delays it. */
    private static final Duration BIND = Duration.ofMinutes(1);

    private Waiting() {}

    /** Until it listens; an exception says in one line why it can't. */
    static <T> T listening(Future<T> listening, NodeAddress address) throws IOException {
        try {
            return await(listening, BIND);
        } catch (ExecutionException e) {
            throw new IOException("can't listen on " + address + ": " + reason(e), e);
        } catch (TimeoutException e) {
            throw new IOException("can't listen on " + address + ": no answer in " + BIND.toSeconds() + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private static String reason(ExecutionException e) {
        return String.valueOf(
                e.getCause() == null ? e.getMessage() : e.getCause().getMessage());
    }

    static void close(Vertx vertx) throws ExecutionException, TimeoutException, InterruptedException {
        await(vertx.close(), LONGEST);
    }

    private static <T> T await(Future<T> future, Duration longest)
            throws ExecutionException, TimeoutException, InterruptedException {
        return future.toCompletionStage().toCompletableFuture().get(longest.toMillis(), TimeUnit.MILLISECONDS);
    }
}
