package io.pantala.store;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.BlockSet;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A lease on one blob: while it is open, the blob is not evicted. All leases of a blob see the same state. What touches
 * the disk blocks, so it does not belong on an event loop.
 */
public final class StoredBlob implements AutoCloseable {
    private final BlobStore store;
    private final BlobStore.Entry entry;
    private final Blob blob;
    private final int failuresBefore;
    private final AtomicBoolean closed = new AtomicBoolean();

    StoredBlob(BlobStore store, BlobStore.Entry entry, Blob blob) {
        this(store, entry, blob, blob.failures());
    }

    private StoredBlob(BlobStore store, BlobStore.Entry entry, Blob blob, int failuresBefore) {
        this.store = store;
        this.entry = entry;
        this.blob = blob;
        this.failuresBefore = failuresBefore;
    }

    BlobStore.Entry entry() {
        return entry;
    }

    public BlobKey key() {
        return blob.key();
    }

    public BlockLayout layout() {
        return blob.layout();
    }

    /** Another lease on the same blob. */
    public StoredBlob share() {
        if (closed.get()) {
            throw new IllegalStateException("the lease on " + key() + " is closed");
        }
        store.lease(entry);
        return new StoredBlob(store, entry, blob, failuresBefore);
    }

    /** Whether every block is held and together they are the blob. */
    public boolean sealed() {
        return blob.sealed();
    }

    /** Whether this block is on disk and was verified by this process, or belongs to a sealed blob. */
    public boolean holds(int block) {
        return blob.holds(block);
    }

    /** Whether this block may be given to others: the last one only once the whole is proved. */
    public boolean gives(int block) {
        return blob.gives(block);
    }

    /** Which blocks are held now, the withheld last one included. A copy. */
    public BlockSet held() {
        return blob.held();
    }

    /**
     * How many bytes have been written into it, by whoever, or found right again after a restart; of use for telling
     * whether more of it comes.
     */
    public long arrived() {
        return blob.arrived();
    }

    /** The sha256 of a held block; null when it isn't held. */
    public byte @Nullable [] hash(int block) {
        return blob.hash(block);
    }

    /**
     * Checks the blocks that an earlier process left on disk; the right ones become held one by one. Whoever fills the
     * blob calls it before planning. Done once however many call it, and at once when there is nothing to check.
     *
     * @return how many blocks this call found right
     */
    public int recheck() throws IOException {
        return blob.recheck();
    }

    /**
     * Takes the bytes of one block. Of a block that is held already they are hashed but not written; while another
     * writer is at the same block, they go aside until they are complete.
     */
    public BlockWriter writer(int block) {
        int length = layout().length(block); // an index out of bounds must not cost a lease
        return new BlockWriter(blob, share(), store.directory(), block, length);
    }

    /**
     * A block that is just being received, as it comes. The caller closes it, before the lease.
     *
     * @param most how long to wait for it to begin to come
     * @return empty when it doesn't; or when it is held, or the last one, of which nothing is given before the whole is
     *     proved
     */
    public Optional<IncomingBlock> incoming(int block, Duration most) throws InterruptedException {
        return Optional.ofNullable(blob.incoming(block, most.toNanos()));
    }

    /**
     * All blocks are held and the whole blob's digest is right: releases the last block to readers at once, and makes
     * the blob durable in the background.
     */
    public void seal() {
        if (blob.seal()) {
            store.publish(entry, blob);
        }
    }

    /**
     * The whole blob is said to be right, by those who have proved it: the last block is given to others, and isn't withheld
     * from readers as long as blocks before it are missing here. Once all are here they can be hashed, and readers get it
     * when the blob is sealed.
     */
    public void prove() {
        blob.prove();
    }

    /**
     * The bytes stop coming: readers of leases given so far, those opened later too, get what is held and then this
     * failure. The blob stays; whoever takes a new lease knows nothing of it.
     */
    public void fail(BlobFailure failure) {
        blob.fail(failure);
    }

    /** A reader of the bytes from {@code from} to before {@code to}. */
    public BlobReader reader(long from, long to) {
        if (from < 0 || from > to || to > layout().size()) {
            throw new IndexOutOfBoundsException("bytes " + from + " to " + to + " of " + layout().size());
        }
        BlobReader reader = new BlobReader(blob, share(), from, to);
        blob.add(reader, failuresBefore);
        return reader;
    }

    /**
     * Tells the observer of all blocks held so far, before this returns, then of each that comes to be held, and of the
     * end.
     */
    public Subscription observe(BlobObserver observer) {
        return blob.observe(observer);
    }

    /**
     * Looks whether what has lain on disk is still what was written, before bytes {@code from} to before {@code to} of a
     * sealed blob are given to anyone. Reads all blocks that they are in, at memory's speed if they are in the page
     * cache, unless these were only just written.
     *
     * @return false when the disk has lost some of it: then this lease is of no use any more, and a new one is of what is
     *     left, partial
     */
    public boolean intact(long from, long to) {
        return from == to || store.intact(entry, blob, layout().blockAt(from), layout().blockAt(to - 1) + 1);
    }

    /** The positions of open readers that have not reached their end, ascending: what is wanted first. */
    public long[] readPositions() {
        return blob.readPositions();
    }

    /** Feeds a held block's bytes to a digest, the withheld last one's too. */
    public void readTo(MessageDigest digest, int block) throws IOException {
        blob.readTo(digest, block);
    }

    /**
     * The blob's file, for positional reads of held blocks alone, and of what there is of an {@link IncomingBlock}. It is open as long as the lease, even when the blob is
     * dropped. It is shared: never close it, and never read it on a thread that may be interrupted meanwhile, which would
     * close it too. Then it is opened again, but for those who were reading it their reading has failed; and an {@link
     * java.io.UncheckedIOException} says that it can't be.
     */
    public FileChannel channel() {
        return blob.file().shared();
    }

    /**
     * The blob's file as memory, for reading held blocks of it while the lease is open: what must pass through memory
     * anyway needs no copy then. All leases have the same one; it is let go of when nobody has a lease and the file is
     * closed. Its pages are the page cache's, which the system takes back when it needs them.
     */
    public MemorySegment memory() throws IOException {
        return blob.file().memory();
    }

    /** Gives the lease back. Closing twice is harmless. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            store.release(entry);
        }
    }
}
