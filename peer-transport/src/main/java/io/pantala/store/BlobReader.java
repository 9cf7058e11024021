package io.pantala.store;

import java.nio.channels.FileChannel;
import java.time.Duration;
import java.util.concurrent.TimeoutException;

/**
 * Follows the verified bytes of a blob in order. The last block is withheld until the blob is sealed. Holds a lease of
 * its own. Used by one thread at a time, but any thread may close it.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class BlobReader implements AutoCloseable {
    BlobReader() {}

    /** The next byte to be read. */
    public long position() {
        throw new UnsupportedOperationException();
    }

    /** The end of what is to be read, exclusive. */
    public long end() {
        throw new UnsupportedOperationException();
    }

    /**
     * Waits until bytes at {@link #position()} can be read.
     *
     * @return the exclusive end of what can be read from there on, at most {@link #end()}
     * @throws BlobFailedException when they won't come, or the reader was closed
     * @throws TimeoutException when they did not come in time
     */
    public long awaitReadable(Duration timeout) throws BlobFailedException, TimeoutException, InterruptedException {
        throw new UnsupportedOperationException();
    }

    /** Moves {@link #position()} past bytes that were read. */
    public void advance(long bytes) {
        throw new UnsupportedOperationException();
    }

    /** See {@link StoredBlob#channel()}. */
    public FileChannel channel() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
