package io.pantala.store;

import java.nio.channels.FileChannel;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import org.jspecify.annotations.Nullable;

/**
 * Follows the verified bytes of a blob in order. The last block is withheld until the blob is sealed. Holds a lease of
 * its own. Used by one thread at a time, but any thread may close it.
 */
public final class BlobReader implements AutoCloseable {
    private final Blob blob;
    private final StoredBlob lease;
    private final long end;
    private final AtomicBoolean closed = new AtomicBoolean();

    /** The blob's lock guards all waiting, so that nothing is missed between looking and waiting. */
    private final Condition moved;

    private volatile long position;
    private @Nullable BlobFailure failure;

    BlobReader(Blob blob, StoredBlob lease, long from, long to) {
        this.blob = blob;
        this.lease = lease;
        this.position = from;
        this.end = to;
        this.moved = blob.lock().newCondition();
    }

    /** The next byte to be read. */
    public long position() {
        return position;
    }

    /** The end of what is to be read, exclusive. */
    public long end() {
        return end;
    }

    /**
     * Waits until bytes at {@link #position()} can be read; at the end it returns at once.
     *
     * @return the exclusive end of what can be read from there on, at most {@link #end()}
     * @throws BlobFailedException when they won't come, or the reader was closed
     * @throws TimeoutException when they did not come in time
     */
    public long awaitReadable(Duration timeout) throws BlobFailedException, TimeoutException, InterruptedException {
        long nanos = TimeUnit.NANOSECONDS.convert(timeout);
        blob.lock().lockInterruptibly();
        try {
            while (true) {
                if (closed.get()) {
                    throw new BlobFailedException(blob.key(), new BlobFailure.Interrupted("the reader was closed"));
                }
                long readable = Math.min(blob.readableEnd(position), end);
                if (readable > position || position == end) {
                    return readable;
                }
                if (failure != null) {
                    throw new BlobFailedException(blob.key(), failure);
                }
                if (nanos <= 0) {
                    throw new TimeoutException(blob.key() + ": no bytes at " + position + " within " + timeout);
                }
                nanos = moved.awaitNanos(nanos);
            }
        } finally {
            blob.lock().unlock();
        }
    }

    /** Moves {@link #position()} past bytes that were read. */
    public void advance(long bytes) {
        long next = position + Objects.checkIndex(bytes, end - position + 1);
        position = next;
    }

    /** See {@link StoredBlob#channel()}. */
    public FileChannel channel() {
        return blob.file().shared();
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            blob.remove(this);
            lease.close();
        }
    }

    void signalIfAt(int block) {
        if (position < end && blob.layout().blockAt(position) == block) {
            moved.signal();
        }
    }

    void signal() {
        moved.signal();
    }

    void fail(BlobFailure why) {
        failure = why;
        moved.signal();
    }
}
