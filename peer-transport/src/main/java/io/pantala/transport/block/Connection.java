package io.pantala.transport.block;

import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.ClusterTls;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An open connection to a node, plain or over TLS. */
final class Connection {
    private final SocketChannel channel;
    private final String authority;
    private final @Nullable TlsWire tls;
    private boolean used;
    private long restingSince;

    private Connection(SocketChannel channel, String authority, @Nullable TlsWire tls) {
        this.channel = channel;
        this.authority = authority;
        this.tls = tls;
    }

    /** Connects; what TLS has to say first is left to {@link #begin}. */
    static Connection open(NodeAddress node, Optional<ClusterTls> tls, Duration timeout) throws IOException {
        InetSocketAddress address = new InetSocketAddress(node.host(), node.port());
        if (address.isUnresolved()) {
            throw new UnknownHostException("no address is known for " + node.host());
        }
        SocketChannel channel = SocketChannel.open();
        try {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.socket().connect(address, (int) timeout.toMillis());
            TlsWire wire = tls.map(own -> new TlsWire(channel, ClusterTls.client(own.toNodes())))
                    .orElse(null);
            return new Connection(channel, node.toString(), wire);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /**
     * Gets ready to carry a transfer.
     *
     * @param encrypted what TLS takes from the network into, until the transfer's end
     */
    void begin(ByteBuffer encrypted) throws IOException {
        if (tls != null) {
            tls.begin(encrypted);
        }
    }

    /** As {@link SocketChannel#read}. */
    int read(ByteBuffer into) throws IOException {
        return tls == null ? channel.read(into) : tls.read(into);
    }

    void writeFully(ByteBuffer from) throws IOException {
        if (tls != null) {
            tls.writeFully(from);
        } else {
            while (from.hasRemaining()) {
                channel.write(from);
            }
        }
    }

    /** Whether it can carry another transfer: nothing of this one is left in it. */
    boolean isClean() {
        return tls == null || tls.isClean();
    }

    /** What a request's Host header says. */
    String authority() {
        return authority;
    }

    /** Whether it has carried a transfer before. */
    boolean used() {
        return used;
    }

    void rest() {
        used = true;
        restingSince = System.nanoTime();
    }

    boolean restedFor(Duration time) {
        return System.nanoTime() - restingSince >= time.toNanos();
    }

    void close() {
        try {
            channel.close();
        } catch (IOException e) {
            // It is gone either way.
        }
    }
}
