package io.pantala.transport.block;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.impl.ConnectionBase;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Sends part of a mapped file as the pages that are in memory already, slice after slice behind a head that Vert.x wrote. Over
 * TLS its {@code sendFile} would read chunks of 8 KiB and cost twice as much. One of the few classes that touch the
 * insides of Vert.x. On the connection's event loop.
 */
final class MappedSlices {
    private static final int SLICE = 128 << 10;

    /** Slices on their way at once. */
    private static final int AHEAD = 4;

    private final ChannelHandlerContext connection;
    private final MemorySegment part;
    private final Promise<Void> sent = Promise.promise();
    private long next;
    private int onTheirWay;
    private @Nullable Throwable failure;

    private MappedSlices(ChannelHandlerContext connection, MemorySegment part) {
        this.connection = connection;
        this.part = part;
    }

    /**
     * Sends it as the whole body, and ends the response.
     *
     * @param part stays as it is until the future is done: then nothing refers to it any more, since a write is done when
     *     it has let go of its slice
     */
    static Future<Void> send(HttpServerRequest request, MemorySegment part) {
        MappedSlices slices = new MappedSlices(((ConnectionBase) request.connection()).channelHandlerContext(), part);
        request.response()
                .putHeader(HttpHeaders.CONTENT_LENGTH, String.valueOf(part.byteSize()))
                .writeHead()
                .onComplete(_ -> slices.proceed(), slices.sent::fail);
        return slices.sent.future().compose(_ -> request.response().end());
    }

    private void proceed() {
        while (failure == null && next < part.byteSize() && onTheirWay < AHEAD) {
            long length = Math.min(SLICE, part.byteSize() - next);
            ChannelFuture written = connection.writeAndFlush(
                    Unpooled.wrappedBuffer(part.asSlice(next, length).asByteBuffer()));
            next += length;
            onTheirWay++;
            written.addListener(done -> landed(done.cause()));
        }
        if (onTheirWay == 0) {
            if (failure == null) {
                sent.tryComplete();
            } else {
                sent.tryFail(failure);
            }
        }
    }

    private void landed(@Nullable Throwable trouble) {
        onTheirWay--;
        if (trouble != null && failure == null) {
            failure = trouble;
        }
        proceed();
    }
}
