package io.pantala.transport.block;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;

/**
 * TLS over a blocking socket. Decrypts from the buffer that the network is read into straight into the reader's, record
 * after record; holds no buffer of its own between transfers. For one thread at a time.
 */
final class TlsWire {
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final SocketChannel channel;
    private final SSLEngine engine;
    private final int record;
    private boolean open;

    /** From the network, ready to be read from; lent for a transfer. */
    private ByteBuffer encrypted = NOTHING;

    /** What was decrypted and found no room with its reader. */
    private ByteBuffer left = NOTHING;

    TlsWire(SocketChannel channel, SSLEngine engine) {
        this.channel = channel;
        this.engine = engine;
        this.record = engine.getSession().getPacketBufferSize();
    }

    /** Shakes hands, if that was not done yet. */
    void begin(ByteBuffer buffer) throws IOException {
        encrypted = buffer.clear().flip();
        if (!open) {
            engine.beginHandshake();
            shakeHands(ByteBuffer.allocate(record));
            open = true;
        }
    }

    private void shakeHands(ByteBuffer nothing) throws IOException {
        while (true) {
            switch (engine.getHandshakeStatus()) {
                case NEED_TASK -> {
                    for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
                        task.run();
                    }
                }
                case NEED_WRAP -> send(NOTHING);
                case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                    SSLEngineResult result = engine.unwrap(encrypted, nothing);
                    if (result.getStatus() == SSLEngineResult.Status.CLOSED
                            || (result.getStatus() == SSLEngineResult.Status.BUFFER_UNDERFLOW && !receive())) {
                        throw new SSLException("the node ended the connection within the handshake");
                    }
                }
                case FINISHED, NOT_HANDSHAKING -> {
                    return;
                }
            }
        }
    }

    /** More from the network; false at its end. */
    private boolean receive() throws IOException {
        encrypted.compact();
        int count = channel.read(encrypted);
        encrypted.flip();
        return count >= 0;
    }

    /** Decrypts as much as has come and finds room; waits for the network only when there is nothing. */
    int read(ByteBuffer into) throws IOException {
        int start = into.position();
        while (into.hasRemaining()) {
            if (left.hasRemaining()) {
                int length = Math.min(left.remaining(), into.remaining());
                into.put(left.slice(left.position(), length));
                left.position(left.position() + length);
                continue;
            }
            boolean roomy = into.remaining() >= record;
            if (!roomy && into.position() > start) {
                break;
            }
            ByteBuffer target = roomy ? into : ByteBuffer.allocate(record);
            SSLEngineResult result = engine.unwrap(encrypted, target);
            if (!roomy) {
                left = target.flip();
            }
            switch (result.getStatus()) {
                case OK -> {
                    if (result.getHandshakeStatus() != HandshakeStatus.NOT_HANDSHAKING
                            && result.getHandshakeStatus() != HandshakeStatus.FINISHED) {
                        // The other end takes a new key after very many bytes.
                        shakeHands(NOTHING);
                    }
                }
                case BUFFER_UNDERFLOW -> {
                    if (into.position() > start) {
                        return into.position() - start;
                    }
                    if (!receive()) {
                        return -1;
                    }
                }
                case BUFFER_OVERFLOW -> throw new SSLException("a record is larger than TLS allows");
                case CLOSED -> {
                    return into.position() > start ? into.position() - start : -1;
                }
            }
        }
        return into.position() - start;
    }

    void writeFully(ByteBuffer from) throws IOException {
        do {
            send(from);
        } while (from.hasRemaining());
    }

    private void send(ByteBuffer from) throws IOException {
        ByteBuffer out = ByteBuffer.allocate(record);
        SSLEngineResult result = engine.wrap(from, out);
        if (result.getStatus() != SSLEngineResult.Status.OK) {
            throw new SSLException("the connection is closed");
        }
        out.flip();
        while (out.hasRemaining()) {
            channel.write(out);
        }
    }

    /** Whether all that has come was read. */
    boolean isClean() {
        return !encrypted.hasRemaining() && !left.hasRemaining();
    }
}
