package io.pantala.transport.link;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.ssl.SslHandler;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;

/**
 * Stands at the very front of a new connection until its first bytes have come, and puts TLS there if they begin it, since
 * Vert.x serves one or the other on a port.
 */
final class TlsDetector extends ByteToMessageDecoder {
    static final String NAME = "tls-detector";

    /** Bytes of a TLS record's header. */
    private static final int ENOUGH = 5;

    private final Supplier<SSLEngine> engines;
    private final Consumer<SSLEngine> shaken;

    /** @param shaken learns of the end of a handshake that went well */
    TlsDetector(Supplier<SSLEngine> engines, Consumer<SSLEngine> shaken) {
        this.engines = engines;
        this.shaken = shaken;
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        if (in.readableBytes() < ENOUGH) {
            return;
        }
        if (SslHandler.isEncrypted(in, false)) {
            SSLEngine engine = engines.get();
            // A signature takes a millisecond, which would be taken from whatever else the event loop carries.
            SslHandler tls = new SslHandler(engine, false, Thread::startVirtualThread);
            tls.handshakeFuture().addListener(done -> {
                if (done.isSuccess()) {
                    shaken.accept(engine);
                }
            });
            context.pipeline().replace(this, "tls", tls);
        } else {
            context.pipeline().remove(this);
        }
    }
}
