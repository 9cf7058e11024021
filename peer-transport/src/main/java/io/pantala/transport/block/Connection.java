package io.pantala.transport.block;

import io.pantala.transport.NodeAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.UnknownHostException;
import java.nio.channels.SocketChannel;
import java.time.Duration;

/** An open connection to a node. */
final class Connection {
    private final SocketChannel channel;
    private final String authority;
    private boolean used;
    private long restingSince;

    private Connection(SocketChannel channel, String authority) {
        this.channel = channel;
        this.authority = authority;
    }

    static Connection open(NodeAddress node, Duration timeout) throws IOException {
        InetSocketAddress address = new InetSocketAddress(node.host(), node.port());
        if (address.isUnresolved()) {
            throw new UnknownHostException("no address is known for " + node.host());
        }
        SocketChannel channel = SocketChannel.open();
        try {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.socket().connect(address, (int) timeout.toMillis());
            return new Connection(channel, node.toString());
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    SocketChannel channel() {
        return channel;
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
