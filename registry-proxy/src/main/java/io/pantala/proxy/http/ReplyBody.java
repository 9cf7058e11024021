package io.pantala.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.ChannelFuture;
import io.netty.channel.FileRegion;
import io.vertx.core.net.impl.UncloseableFileRegion;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * The body of a reply on its way to the engine, written by one virtual thread. Sends block while enough is on its way,
 * so that a slow engine holds back its own bytes only, and never fills memory. Closing it waits until nothing is on its
 * way any more; a body that was not {@link #end ended} is cut short, which an engine can tell from a whole one.
 */
public final class ReplyBody implements AutoCloseable {
    /** Large enough for one region to cover the hop that the next one costs, small enough to share an event loop. */
    private static final int REGION = 1 << 20;

    /** Of what passes through memory, less at once. */
    private static final int PIECE = 128 << 10;

    private static final int ON_THE_WAY = 2;

    private static final Duration LOOK = Duration.ofMinutes(1);

    /** Engines that unpack while they read stand still for minutes; one that does so for longer than this is dead. */
    private static final int IDLE_LOOKS = 15;

    private final Exchange exchange;
    private final EngineChannel channel;
    private final Deque<Part> onTheWay = new ArrayDeque<>(ON_THE_WAY);
    private long sent;
    private boolean over;

    ReplyBody(Exchange exchange, EngineChannel channel) {
        this.exchange = exchange;
        this.channel = channel;
    }

    private record Part(
            ChannelFuture written, long bytes, @Nullable FileRegion region) {
        long taken() {
            return region == null ? 0 : region.transferred();
        }
    }

    /** Sends {@code count} bytes of a file, which must stay open until this body is closed. */
    public void send(FileChannel file, long position, long count) throws EngineGoneException {
        long at = position;
        long end = position + count;
        while (at < end) {
            makeRoom();
            long length = Math.min(channel.secure() ? PIECE : REGION, end - at);
            if (channel.secure()) {
                onTheWay.add(new Part(channel.send(read(file, at, (int) length)), length, null));
            } else {
                var region = new UncloseableFileRegion(file, at, length);
                onTheWay.add(new Part(channel.send(region), length, region));
            }
            at += length;
        }
    }

    /** What is to be encrypted passes through memory. */
    private static ByteBuf read(FileChannel file, long position, int length) {
        ByteBuf piece = PooledByteBufAllocator.DEFAULT.directBuffer(length);
        try {
            while (piece.writerIndex() < length) {
                int read = piece.writeBytes(file, position + piece.writerIndex(), length - piece.writerIndex());
                if (read < 0) {
                    throw new EOFException("the file ends before its blob");
                }
            }
            return piece;
        } catch (IOException e) {
            piece.release();
            throw new UncheckedIOException(e);
        }
    }

    /** Sends a buffer and releases it. */
    public void send(ByteBuf bytes) throws EngineGoneException {
        try {
            makeRoom();
        } catch (EngineGoneException | RuntimeException e) {
            bytes.release();
            throw e;
        }
        int length = bytes.readableBytes();
        onTheWay.add(new Part(channel.send(bytes), length, null));
    }

    /** Waits until nothing is on its way any more, so that files may be closed. */
    public void awaitSent() throws EngineGoneException {
        while (!onTheWay.isEmpty()) {
            awaitFirst();
        }
    }

    /** Bytes that have reached the engine's connection. */
    public long sent() {
        return sent;
    }

    /** All bytes are sent: ends the reply as a whole one. */
    public void end() throws EngineGoneException {
        awaitSent();
        exchange.endBody();
        over = true;
    }

    @Override
    public void close() {
        if (over) {
            return;
        }
        over = true;
        try {
            awaitSent();
            exchange.cutShort();
        } catch (EngineGoneException e) {
            exchange.lost();
        }
    }

    private void makeRoom() throws EngineGoneException {
        while (onTheWay.size() >= ON_THE_WAY) {
            awaitFirst();
        }
    }

    private void awaitFirst() throws EngineGoneException {
        Part first = onTheWay.element();
        int idleLooks = 0;
        long taken = first.taken();
        while (!first.written.awaitUninterruptibly(LOOK.toMillis())) {
            idleLooks = first.taken() == taken ? idleLooks + 1 : 0;
            taken = first.taken();
            if (idleLooks >= IDLE_LOOKS) {
                channel.abort();
            }
        }
        onTheWay.remove();
        if (!first.written.isSuccess()) {
            // The rest fails as well, at once; their files may be closed only then.
            onTheWay.forEach(part -> part.written.awaitUninterruptibly());
            onTheWay.clear();
            throw new EngineGoneException("the engine closed its connection");
        }
        sent += first.bytes;
    }
}
