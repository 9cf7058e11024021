package io.pantala.transport.block;

import io.pantala.store.IncomingBlock;
import io.pantala.store.StoredBlob;
import io.pantala.transport.RateLimit;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** Sends a block as the body while it comes, on a virtual thread that waits for it. */
final class RelayedBlock {
    private static final int SLICE = 64 << 10;

    /** Longer than whoever receives it waits for its own source. */
    private static final Duration STALL = Duration.ofSeconds(10);

    private final HttpServerResponse response;
    private final FileChannel channel;
    private final long offset;
    private final int length;
    private final IncomingBlock block;
    private final RateLimit limit;
    private final Context loop = Vertx.currentContext();

    private RelayedBlock(
            HttpServerResponse response, StoredBlob blob, int index, IncomingBlock block, RateLimit limit) {
        this.response = response;
        this.channel = blob.channel();
        this.offset = blob.layout().offset(index);
        this.length = blob.layout().length(index);
        this.block = block;
        this.limit = limit;
    }

    /** Sends it as the whole body, and ends the response; on the connection's event loop, as its future. */
    static Future<Void> send(
            HttpServerRequest request, StoredBlob blob, int index, IncomingBlock block, RateLimit limit) {
        RelayedBlock relayed = new RelayedBlock(request.response(), blob, index, block, limit);
        request.response().putHeader(HttpHeaders.CONTENT_LENGTH, String.valueOf(relayed.length));
        Promise<Void> sent = Promise.promise();
        Thread.startVirtualThread(() -> {
            try {
                relayed.pass();
                relayed.loop.runOnContext(_ -> sent.complete());
            } catch (IOException | RuntimeException e) {
                relayed.loop.runOnContext(_ -> sent.fail(e));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                relayed.loop.runOnContext(_ -> sent.fail(e));
            }
        });
        return sent.future().compose(_ -> request.response().end());
    }

    private void pass() throws IOException, InterruptedException {
        int sent = 0;
        while (sent < length) {
            int there = block.await(sent, STALL);
            if (there < 0) {
                throw new IOException("the block has stopped coming");
            }
            while (sent < there) {
                Buffer slice = PacedSlices.read(channel, offset + sent, limit.portion(Math.min(SLICE, there - sent)));
                write(slice);
                limit.pay(slice.length());
                sent += slice.length();
            }
        }
    }

    private void write(Buffer slice) throws IOException, InterruptedException {
        CompletableFuture<Void> written = new CompletableFuture<>();
        loop.runOnContext(_ -> {
            try {
                response.write(slice).onComplete(written::complete, written::completeExceptionally);
            } catch (RuntimeException e) {
                // The host has hung up.
                written.completeExceptionally(e);
            }
        });
        try {
            written.get();
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        }
    }
}
