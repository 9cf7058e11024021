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
    private Use use = Use.UNREAD;
    private long taken;

    private enum Use {
        UNREAD,
        READ,
        /** To its end, or as far as anyone wanted. */
        DONE,
        DRAINED,
        RAW
    }

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
        this.contentLength = contentLength(response);
        response.pause().handler(this::arrived).endHandler(_ -> finish(null)).exceptionHandler(this::cut);
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
     * deadlines are the caller's; {@link #close} does nothing any more. Handlers must be set on its event loop, and
     * throw an {@link IllegalStateException} when the connection has ended meanwhile.
     */
    public HttpClientResponse raw() {
        lock.lock();
        try {
            if (use != Use.UNREAD) {
                throw new IllegalStateException("read or closed already");
            }
            use = Use.RAW;
            return response;
        } finally {
            lock.unlock();
        }
    }

    /** Drops what was not read. Any thread may call it; a read under way fails then. */
    @Override
    public void close() {
        lock.lock();
        try {
            if (use == Use.DONE || use == Use.DRAINED || use == Use.RAW) {
                return;
            }
            boolean soonAtItsEnd = use == Use.UNREAD && contentLength.orElse(DRAINED_AT_MOST) <= DRAINED_AT_MOST;
            use = soonAtItsEnd ? Use.DRAINED : Use.DONE;
            waiting.clear();
            if (ended) {
                return;
            }
        } finally {
            lock.unlock();
        }
        if (use == Use.DRAINED) {
            context.owner().setTimer(DRAINED_WITHIN_MILLIS, _ -> abandon());
            response.resume();
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
        lock.lock();
        try {
            waitingBytes += chunk.length();
            if (use == Use.DRAINED || use == Use.DONE) {
                if (waitingBytes > DRAINED_AT_MOST) {
                    response.request().reset();
                }
                return;
            }
            waiting.add(chunk);
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
        lock.lock();
        try {
            if (use == Use.RAW) {
                return;
            }
            // So that it is not paused again before the rest is here, at most 1 MiB.
            paused = true;
            response.resume();
        } finally {
            lock.unlock();
        }
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
            if (use == Use.RAW || use == Use.DRAINED) {
                throw new IllegalStateException("handed out or closed");
            }
            while (waiting.isEmpty()) {
                if (failure != null) {
                    throw failure;
                }
                if (use == Use.DONE) {
                    throw new UpstreamException(UpstreamException.Kind.CUT, "given up");
                }
                if (ended) {
                    checkLength();
                    return null;
                }
                use = Use.READ;
                go();
                if (nanos <= 0) {
                    throw new UpstreamException(
                            UpstreamException.Kind.TIMEOUT, "no more bytes came from the registry in time");
                }
                nanos = arrived.awaitNanos(nanos);
            }
            use = Use.READ;
            Buffer chunk = waiting.remove();
            waitingBytes -= chunk.length();
            go();
            return chunk;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UpstreamException(UpstreamException.Kind.INTERRUPTED, "interrupted while reading", e);
        } finally {
            lock.unlock();
        }
    }

    private void go() {
        if (paused && waitingBytes <= RESUME_AT && !ended) {
            paused = false;
            response.resume();
        }
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
