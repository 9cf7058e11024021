package io.pantala.proxy.http;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.pantala.proxy.intercept.EngineSide.Objection;
import io.pantala.registry.RequestBody;
import io.pantala.swarm.Authorization;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArraySet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One request of an engine and its reply, for straight code on one virtual thread. The reply is one call of
 * {@link #reply} or one of {@link #begin}.
 */
public final class Exchange {
    /** How long an engine may take for a small reply; those who stop reading hold what others need. */
    private static final Duration MOST_STALLED = Duration.ofMinutes(2);

    private static final String API_VERSION = "Docker-Distribution-Api-Version";
    private static final String REQUEST_ID = "X-Request-Id";
    private static final int LONGEST_PATH_SHOWN = 400;

    private final HttpServerRequest request;
    private final HttpServerResponse response;
    private final EngineChannel channel;
    private final Optional<EngineBody> content;
    private final String id;
    private final long startedAt = System.nanoTime();
    private final Set<String> sources = new CopyOnWriteArraySet<>();

    private final Lock lock = new ReentrantLock();
    private boolean gone;
    private @Nullable Thread waiting;

    private int status;
    private @Nullable ReplyBody body;
    private long bytes;
    private boolean whole = true;
    private boolean unread;
    private boolean credentialWithheld;

    /** On the event loop, when the request's head has come. */
    Exchange(HttpServerRequest request, EngineChannel channel, String id) {
        this.request = request;
        this.response = request.response();
        this.channel = channel;
        this.content = EngineBody.of(request, channel);
        this.id = id;
    }

    /** Names this request in logs and towards those who work on it; unique in this process. */
    public String id() {
        return id;
    }

    /** Whether this is a HEAD: the reply is that to a GET without its body. */
    public boolean head() {
        return request.method().equals(HttpMethod.HEAD);
    }

    /** Its method. */
    public HttpMethod method() {
        return request.method();
    }

    /** The body of the request; empty if it has none. */
    public Optional<RequestBody> content() {
        return content.map(body -> body);
    }

    /** The credential that came with the request. */
    public Authorization authorization() {
        return credentialWithheld
                ? Authorization.ANONYMOUS
                : Authorization.of(request.getHeader(HttpHeaderNames.AUTHORIZATION));
    }

    /** The first header of this name; null if there is none. */
    public @Nullable String header(String name) {
        return request.getHeader(name);
    }

    /** All headers in order, repeated ones apart. */
    public List<Map.Entry<String, String>> headers() {
        return new ArrayList<>(request.headers().entries());
    }

    /** How long ago the request came. */
    public Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - startedAt);
    }

    /** Something to wait for. */
    @FunctionalInterface
    public interface Wait<T, E extends Exception> {
        T await() throws E, InterruptedException;
    }

    /**
     * Waits for something for as long as the engine is there. The wait ends by an interrupt when the engine leaves, so it
     * must not read files.
     */
    public <T, E extends Exception> T whileConnected(Wait<T, E> wait)
            throws E, EngineGoneException, InterruptedException {
        beginWait();
        try {
            T result = wait.await();
            endWait();
            return result;
        } catch (Exception e) {
            if (endWait()) {
                throw new EngineGoneException("the engine closed its connection");
            }
            throw e;
        }
    }

    /** Lets time pass, unless the engine leaves. */
    public void pause(Duration time) throws EngineGoneException, InterruptedException {
        var _ = this.<Boolean, RuntimeException>whileConnected(() -> {
            Thread.sleep(time);
            return true;
        });
    }

    /** Replies in one piece. */
    public void reply(int status, List<Map.Entry<String, String>> headers, byte[] body) throws EngineGoneException {
        writeHead(status, headers);
        bytes = head() ? 0 : body.length;
        await(() -> head() ? response.end() : response.end(Buffer.buffer(body)));
        closeIfLast();
    }

    /** Replies with a head alone: to a HEAD, or with a status that has no body. */
    public void reply(int status, List<Map.Entry<String, String>> headers) throws EngineGoneException {
        writeHead(status, headers);
        await(response::end);
        closeIfLast();
    }

    /** Replies with an error of this proxy's own. */
    public void fail(RegistryError error) throws EngineGoneException {
        List<Map.Entry<String, String>> headers = new ArrayList<>();
        headers.add(Map.entry(API_VERSION, "registry/2.0"));
        headers.add(Map.entry("Content-Type", RegistryError.MEDIA_TYPE));
        if (error.status() == 405) {
            headers.add(Map.entry("Allow", "GET, HEAD"));
        }
        reply(error.status(), headers, error.body());
    }

    /** The credential that came was for this proxy, and is shown to nobody else. */
    void withholdCredential() {
        credentialWithheld = true;
    }

    /** Replies that this engine may not use this proxy. */
    void refuse(Objection why) throws EngineGoneException {
        List<Map.Entry<String, String>> headers = new ArrayList<>();
        headers.add(Map.entry("Content-Type", RegistryError.MEDIA_TYPE));
        if (!why.challenge().isEmpty()) {
            headers.add(Map.entry(why.status() == 401 ? "WWW-Authenticate" : "Proxy-Authenticate", why.challenge()));
        }
        reply(why.status(), headers, new RegistryError(why.status(), why.code(), why.message()).body());
    }

    /**
     * Begins a reply whose body follows piece by piece.
     *
     * @param length of the whole body; empty when it is not known ahead
     */
    public ReplyBody begin(int status, List<Map.Entry<String, String>> headers, OptionalLong length)
            throws EngineGoneException {
        writeHead(status, headers);
        if (length.isPresent()) {
            response.headers().set(HttpHeaderNames.CONTENT_LENGTH, Long.toString(length.getAsLong()));
        }
        await(response::writeHead);
        body = new ReplyBody(this, channel);
        return body;
    }

    /** Says in a few words where the reply came from, for the log, which tells each such source once. */
    public void source(String words) {
        sources.add(words);
    }

    /** Whether a reply has begun, so that an error can't be told any more. */
    public boolean replying() {
        return status != 0;
    }

    void endBody() throws EngineGoneException {
        try {
            await(response::end);
        } catch (EngineGoneException e) {
            if (!response.headers().contains(HttpHeaderNames.CONTENT_LENGTH)) {
                throw e;
            }
            // All bytes had left: an engine that counts them may hang up before the reply is ended.
            whole = true;
        }
        closeIfLast();
    }

    void cutShort() {
        whole = false;
        content.ifPresent(EngineBody::drop);
        channel.closeGently();
    }

    void lost() {
        whole = false;
    }

    /** The connection has closed. On the event loop. */
    void gone() {
        lock.lock();
        try {
            gone = true;
            if (waiting != null) {
                waiting.interrupt();
            }
        } finally {
            lock.unlock();
        }
    }

    RequestSummary summary(@Nullable Call call) {
        return new RequestSummary(
                id,
                request.method().name(),
                printablePath(request.uri()),
                call instanceof RegistryCall registry
                        ? registry.route().upstream().value()
                        : null,
                status,
                body == null ? bytes : body.sent(),
                elapsed(),
                String.join("+", sources),
                whole);
    }

    private void writeHead(int status, List<Map.Entry<String, String>> headers) {
        this.status = status;
        response.setStatusCode(status);
        MultiMap to = response.headers();
        for (Map.Entry<String, String> header : headers) {
            to.add(header.getKey(), header.getValue());
        }
        if (!to.contains(REQUEST_ID)) {
            to.set(REQUEST_ID, id);
        }
        // An engine that is answered before it has sent everything may go on sending: no other request can follow.
        unread = content.isPresent() && !content.get().ended();
        if (unread) {
            to.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        }
        if (old()) {
            response.headersEndHandler(ready -> {
                to.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
                to.remove(HttpHeaderNames.TRANSFER_ENCODING);
            });
        }
    }

    /** HTTP/1.0 knows no chunks: the end of the connection is the end of the body. */
    private boolean old() {
        return request.version() == HttpVersion.HTTP_1_0;
    }

    private void closeIfLast() {
        if (old() || unread) {
            content.ifPresent(EngineBody::drop);
            channel.closeGently();
        }
    }

    /** Vert.x writes on the event loop alone once a connection is closing. */
    private void await(Supplier<Future<Void>> write) throws EngineGoneException {
        var written = new CompletableFuture<Void>();
        try {
            channel.execute(() -> {
                try {
                    var _ = write.get().onComplete(_ -> written.complete(null), written::completeExceptionally);
                } catch (IllegalStateException e) {
                    written.completeExceptionally(e);
                }
            });
            written.get(MOST_STALLED.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | RejectedExecutionException e) {
            whole = false;
            throw new EngineGoneException("the engine closed its connection");
        } catch (TimeoutException e) {
            whole = false;
            channel.abort();
            throw new EngineGoneException("the engine does not take its reply");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("nobody interrupts a reply", e);
        }
    }

    private void beginWait() throws EngineGoneException {
        lock.lock();
        try {
            if (gone) {
                throw new EngineGoneException("the engine closed its connection");
            }
            waiting = Thread.currentThread();
        } finally {
            lock.unlock();
        }
    }

    /** Whether the engine has left; its interrupt, if it came too late, is taken back. */
    private boolean endWait() {
        lock.lock();
        try {
            waiting = null;
            if (gone) {
                var _ = Thread.interrupted();
            }
            return gone;
        } finally {
            lock.unlock();
        }
    }

    /** Without a query or an authority, where secrets may stand. */
    private static String printablePath(String target) {
        int authority = target.indexOf("://");
        int slash = authority < 0 ? 0 : Math.max(target.indexOf('/', authority + 3), 0);
        int mark = target.indexOf('?');
        String path = target.substring(slash, mark < slash ? target.length() : mark);
        String bounded = path.length() <= LONGEST_PATH_SHOWN ? path : path.substring(0, LONGEST_PATH_SHOWN) + "...";
        return bounded.replaceAll("[^\\x21-\\x7e]", "?");
    }
}
