package io.pantala.transport.block;

import io.pantala.transport.RateLimit;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.concurrent.TimeUnit;

/**
 * Sends part of a file as a body, no faster than a limit allows. What is slow anyway may go through memory. On the
 * connection's event loop.
 */
final class PacedSlices {
    private static final int SLICE = 64 << 10;

    private final HttpServerRequest request;
    private final FileChannel channel;
    private final RateLimit limit;
    private final long end;
    private final Vertx vertx;
    private final Promise<Void> sent = Promise.promise();
    private long next;

    private PacedSlices(HttpServerRequest request, FileChannel channel, long offset, int length, RateLimit limit) {
        this.request = request;
        this.channel = channel;
        this.limit = limit;
        this.next = offset;
        this.end = offset + length;
        this.vertx = Vertx.currentContext().owner();
    }

    /** Sends it as the whole body, and ends the response. */
    static Future<Void> send(HttpServerRequest request, FileChannel channel, long offset, int length, RateLimit limit) {
        request.response().putHeader(HttpHeaders.CONTENT_LENGTH, String.valueOf(length));
        PacedSlices slices = new PacedSlices(request, channel, offset, length, limit);
        slices.proceed();
        return slices.sent.future().compose(_ -> request.response().end());
    }

    private void proceed() {
        if (next == end) {
            sent.complete();
            return;
        }
        try {
            Buffer slice = read(channel, next, limit.portion((int) Math.min(SLICE, end - next)));
            next += slice.length();
            request.response().write(slice).onComplete(_ -> rest(limit.take(slice.length())), sent::fail);
        } catch (IOException | IllegalStateException e) {
            sent.fail(e);
        }
    }

    static Buffer read(FileChannel channel, long from, int length) throws IOException {
        ByteBuffer slice = ByteBuffer.allocate(length);
        while (slice.hasRemaining()) {
            if (channel.read(slice, from + slice.position()) < 0) {
                throw new IOException("the file ends early");
            }
        }
        return Buffer.buffer(slice.array());
    }

    private void rest(long nanos) {
        long millis = TimeUnit.NANOSECONDS.toMillis(nanos);
        if (millis == 0) {
            proceed();
        } else {
            vertx.setTimer(millis, _ -> proceed());
        }
    }
}
