package io.pantala.proxy.http;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.AttributeKey;
import io.netty.util.ReferenceCounted;
import io.netty.util.concurrent.Future;
import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.intercept.Authority;
import io.pantala.proxy.intercept.Connects;
import io.pantala.proxy.intercept.EngineSide;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.impl.ConnectionBase;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One engine's connection, below the level of {@code HttpServerResponse}: what sends parts of files behind a head that
 * Vert.x wrote, closes without a reset, closes connections that carry no request, and lets CONNECT be taken out. The only
 * class here that touches the insides of Vert.x.
 *
 * <p>Vert.x's own {@code sendFile} ends the response, so it can't follow a blob that grows; and its idle timeout would
 * cut a reply that waits for its bytes.
 */
final class EngineChannel implements EngineSide {
    private static final AttributeKey<EngineChannel> ATTRIBUTE = AttributeKey.valueOf(EngineChannel.class, "self");
    private static final Duration LINGER = Duration.ofSeconds(5);

    private final ChannelHandlerContext context;
    private final Duration idle;
    private final Access access;

    /** Set before the requests that it is about, on the event loop which they come on. */
    private volatile @Nullable Intercepted intercepted;

    // These belong to the event loop.
    private boolean ending;
    private @Nullable Exchange current;
    private @Nullable Runnable onceFree;
    private @Nullable Future<?> reaper;

    private EngineChannel(ChannelHandlerContext context, Duration idle, Access access) {
        this.context = context;
        this.idle = idle;
        this.access = access;
    }

    /**
     * What requests on this connection mean.
     *
     * @param as where the engine believes to be connected to
     */
    record Intercepted(UpstreamName upstream, Authority as) {}

    /** Takes charge of a new connection. On its event loop. */
    static void open(HttpConnection connection, Duration idle, Access access, Connects connects) {
        ChannelHandlerContext context = ((ConnectionBase) connection).channelHandlerContext();
        var opened = new EngineChannel(context, idle, access);
        context.channel().attr(ATTRIBUTE).set(opened);
        context.pipeline().addBefore(context.name(), "connect", connects.handler(opened));
        context.channel().closeFuture().addListener(closed -> opened.closed());
        opened.awaitRequest();
    }

    static EngineChannel of(HttpConnection connection) {
        return ((ConnectionBase) connection)
                .channelHandlerContext()
                .channel()
                .attr(ATTRIBUTE)
                .get();
    }

    /** Whatever comes from now on is no request. On the event loop. */
    void takeNoMore() {
        ending = true;
    }

    /** Whether what comes is a request. On the event loop. */
    boolean takesMore() {
        return !ending;
    }

    /** A request has come; the exchange hears when the connection closes. On the event loop. */
    void begin(Exchange exchange) {
        current = exchange;
        endWait();
        if (!channel().isActive()) {
            exchange.gone();
        }
    }

    /** Runs something on the event loop, soon; a {@link RejectedExecutionException} says that the loop has ended. */
    void execute(Runnable task) {
        channel().eventLoop().execute(task);
    }

    /** Runs something on the event loop that makes no odds once that has ended, and its connections with it. */
    void executeIfOpen(Runnable task) {
        try {
            execute(task);
        } catch (RejectedExecutionException e) {
            // The proxy has closed, and did not wait for the request.
        }
    }

    /** The exchange needs the connection no more. On any thread. */
    void finish(Exchange exchange) {
        executeIfOpen(() -> {
            if (current == exchange) {
                current = null;
                Runnable next = onceFree;
                onceFree = null;
                if (next == null) {
                    awaitRequest();
                } else {
                    next.run();
                }
            }
        });
    }

    @Override
    public void whenFree(Runnable task) {
        if (current == null) {
            task.run();
        } else {
            onceFree = task;
        }
    }

    @Override
    public Optional<Objection> objection(HttpHeaders headers) throws InterruptedException {
        Optional<Objection> place = access.objection(peer());
        return place.isPresent() ? place : access.objectionToProxied(headers.get(HttpHeaderNames.PROXY_AUTHORIZATION));
    }

    /** What speaks against a request on this connection; may wait. */
    Optional<Objection> objection(Call call, Exchange exchange) throws InterruptedException {
        Optional<Objection> place = access.objection(peer());
        if (place.isPresent() || intercepted != null) {
            return place;
        }
        return call instanceof RegistryCall registry && !registry.route().proxied()
                ? access.objectionToMirrored(exchange.header(HttpHeaderNames.AUTHORIZATION.toString()))
                : access.objectionToProxied(exchange.header(HttpHeaderNames.PROXY_AUTHORIZATION.toString()));
    }

    private InetSocketAddress peer() {
        return (InetSocketAddress) channel().remoteAddress();
    }

    @Override
    public void intercepted(UpstreamName upstream, Authority as) {
        intercepted = new Intercepted(upstream, as);
        awaitRequest();
    }

    @Override
    public void tunnelled() {
        endWait();
    }

    /** What its requests mean; empty as long as they say so themselves. */
    Optional<Intercepted> intercepted() {
        return Optional.ofNullable(intercepted);
    }

    /** Whether files can't be sent as they are. */
    boolean secure() {
        return intercepted != null;
    }

    /** Sends a buffer or a part of a file, behind what was sent before, and releases it. A file must stay open until the future is done. */
    ChannelFuture send(ReferenceCounted content) {
        return context.writeAndFlush(content);
    }

    /**
     * Closes the connection such that the peer gets everything written so far and then a plain end of stream, never a
     * reset: what it still sends is read and dropped for a while. Writes must be done before.
     */
    void closeGently() {
        executeIfOpen(() -> {
            Channel channel = channel();
            if (channel instanceof DuplexChannel duplex) {
                SslHandler tls = channel.pipeline().get(SslHandler.class);
                ChannelFuture told = tls == null ? channel.newSucceededFuture() : tls.closeOutbound();
                var _ = told.addListener(_ -> {
                    var _ = duplex.shutdownOutput();
                });
                var _ = channel.eventLoop().schedule(this::abort, LINGER.toMillis(), TimeUnit.MILLISECONDS);
            } else {
                abort();
            }
        });
    }

    /** Closes the connection now: nobody reads from it any more. */
    void abort() {
        var _ = channel().close();
    }

    private Channel channel() {
        return context.channel();
    }

    private void awaitRequest() {
        endWait();
        reaper = channel().eventLoop().schedule(this::abort, idle.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void endWait() {
        if (reaper != null) {
            reaper.cancel(false);
            reaper = null;
        }
    }

    private void closed() {
        endWait();
        if (current != null) {
            current.gone();
        }
    }
}
