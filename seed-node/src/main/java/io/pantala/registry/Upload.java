package io.pantala.registry;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A request's body on its way to a registry, no faster than it is taken there. It ends early once the registry has
 * answered, as it may do before it has read everything.
 */
final class Upload {
    private final RequestBody body;
    private final Duration idle;
    private final CompletableFuture<?> answer;
    private final CompletableFuture<Void> done = new CompletableFuture<>();

    /** @param answer what ends it, and what its failure ends */
    Upload(RequestBody body, Duration idle, CompletableFuture<?> answer) {
        this.body = body;
        this.idle = idle;
        this.answer = answer;
    }

    /** Done when nothing more will be sent. */
    CompletableFuture<Void> done() {
        return done;
    }

    /** Begins; the response may come any time. */
    Future<HttpClientResponse> begin(HttpClientRequest sending) {
        body.length()
                .ifPresentOrElse(
                        length -> sending.putHeader(HttpHeaders.CONTENT_LENGTH, Long.toString(length)),
                        () -> sending.setChunked(true));
        if (body.awaitsContinue()) {
            sending.putHeader(HttpHeaders.EXPECT, HttpHeaders.CONTINUE);
            sending.continueHandler(_ -> body.proceed());
        }
        Future<Void> head = sending.writeHead();
        Thread.ofVirtual().name("upload").start(() -> {
            try {
                await(head);
                send(sending);
            } finally {
                done.complete(null);
            }
        });
        return sending.response();
    }

    private void send(HttpClientRequest sending) {
        try {
            for (Buffer next = body.next(idle); next != null; next = body.next(idle)) {
                if (answer.isDone() || !await(sending.write(next))) {
                    return;
                }
            }
            await(sending.end());
        } catch (IOException e) {
            answer.completeExceptionally(new UpstreamException(
                    UpstreamException.Kind.CUT, "the request's body broke off: " + e.getMessage(), e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether it was written. What was not is told by the response's failure; or a response came before. */
    private boolean await(Future<Void> written) {
        try {
            written.toCompletionStage().toCompletableFuture().get(idle.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (ExecutionException e) {
            return false;
        } catch (TimeoutException e) {
            answer.completeExceptionally(
                    new UpstreamException(UpstreamException.Kind.TIMEOUT, "the registry does not take the body"));
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
