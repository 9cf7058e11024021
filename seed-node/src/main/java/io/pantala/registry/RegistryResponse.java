package io.pantala.registry;

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
 * A registry's response whose headers are here and whose body waits to be read, by one thread, a virtual one. Less than
 * 256 KiB of it is held in memory; the rest waits at the registry.
 */
public final class RegistryResponse implements AutoCloseable {
    /** Arrived and not yet taken: from the first on nothing more is read, from the second on it goes on. */
    private static final int SHUT_AT = 128 << 10;

    private static final int OPEN_AT = 64 << 10;

    /** What is worth reading to the end so that the connection can be used again. */
    private static final int DRAINED_AT_MOST = 64 << 10;

    private static final long DRAINED_WITHIN_MILLIS = 5_000;

    private final HttpClientResponse response;
    private final Context context;
    private final Events events;
    private final Valve valve;
    private final OptionalLong contentLength;
    private volatile boolean redirected;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();
    private final Deque<Buffer> waiting = new ArrayDeque<>();
    private int waitingBytes;
    private boolean closed;
    private boolean ended;
    private @Nullable UpstreamException failure;
    private long taken;

    /** What the reader has; of its thread alone. */
    private @Nullable Buffer lent;

    /** It alone knows when it is done with what it has. */
    private volatile @Nullable Thread reader;

    /** What its client wants to know. */
    interface Events {
        void received(int bytes);

        void failed(UpstreamException.Kind kind);
    }

    /** On the response's event loop, before anything of its body can have come. */
    RegistryResponse(HttpClientResponse response, Context context, Events events) {
        this.response = response;
        this.context = context;
        this.events = events;
        this.valve = new Valve(response);
        this.contentLength = contentLength(response);
        response.handler(this::arrived)
                .endHandler(_ -> finish(null))
                .exceptionHandler(cause -> valve.behindWhatIsUnderWay(
                        context,
                        () -> finish(new UpstreamException(
                                UpstreamException.Kind.CUT,
                                "the connection ended before the response: " + cause.getMessage(),
                                cause))));
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

    /** Whether it comes from where the registry redirects to: what a storage refuses says nothing about access. */
    public boolean redirected() {
        return redirected;
    }

    /** It was found by a redirect to another host. */
    void wasRedirected() {
        redirected = true;
    }

    /** Whether the body is compressed, although nobody asked for that. */
    public boolean encoded() {
        String encoding = response.getHeader(HttpHeaders.CONTENT_ENCODING);
        return encoding != null && !encoding.strip().equalsIgnoreCase("identity");
    }

    /**
     * The next bytes of the body, never none, valid until the next call; null at its right end.
     *
     * @param idle how long to wait for them
     */
    public @Nullable ByteBuffer next(Duration idle) throws UpstreamException {
        reader = Thread.currentThread();
        giveBackLent();
        Buffer chunk;
        try {
            chunk = await(idle.toNanos());
        } catch (UpstreamException e) {
            events.failed(e.kind());
            close();
            throw e;
        }
        if (chunk == null) {
            return null;
        }
        lent = chunk;
        taken += chunk.length();
        events.received(chunk.length());
        return ((BufferInternal) chunk).getByteBuf().nioBuffer();
    }

    /**
     * All of the body, or its first {@code limit} bytes.
     *
     * @param idle how long to wait for each part of it
     */
    public byte[] readAll(int limit, Duration idle) throws UpstreamException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        while (body.size() < limit) {
            ByteBuffer chunk = next(idle);
            if (chunk == null) {
                break;
            }
            byte[] bytes = new byte[Math.min(chunk.remaining(), limit - body.size())];
            chunk.get(bytes);
            body.writeBytes(bytes);
        }
        return body.toByteArray();
    }

    /**
     * Drops what was not read: little is read to its end, so that the connection can be used again; else that ends. Any
     * thread may call it; a read under way fails then.
     */
    @Override
    public void close() {
        if (Thread.currentThread().equals(reader)) {
            giveBackLent();
        }
        boolean soonAtItsEnd;
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            soonAtItsEnd = taken == 0 && contentLength.orElse(0) <= DRAINED_AT_MOST;
            waiting.forEach(RegistryResponse::giveBack);
            waiting.clear();
            valve.open();
            arrived.signal();
            if (ended) {
                return;
            }
        } finally {
            lock.unlock();
        }
        if (soonAtItsEnd) {
            context.owner().setTimer(DRAINED_WITHIN_MILLIS, _ -> abandon());
        } else {
            abandon();
        }
    }

    private void abandon() {
        lock.lock();
        try {
            if (ended) {
                return;
            }
        } finally {
            lock.unlock();
        }
        response.request().reset();
    }

    private void arrived(Buffer chunk) {
        boolean tooMuch;
        lock.lock();
        try {
            waitingBytes += chunk.length();
            tooMuch = closed && waitingBytes > DRAINED_AT_MOST;
            if (closed) {
                giveBack(chunk);
            } else {
                waiting.add(chunk);
                if (waitingBytes >= SHUT_AT) {
                    valve.shut();
                }
                arrived.signal();
            }
        } finally {
            lock.unlock();
        }
        if (tooMuch) {
            abandon();
        }
    }

    private void finish(@Nullable UpstreamException why) {
        lock.lock();
        try {
            if (!ended) {
                ended = true;
                failure = why;
                // The connection may serve others now.
                valve.open();
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
                if (closed) {
                    throw new UpstreamException(UpstreamException.Kind.CUT, "the response was given up");
                }
                if (nanos <= 0) {
                    throw new UpstreamException(
                            UpstreamException.Kind.TIMEOUT, "no more bytes came from the registry in time");
                }
                nanos = arrived.awaitNanos(nanos);
            }
            Buffer chunk = waiting.remove();
            waitingBytes -= chunk.length();
            if (waitingBytes <= OPEN_AT) {
                valve.open();
            }
            return chunk;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UpstreamException(UpstreamException.Kind.INTERRUPTED, "interrupted while reading", e);
        } finally {
            lock.unlock();
        }
    }

    private void giveBackLent() {
        if (lent != null) {
            giveBack(lent);
            lent = null;
        }
    }

    /** See {@link ReadBuffers}; of other buffers the collector takes care. */
    private static void giveBack(Buffer chunk) {
        ((BufferInternal) chunk).unwrap().release();
    }

    private void checkLength() throws UpstreamException {
        if (contentLength.isPresent() && taken != contentLength.getAsLong()) {
            throw new UpstreamException(
                    UpstreamException.Kind.CUT,
                    "the response ended after " + taken + " of " + contentLength.getAsLong() + " bytes");
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
