package io.pantala.store;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import java.io.IOException;
import java.time.Clock;
import java.util.Optional;

/** Blobs on disk, partial and complete, within a quota: what was used least recently goes first, never what is in use. */
@SuppressWarnings("DoNotCallSuggester")
public final class BlobStore implements AutoCloseable {
    BlobStore() {}

    /** Opens the store in a directory of its own, which no other process can open then. */
    public static BlobStore open(StoreConfig config, StoreListener listener, Clock clock) throws StoreException {
        throw new UnsupportedOperationException();
    }

    /** A lease on what is there of this blob, complete or partial. */
    public Optional<StoredBlob> find(BlobKey key) {
        throw new UnsupportedOperationException();
    }

    /**
     * A lease on the blob, which is made when it isn't there. A partial one of another layout is dropped first; a sealed
     * one is given as it is.
     *
     * @throws NoRoomException when nothing more can be evicted for it
     */
    public StoredBlob create(BlobKey key, BlockLayout layout) throws NoRoomException, IOException {
        throw new UnsupportedOperationException();
    }

    /** The blob's content proved wrong: its readers fail at once, and its bytes go. */
    public void drop(BlobKey key) {
        throw new UnsupportedOperationException();
    }

    public StoreUsage usage() {
        throw new UnsupportedOperationException();
    }

    /** False when a blob of this size can never be stored: it is larger than the quota. */
    public boolean fits(long size) {
        throw new UnsupportedOperationException();
    }

    /** Waits, within bounds, for sealed blobs to become durable, then lets go of the directory. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
