package io.pantala.registry;

import io.netty.buffer.ByteBuf;
import io.vertx.core.Context;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.internal.buffer.BufferInternal;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.OptionalLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A registry's response whose headers are here and whose body waits to be read, by one thread, a virtual one. At most
 * about 2 MiB of it are held in memory.
 */
public final class RegistryResponse implements AutoCloseable {
    /** Arrived and not yet taken: above the first the connection is paused, at the second it goes on. */
    private static final int PAUSE_AT = 512 << 10;

    private static final int RESUME_AT = 128 << 10;

    /** What is worth reading to the end so that the connection can be used again. */
    private static final int DRAINED_AT_MOST = 64 << 10;

    private static final long DRAINED_WITHIN_MILLIS = 5_000;

    private final HttpClientResponse response;
    private final Context context;
    private final Events events;
    private final OptionalLong contentLength;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();
    private final Deque<Buffer> waiting = new ArrayDeque<>();
    private int waitingBytes;
    private boolean paused = true;
    private boolean ended;
    private @Nullable UpstreamException failure;

    private boolean reading;
    private boolean released;
    private long taken;

    /** What its client wants to know. */
    interface Events {
        void received(int bytes);

        void failed(UpstreamException.Kind kind);
    }

    /** On the response's event loop, before anything of its body can have been handed out. */
    RegistryResponse(HttpClientResponse response, Context context, Events events) {
        this.response = response;
        this.context = context;
        this.events = events;
        response.pause();
        this.contentLength = contentLength(response);
    }

    public int status() {
        return response.statusCode();
    }

    public MultiMap headers() {
        return response.headers();
    }

    /** Bytes the body will have, if told: 0 for a response that has none. */
    public OptionalLong contentLength() {
        return contentLength;
    }

    /**
     * The next bytes of the body, never none, valid until the next call; null at its right end.
     *
     * @param idle how long to wait for them
     */
    public @Nullable ByteBuffer next(Duration idle) throws UpstreamException {
        begin();
        Buffer chunk;
        try {
            chunk = await(idle.toNanos());
        } catch (UpstreamException e) {
            events.failed(e.kind());
            close();
            throw e;
        }
        if (chunk == null) {
            released = true;
            return null;
        }
        taken += chunk.length();
        events.received(chunk.length());
        ByteBuf bytes = ((BufferInternal) chunk).getByteBuf();
        return bytes.nioBuffer();
    }

    /**
     * All of the body, or its first {@code limit} bytes.
     *
     * @param idle how long to wait for each part of it
     */
    public byte[] readAll(int limit, Duration idle) throws UpstreamException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        ByteBuffer chunk;
        while (body.size() < limit && (chunk = next(idle)) != null) {
            byte[] bytes = new byte[Math.min(chunk.remaining(), limit - body.size())];
            chunk.get(bytes);
            body.writeBytes(bytes);
        }
        return body.toByteArray();
    }

    /**
     * The paused response itself, for piping its body elsewhere in place of {@link #next}. From now on its end and its
     * deadlines are the caller's; {@link #close} does nothing any more.
     */
    public HttpClientResponse raw() {
        released = true;
        return response;
    }

    /** Drops what was not read. */
    @Override
    public void close() {
        if (released) {
            return;
        }
        released = true;
        if (reading || contentLength.orElse(DRAINED_AT_MOST) > DRAINED_AT_MOST) {
            response.request().reset();
        } else {
            context.runOnContext(_ -> drain());
        }
    }

    private void begin() throws UpstreamException {
        if (released) {
            throw new IllegalStateException("already read, handed out or closed");
        }
        if (!reading) {
            reading = true;
            context.runOnContext(_ -> attach());
        }
    }

    private void attach() {
        try {
            response.handler(this::arrived).endHandler(_ -> finish(null)).exceptionHandler(this::cut);
        } catch (IllegalStateException e) {
            // It ended before anyone looked.
            finish(new UpstreamException(UpstreamException.Kind.CUT, "the connection ended before the response", e));
            return;
        }
        lock.lock();
        try {
            paused = false;
        } finally {
            lock.unlock();
        }
        response.resume();
    }

    private void arrived(Buffer chunk) {
        lock.lock();
        try {
            waiting.add(chunk);
            waitingBytes += chunk.length();
            if (waitingBytes >= PAUSE_AT && !paused) {
                paused = true;
                response.pause();
            }
            arrived.signal();
        } finally {
            lock.unlock();
        }
    }

    /** What came before the cut may still wait in Vert.x's own queue: none of it is to be asked for again. */
    private void cut(Throwable cause) {
        response.resume();
        context.runOnContext(_ -> finish(new UpstreamException(
                UpstreamException.Kind.CUT, "the connection ended before the response: " + cause.getMessage(), cause)));
    }

    private void finish(@Nullable UpstreamException why) {
        lock.lock();
        try {
            if (!ended) {
                ended = true;
                failure = why;
                arrived.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Buffer await(long nanos) throws UpstreamException {
        lock.lock();
        try {
            while (waiting.isEmpty()) {
                if (failure != null) {
                    throw failure;
                }
                if (ended) {
                    checkLength();
                    return null;
                }
                if (nanos <= 0) {
                    throw new UpstreamException(
                            UpstreamException.Kind.TIMEOUT, "no more bytes came from the registry in time");
                }
                nanos = arrived.awaitNanos(nanos);
            }
            Buffer chunk = waiting.remove();
            waitingBytes -= chunk.length();
            if (paused && waitingBytes <= RESUME_AT && !ended) {
                paused = false;
                response.resume();
            }
            return chunk;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UpstreamException(UpstreamException.Kind.INTERRUPTED, "interrupted while reading", e);
        } finally {
            lock.unlock();
        }
    }

    private void checkLength() throws UpstreamException {
        if (contentLength.isPresent() && taken != contentLength.getAsLong()) {
            throw new UpstreamException(
                    UpstreamException.Kind.CUT,
                    "the response ended after " + taken + " of " + contentLength.getAsLong() + " bytes");
        }
    }

    private void drain() {
        try {
            long deadline = context.owner()
                    .setTimer(DRAINED_WITHIN_MILLIS, _ -> response.request().reset());
            response.endHandler(_ -> context.owner().cancelTimer(deadline))
                    .exceptionHandler(_ -> context.owner().cancelTimer(deadline))
                    .handler(chunk -> {
                        waitingBytes += chunk.length();
                        if (waitingBytes > DRAINED_AT_MOST) {
                            response.request().reset();
                        }
                    })
                    .resume();
        } catch (IllegalStateException _) {
            // It has ended: nothing is left to drain.
        }
    }

    private static OptionalLong contentLength(HttpClientResponse response) {
        if (response.request().getMethod().equals(HttpMethod.HEAD)
                || response.statusCode() == 204
                || response.statusCode() == 304) {
            return OptionalLong.of(0);
        }
        String length = response.getHeader(HttpHeaders.CONTENT_LENGTH);
        if (length == null || response.headers().contains(HttpHeaders.TRANSFER_ENCODING)) {
            return OptionalLong.empty();
        }
        try {
            return OptionalLong.of(Long.parseUnsignedLong(length.strip()));
        } catch (NumberFormatException _) {
            return OptionalLong.empty();
        }
    }
}
