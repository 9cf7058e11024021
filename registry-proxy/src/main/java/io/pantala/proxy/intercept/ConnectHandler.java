package io.pantala.proxy.intercept;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.intercept.EngineSide.Objection;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Takes CONNECT out of one engine's decoded requests, answers it, and makes of the connection what was asked for. */
final class ConnectHandler extends ChannelInboundHandlerAdapter {
    private static final int HTTPS = 443;

    /** What stands before the HTTP server on a connection, and is passed by here. */
    private static final String DECODER = "httpDecoder";

    private final EngineSide engine;
    private final Connects connects;
    private State state = State.PASSING;
    private @Nullable HttpRequest asked;
    private boolean inside;

    private enum State {
        /** Requests go where they always go. */
        PASSING,
        /** A CONNECT was read, its end not yet. */
        ENDING,
        /** It is being answered; nothing may come meanwhile. */
        ANSWERING,
        /** This is TLS, with a CONNECT behind it; another one makes no sense. */
        INTERCEPTED
    }

    ConnectHandler(EngineSide engine, Connects connects) {
        this.engine = engine;
        this.connects = connects;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        switch (state) {
            case PASSING, INTERCEPTED -> {
                if (message instanceof HttpRequest request
                        && request.method().equals(HttpMethod.CONNECT)
                        && request.decoderResult().isSuccess()) {
                    inside = state == State.INTERCEPTED;
                    asked = request;
                    state = State.ENDING;
                    if (message instanceof LastHttpContent) {
                        ended(ctx, message);
                    }
                } else {
                    ctx.fireChannelRead(message);
                }
            }
            case ENDING -> ended(ctx, message);
            case ANSWERING -> {
                // Whoever sends before the answer has lost what it sent.
                ReferenceCountUtil.release(message);
                var _ = ctx.close();
            }
        }
    }

    private void ended(ChannelHandlerContext ctx, Object message) {
        boolean end = message instanceof LastHttpContent;
        ReferenceCountUtil.release(message);
        HttpRequest request = asked;
        if (!end || request == null) {
            var _ = ctx.close();
            return;
        }
        state = State.ANSWERING;
        asked = null;
        ctx.channel().config().setAutoRead(false);
        engine.whenFree(() -> answer(ctx, request));
    }

    private void answer(ChannelHandlerContext ctx, HttpRequest request) {
        Optional<Authority> to = Authority.parse(request.uri(), HTTPS);
        if (inside || to.isEmpty()) {
            refuse(ctx, new Objection(400, "UNSUPPORTED", "CONNECT takes host:port, once"));
            return;
        }
        Thread.ofVirtual().name("connect").start(() -> {
            Optional<Objection> objection;
            try {
                objection = engine.objection(request.headers());
            } catch (InterruptedException e) {
                objection = Optional.of(new Objection(503, "UNAVAILABLE", "this proxy is closing"));
            }
            Optional<Objection> why = objection;
            ctx.executor()
                    .execute(() -> why.ifPresentOrElse(against -> refuse(ctx, against), () -> connect(ctx, to.get())));
        });
    }

    private void connect(ChannelHandlerContext ctx, Authority to) {
        connects.upstream(to).ifPresentOrElse(upstream -> intercept(ctx, upstream, to), () -> tunnel(ctx, to));
    }

    private void intercept(ChannelHandlerContext ctx, UpstreamName upstream, Authority to) {
        var _ = connects.certificates()
                .whenComplete((certificates, failure) -> ctx.executor().execute(() -> {
                    if (failure != null) {
                        tunnel(ctx, to);
                        return;
                    }
                    var _ = accept(ctx).addListener((ChannelFutureListener) accepted -> {
                        if (accepted.isSuccess()) {
                            state = State.INTERCEPTED;
                            ctx.pipeline()
                                    .addFirst(
                                            "firstBytes", new FirstBytes(engine, connects, certificates, upstream, to));
                            ctx.channel().config().setAutoRead(true);
                        }
                    });
                }));
    }

    private void tunnel(ChannelHandlerContext ctx, Authority to) {
        connects.tunnels().dial(ctx.channel(), to, new Tunnels.Dialled() {
            @Override
            public void connected(Tunnel tunnel) {
                engine.tunnelled();
                var _ = accept(ctx).addListener((ChannelFutureListener) accepted -> {
                    if (accepted.isSuccess()) {
                        ctx.pipeline().addFirst("tunnel", tunnel.engineSide());
                        tunnel.start();
                    } else {
                        tunnel.close();
                    }
                });
            }

            @Override
            public void failed(Objection why) {
                refuse(ctx, why);
            }
        });
    }

    /** Without any header, as RFC 9110 wants it, and past the encoder, which knows responses to others' requests only. */
    private static ChannelFuture accept(ChannelHandlerContext ctx) {
        return ctx.pipeline()
                .context(DECODER)
                .writeAndFlush(Unpooled.copiedBuffer("HTTP/1.1 200 Connection established\r\n\r\n", US_ASCII));
    }

    private void refuse(ChannelHandlerContext ctx, Objection why) {
        connects.listener().refused(why.status(), why.message());
        boolean again = why.status() == HttpResponseStatus.PROXY_AUTHENTICATION_REQUIRED.code();
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.putArray("errors")
                .addObject()
                .put("code", why.code())
                .put("message", why.message())
                .putNull("detail");
        byte[] body = root.toString().getBytes(UTF_8);
        String head = "HTTP/1.1 " + HttpResponseStatus.valueOf(why.status()) + "\r\nContent-Type: application/json\r\n"
                + (why.challenge().isEmpty() ? "" : "Proxy-Authenticate: " + why.challenge() + "\r\n")
                + (again ? "" : "Connection: close\r\n") + "Content-Length: " + body.length + "\r\n\r\n";
        ChannelFuture sent =
                ctx.pipeline().context(DECODER).writeAndFlush(Unpooled.wrappedBuffer(head.getBytes(US_ASCII), body));
        if (again) {
            state = State.PASSING;
            ctx.channel().config().setAutoRead(true);
        } else {
            var _ = sent.addListener(ChannelFutureListener.CLOSE);
        }
    }
}
