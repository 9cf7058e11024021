package io.pantala.store;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.BlockSet;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/**
 * A lease on one blob: while it is open, the blob is not evicted. All leases of a blob see the same state. Everything
 * that touches the disk blocks, so none of it belongs on an event loop.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class StoredBlob implements AutoCloseable {
    StoredBlob() {}

    public BlobKey key() {
        throw new UnsupportedOperationException();
    }

    public BlockLayout layout() {
        throw new UnsupportedOperationException();
    }

    /** Another lease on the same blob. */
    public StoredBlob share() {
        throw new UnsupportedOperationException();
    }

    /** Whether every block is held and together they are the blob. */
    public boolean sealed() {
        throw new UnsupportedOperationException();
    }

    /** Whether this block is on disk and was verified by this process, or belongs to a sealed blob. */
    public boolean holds(int block) {
        throw new UnsupportedOperationException();
    }

    /** Which blocks are held now, the withheld last one included. A copy. */
    public BlockSet held() {
        throw new UnsupportedOperationException();
    }

    /** The sha256 of a held block; null when it isn't held. */
    public byte @Nullable [] hash(int block) {
        throw new UnsupportedOperationException();
    }

    /**
     * Checks the blocks that an earlier process left on disk; the right ones become held one by one. Whoever fills the
     * blob calls it before planning. Done once however many call it, and at once when there is nothing to check.
     *
     * @return how many blocks proved right
     */
    public int recheck() throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Takes the bytes of one block. Of a block that is held already they are hashed but not written. */
    public BlockWriter writer(int block) {
        throw new UnsupportedOperationException();
    }

    /**
     * All blocks are held and the whole blob's digest is right: releases the last block to readers at once, and makes
     * the blob durable in the background.
     */
    public void seal() {
        throw new UnsupportedOperationException();
    }

    /** The bytes stop coming: readers that are open now get what is held and then this failure. The blob stays. */
    public void fail(BlobFailure failure) {
        throw new UnsupportedOperationException();
    }

    /** A reader of the bytes from {@code from} to before {@code to}. */
    public BlobReader reader(long from, long to) {
        throw new UnsupportedOperationException();
    }

    /**
     * Tells the observer of all blocks held so far, before this returns, then of each that comes to be held, and of the
     * end.
     */
    public Subscription observe(BlobObserver observer) {
        throw new UnsupportedOperationException();
    }

    /** The positions of open readers that have not reached their end, ascending: what is wanted first. */
    public long[] readPositions() {
        throw new UnsupportedOperationException();
    }

    /** Feeds a held block's bytes to a digest, the withheld last one's too. */
    public void readTo(MessageDigest digest, int block) throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * The blob's file, for positional reads of held blocks alone. It is shared: never close it, and never read it on a
     * thread that may be interrupted meanwhile, which would close it too.
     */
    public FileChannel channel() {
        throw new UnsupportedOperationException();
    }

    /** Gives the lease back. Closing twice is harmless. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
