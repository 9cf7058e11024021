package io.pantala.proxy.http;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.pantala.registry.RequestBody;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The body of an engine's request; what has not been asked for stays at the engine, but for some parts. */
final class EngineBody implements RequestBody {
    private static final int AHEAD = 4;

    private final HttpServerRequest request;
    private final EngineChannel channel;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();
    private final Deque<Buffer> waiting = new ArrayDeque<>();
    private boolean ended;
    private boolean dropping;
    private @Nullable Throwable failure;

    private EngineBody(HttpServerRequest request, EngineChannel channel) {
        this.request = request;
        this.channel = channel;
        request.pause();
        request.handler(this::arrived)
                .endHandler(_ -> finish(null))
                .exceptionHandler(this::finish)
                .fetch(AHEAD);
    }

    /** The body of a request that has one. On the event loop, when its head has come. */
    static Optional<EngineBody> of(HttpServerRequest request, EngineChannel channel) {
        String length = request.getHeader(HttpHeaderNames.CONTENT_LENGTH);
        boolean has = request.headers().contains(HttpHeaderNames.TRANSFER_ENCODING)
                || (length != null && !length.strip().equals("0"));
        return has ? Optional.of(new EngineBody(request, channel)) : Optional.empty();
    }

    @Override
    public OptionalLong length() {
        String length = request.getHeader(HttpHeaderNames.CONTENT_LENGTH);
        return length == null ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(length.strip()));
    }

    @Override
    public boolean awaitsContinue() {
        return request.headers().contains(HttpHeaderNames.EXPECT, HttpHeaderValues.CONTINUE, true);
    }

    @Override
    public void proceed() {
        channel.executeIfOpen(() -> {
            if (!request.response().headWritten()) {
                var _ = request.response().writeContinue();
            }
        });
    }

    @Override
    public @Nullable Buffer next(Duration idle) throws IOException, InterruptedException {
        Buffer next;
        lock.lock();
        try {
            long nanos = idle.toNanos();
            while (waiting.isEmpty()) {
                if (ended) {
                    return null;
                }
                if (failure != null) {
                    throw new IOException("the engine closed its connection", failure);
                }
                if (nanos <= 0) {
                    throw new IOException("the engine sends no more");
                }
                nanos = arrived.awaitNanos(nanos);
            }
            next = waiting.remove();
        } finally {
            lock.unlock();
        }
        channel.executeIfOpen(() -> request.fetch(1));
        return next;
    }

    /** Whether all of it has come, so that another request can. */
    boolean ended() {
        lock.lock();
        try {
            return ended;
        } finally {
            lock.unlock();
        }
    }

    /** Nobody reads it any more: what still comes is dropped, so that the engine can be heard out and told. */
    void drop() {
        lock.lock();
        try {
            dropping = true;
            waiting.clear();
        } finally {
            lock.unlock();
        }
        channel.executeIfOpen(request::resume);
    }

    private void arrived(Buffer part) {
        lock.lock();
        try {
            if (!dropping) {
                waiting.add(part);
                arrived.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    private void finish(@Nullable Throwable why) {
        lock.lock();
        try {
            if (!ended && failure == null) {
                failure = why;
                ended = why == null;
                arrived.signal();
            }
        } finally {
            lock.unlock();
        }
    }
}
