package io.pantala.proxy.intercept;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.ssl.SniHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.pantala.manifest.UpstreamName;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Looks at how an engine begins behind its CONNECT to an upstream: with TLS, which then ends here, or with anything else,
 * or with silence, which then go through a tunnel.
 */
final class FirstBytes extends ByteToMessageDecoder {
    /** The record type of a handshake, and the version that all versions of TLS begin with. */
    private static final byte[] HANDSHAKE = {0x16, 0x03};

    private static final int LONGEST_HELLO = 64 << 10;
    private static final int LONGEST_NAME = 253;

    private final EngineSide engine;
    private final Connects connects;
    private final Certificates certificates;
    private final UpstreamName upstream;
    private final Authority to;
    private @Nullable Future<?> patience;
    private boolean decided;

    FirstBytes(EngineSide engine, Connects connects, Certificates certificates, UpstreamName upstream, Authority to) {
        this.engine = engine;
        this.connects = connects;
        this.certificates = certificates;
        this.upstream = upstream;
        this.to = to;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        patience = ctx.executor()
                .schedule(
                        () -> {
                            if (!decided) {
                                tunnel(ctx);
                            }
                        },
                        connects.config().firstBytes().toMillis(),
                        TimeUnit.MILLISECONDS);
    }

    @Override
    protected void handlerRemoved0(ChannelHandlerContext ctx) {
        if (patience != null) {
            patience.cancel(false);
        }
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        if (decided) {
            return;
        }
        int known = Math.min(in.readableBytes(), HANDSHAKE.length);
        for (int i = 0; i < known; i++) {
            if (in.getByte(in.readerIndex() + i) != HANDSHAKE[i]) {
                tunnel(ctx);
                return;
            }
        }
        if (known == HANDSHAKE.length) {
            decided = true;
            connects.listener().intercepted(upstream);
            engine.intercepted(upstream, to);
            ctx.pipeline().addAfter(ctx.name(), "sni", new Handshake());
            ctx.pipeline().remove(this);
        }
    }

    private void tunnel(ChannelHandlerContext ctx) {
        decided = true;
        ctx.channel().config().setAutoRead(false);
        engine.tunnelled();
        connects.tunnels().dial(ctx.channel(), to, new Tunnels.Dialled() {
            @Override
            public void connected(Tunnel tunnel) {
                ctx.pipeline().addAfter(ctx.name(), "tunnel", tunnel.engineSide());
                // What has come so far goes into the tunnel with this.
                ctx.pipeline().remove(FirstBytes.this);
                tunnel.start();
            }

            @Override
            public void failed(EngineSide.Objection why) {
                connects.listener().refused(why.status(), why.message());
                var _ = ctx.close();
            }
        });
    }

    /** The certificate for the host that the engine has named in CONNECT, and for the one it names in TLS. */
    private Future<SslContext> choose(@Nullable String sni, Promise<SslContext> chosen) {
        SortedSet<String> names = new TreeSet<>();
        names.add(to.host());
        if (sni != null
                && sni.length() <= LONGEST_NAME
                && Authority.parse(sni, 1).isPresent()) {
            names.add(sni);
        }
        Thread.ofVirtual().name("certificate").start(() -> {
            try {
                var _ = chosen.setSuccess(certificates.of(names));
            } catch (RuntimeException e) {
                var _ = chosen.setFailure(e);
            }
        });
        return chosen;
    }

    /** Agrees on TLS once the engine has said which host it means. */
    private final class Handshake extends SniHandler {
        Handshake() {
            super(
                    FirstBytes.this::choose,
                    LONGEST_HELLO,
                    connects.config().handshake().toMillis());
        }

        @Override
        protected SslHandler newSslHandler(SslContext context, ByteBufAllocator allocator) {
            SslHandler tls = super.newSslHandler(context, allocator);
            var _ = tls.handshakeFuture().addListener(agreed -> {
                if (!agreed.isSuccess()) {
                    connects.listener()
                            .distrusted(upstream, String.valueOf(agreed.cause().getMessage()));
                }
            });
            return tls;
        }
    }
}
