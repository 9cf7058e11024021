package io.pantala.transport.link;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.ssl.SslHandler;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.impl.ConnectionBase;
import java.util.List;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;

/**
 * Stands at the very front of a new connection until its first bytes have come, and puts TLS there if they begin it. One
 * of the few classes that touch the insides of Vert.x, which serves one or the other on a port.
 */
final class TlsDetector extends ByteToMessageDecoder {
    /** Bytes of a TLS record's header. */
    private static final int ENOUGH = 5;

    private final Supplier<SSLEngine> engines;

    private TlsDetector(Supplier<SSLEngine> engines) {
        this.engines = engines;
    }

    /** On the connection's event loop, before it reads. */
    static void watch(HttpConnection connection, Supplier<SSLEngine> engines) {
        ((ConnectionBase) connection)
                .channelHandlerContext()
                .pipeline()
                .addFirst("tls-detector", new TlsDetector(engines));
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        if (in.readableBytes() < ENOUGH) {
            return;
        }
        if (SslHandler.isEncrypted(in, false)) {
            // A signature takes a millisecond, which would be taken from whatever else the event loop carries.
            context.pipeline().replace(this, "tls", new SslHandler(engines.get(), false, Thread::startVirtualThread));
        } else {
            context.pipeline().remove(this);
        }
    }
}
