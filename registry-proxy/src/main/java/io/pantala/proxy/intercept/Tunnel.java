package io.pantala.proxy.intercept;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Two connections that are one: what comes on one goes out on the other, byte for byte, no faster than it is taken there;
 * an end of one direction leaves the other open, and a reset resets. All of it happens on one event loop.
 */
final class Tunnel {
    private static final int LOOKS_WHILE_IDLE = 4;

    /** How long what is on its way may take to leave once the other side has gone. */
    private static final Duration LINGER = Duration.ofSeconds(30);

    private final Side engine;
    private final Side remote;
    private final Authority to;
    private final Tunnels tunnels;
    private final long startedAt = System.nanoTime();
    private final Future<?> watch;
    private long movedAt = startedAt;
    private boolean over;

    Tunnel(Channel engine, Channel remote, Authority to, Tunnels tunnels) {
        this.engine = new Side(engine);
        this.remote = new Side(remote);
        this.to = to;
        this.tunnels = tunnels;
        this.engine.other = this.remote;
        this.remote.other = this.engine;
        remote.pipeline().addLast(this.remote);
        long look = Math.max(1, tunnels.idle().toMillis() / LOOKS_WHILE_IDLE);
        this.watch = engine.eventLoop().scheduleWithFixedDelay(this::look, look, look, TimeUnit.MILLISECONDS);
        var _ = engine.closeFuture().addListener(_ -> end(null));
    }

    /** What must stand first on the engine's connection. */
    ChannelHandler engineSide() {
        return engine;
    }

    /** Lets bytes flow. */
    void start() {
        engine.channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        engine.channel.config().setAutoRead(true);
        remote.channel.config().setAutoRead(true);
    }

    /** Cuts it. On any thread. */
    void close() {
        engine.channel.eventLoop().execute(() -> end(null));
    }

    private void look() {
        if (System.nanoTime() - movedAt >= tunnels.idle().toNanos()) {
            end(null);
        }
    }

    /** @param broken the side that was reset, if one was: the other is reset too */
    private void end(@Nullable Side broken) {
        if (over) {
            return;
        }
        over = true;
        watch.cancel(false);
        engine.end(broken == remote);
        remote.end(broken == engine);
        tunnels.ended(this, to, engine.read, remote.read, Duration.ofNanos(System.nanoTime() - startedAt));
    }

    /** One of the connections. */
    private final class Side extends ChannelDuplexHandler {
        private final Channel channel;
        private final List<ChannelPromise> closings = new ArrayList<>();
        private @Nullable ChannelHandlerContext context;
        private @Nullable Side other;
        private boolean ended;
        private long read;

        Side(Channel channel) {
            this.channel = channel;
        }

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            context = ctx;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (over || other == null || other.context == null) {
                ReferenceCountUtil.release(message);
                return;
            }
            int length = ((ByteBuf) message).readableBytes();
            read += length;
            movedAt = System.nanoTime();
            var _ = other.context.write(message);
            if (!other.channel.isWritable()) {
                channel.config().setAutoRead(false);
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            if (other != null && other.context != null) {
                other.context.flush();
            }
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            if (other != null && channel.isWritable()) {
                movedAt = System.nanoTime();
                other.channel.config().setAutoRead(true);
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            Side opposite = other;
            if (event instanceof ChannelInputShutdownEvent && !ended && opposite != null && opposite.context != null) {
                ended = true;
                boolean last = opposite.ended;
                var _ = opposite.context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(_ -> {
                    if (last) {
                        Tunnel.this.end(null);
                    } else if (opposite.channel instanceof DuplexChannel duplex) {
                        var _ = duplex.shutdownOutput();
                    }
                });
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            Tunnel.this.end(null);
            ctx.fireChannelInactive();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            Tunnel.this.end(this);
        }

        /** Whoever kept the connection before, the HTTP server, wants to close it at the start of a stop: not yet. */
        @Override
        public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
            if (over) {
                var _ = ctx.close(promise);
            } else {
                closings.add(promise);
            }
        }

        private void end(boolean reset) {
            if (reset && channel.isActive()) {
                channel.config().setOption(ChannelOption.SO_LINGER, 0);
                closeNow();
            } else if (context == null) {
                closeNow();
            } else {
                var _ = context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(_ -> closeNow());
                var _ = channel.eventLoop().schedule(this::closeNow, LINGER.toMillis(), TimeUnit.MILLISECONDS);
            }
            var _ = channel.closeFuture().addListener(_ -> closings.forEach(ChannelPromise::trySuccess));
        }

        private void closeNow() {
            channel.unsafe().close(channel.voidPromise());
        }
    }
}
