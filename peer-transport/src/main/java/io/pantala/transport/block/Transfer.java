package io.pantala.transport.block;

import io.pantala.store.BlockWriter;
import io.pantala.transport.RateLimit;
import io.pantala.transport.link.LinkFailure;
import io.pantala.transport.ticket.Ticket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** One request for a block over an open connection, and the answer to it. */
final class Transfer {
    /** What has come is written after this time, however little it is: it is how others see that something comes. */
    private static final long LONGEST_UNWRITTEN = Duration.ofSeconds(1).toNanos();

    /** As long as others wait for what comes, so much is written at once. */
    private static final int FOLLOWED = 32 << 10;

    private final Connection connection;
    private final BlockRequest request;
    private final Ticket ticket;
    private final BlockWriter into;
    private final byte @Nullable [] expected;
    private final ByteBuffer buffer;
    private final ByteBuffer encrypted;
    private final RateLimit download;
    private final int length;
    private boolean answered;
    private boolean reusable;

    /** @param buffers that are nobody else's until its end */
    Transfer(
            Connection connection,
            BlockRequest request,
            Ticket ticket,
            BlockWriter into,
            byte @Nullable [] expected,
            BlockClient.Buffers buffers,
            RateLimit download) {
        this.connection = connection;
        this.request = request;
        this.ticket = ticket;
        this.into = into;
        this.expected = expected;
        this.buffer = buffers.plain();
        this.encrypted = buffers.encrypted();
        this.download = download;
        this.length = into.remaining();
    }

    Connection connection() {
        return connection;
    }

    /** Bytes of the block. */
    int length() {
        return length;
    }

    /** Whether the connection can carry the next transfer. */
    boolean reusable() {
        return reusable && connection.isClean();
    }

    /** Whether a connection that had rested ended before the first byte of an answer. */
    boolean foundDead() {
        return connection.used() && !answered;
    }

    BlockOutcome run(Watch watch, long start) {
        ResponseHead head;
        try {
            connection.begin(encrypted);
            ask();
            head = readHead(watch);
        } catch (IOException e) {
            return broken(e);
        }
        if (head.status() != 200) {
            return refused(head);
        }
        if (head.length() != length) {
            return new BlockOutcome.Broken("a block of " + length + " bytes came as " + head.length());
        }
        return body(head, watch, start);
    }

    private void ask() throws IOException {
        String head = "GET " + request.target() + " HTTP/1.1\r\nHost: " + connection.authority() + "\r\n"
                + Ticket.HEADER + ": " + ticket.text() + "\r\n\r\n";
        connection.writeFully(
                buffer.clear().put(head.getBytes(StandardCharsets.US_ASCII)).flip());
    }

    /** Leaves what follows the head in the buffer. */
    private ResponseHead readHead(Watch watch) throws IOException {
        buffer.clear();
        while (true) {
            if (connection.read(buffer) < 0) {
                throw new IOException("the connection ended within the answer's head");
            }
            answered = true;
            watch.progressed();
            buffer.flip();
            ResponseHead head = ResponseHead.read(buffer);
            if (head != null) {
                return head;
            }
            buffer.position(buffer.limit()).limit(buffer.capacity());
        }
    }

    private BlockOutcome refused(ResponseHead head) {
        // A short body is in the buffer already; a longer one isn't worth waiting for.
        reusable = head.keepAlive() && head.length() == buffer.remaining();
        return head.status() == 404 ? new BlockOutcome.NotHeld() : new BlockOutcome.Refused(head.status());
    }

    /** Writes much at once: the little that a slow link brings at a time costs the file system as much. */
    private BlockOutcome body(ResponseHead head, Watch watch, long start) {
        int left = length - buffer.remaining();
        if (left < 0) {
            return new BlockOutcome.Broken("more bytes came than the block has");
        }
        download.pay(buffer.remaining());
        watch.progressed();
        buffer.compact();
        long written = System.nanoTime();
        while (true) {
            long now = System.nanoTime();
            int much = into.isFollowed() ? FOLLOWED : buffer.capacity() / 2;
            if (left == 0 || buffer.position() >= much || now - written >= LONGEST_UNWRITTEN) {
                written = now;
                try {
                    into.write(buffer.flip());
                } catch (IOException e) {
                    return diskFailed(e);
                }
                if (left == 0) {
                    break;
                }
                buffer.clear();
            }
            int read;
            try {
                buffer.limit(buffer.position() + download.portion(Math.min(left, buffer.remaining())));
                read = connection.read(buffer);
            } catch (IOException e) {
                return broken(e);
            }
            if (read < 0) {
                return new BlockOutcome.Broken("the connection ended " + left + " bytes early");
            }
            buffer.limit(buffer.capacity());
            left -= read;
            watch.progressed();
            download.pay(read);
            watch.progressed();
        }
        reusable = head.keepAlive();
        try {
            return isComplete()
                    ? new BlockOutcome.Received(length, Duration.ofNanos(System.nanoTime() - start))
                    : new BlockOutcome.Corrupt();
        } catch (IOException e) {
            return diskFailed(e);
        }
    }

    private boolean isComplete() throws IOException {
        if (expected != null) {
            return into.complete(expected);
        }
        into.complete();
        return true;
    }

    private static BlockOutcome broken(IOException e) {
        return new BlockOutcome.Broken(LinkFailure.words(e));
    }

    private static BlockOutcome diskFailed(IOException e) {
        return new BlockOutcome.DiskFailed(String.valueOf(e.getMessage()));
    }
}
