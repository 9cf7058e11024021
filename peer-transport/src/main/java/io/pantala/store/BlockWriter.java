package io.pantala.store;

import io.pantala.manifest.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Hashes and writes one block as its bytes arrive. Nothing counts until {@code complete} says so. Holds a lease of its
 * own. Used by one thread at a time.
 */
public final class BlockWriter implements AutoCloseable {
    /** Where a writer's bytes go. */
    enum Target {
        IN_PLACE,
        /** To a file of its own, because another writer has the place. */
        ASIDE,
        /** The block is held already. */
        NOWHERE
    }

    private final Blob blob;
    private final StoredBlob lease;
    private final StoreDirectory directory;
    private final int block;
    private final int length;
    private final MessageDigest digest = Digest.newSha256();
    private final CRC32C checksum = new CRC32C();
    private final Target target;
    private int written;
    private final AtomicInteger followers = new AtomicInteger();

    /** Of what was written, what is in the block's place. */
    private int placed;

    private boolean done;
    private boolean displaced;
    private boolean right;
    private boolean closed;
    private @Nullable FileChannel channel;

    BlockWriter(Blob blob, StoredBlob lease, StoreDirectory directory, int block, int length) {
        this.blob = blob;
        this.lease = lease;
        this.directory = directory;
        this.block = block;
        this.length = length;
        this.target = blob.admit(this, block);
    }

    /** Takes all the buffer's bytes. An {@link IllegalStateException} when they are more than {@link #remaining()}. */
    public void write(ByteBuffer bytes) throws IOException {
        if (done || bytes.remaining() > remaining()) {
            throw new IllegalStateException(
                    bytes.remaining() + " bytes where " + (done ? 0 : remaining()) + " were to come");
        }
        blob.checkAlive();
        int size = bytes.remaining();
        digest.update(bytes.duplicate());
        checksum.update(bytes.duplicate());
        synchronized (this) {
            if (target == Target.NOWHERE || displaced) {
                bytes.position(bytes.limit());
            } else {
                FileChannel out = channel();
                long at = written + (target == Target.IN_PLACE ? blob.layout().offset(block) : 0);
                while (bytes.hasRemaining()) {
                    at += out.write(bytes, at);
                }
                placed += target == Target.IN_PLACE ? size : 0;
                notifyAll();
            }
        }
        written += size;
        blob.arrived(size);
    }

    /** Whether somebody waits for the bytes that it writes, as they come. */
    public boolean isFollowed() {
        return followers.get() > 0;
    }

    /** Bytes still to come. */
    public int remaining() {
        return length - written;
    }

    /**
     * The block is held from now on, whatever its hash; for whoever gets it from the registry itself.
     *
     * @return its sha256
     */
    public byte[] complete() throws IOException {
        byte[] hash = finish();
        blob.place(this, block, hash, (int) checksum.getValue());
        setRight();
        return hash;
    }

    /**
     * The block is held from now on if its sha256 is the expected one.
     *
     * @return false when it isn't, and nothing was kept
     */
    public boolean complete(byte[] expected) throws IOException {
        byte[] hash = finish();
        if (!MessageDigest.isEqual(hash, expected)) {
            return false;
        }
        blob.place(this, block, hash, (int) checksum.getValue());
        setRight();
        return true;
    }

    private byte[] finish() {
        if (done || remaining() > 0) {
            throw new IllegalStateException(
                    done ? "the block is complete or closed" : remaining() + " bytes are missing");
        }
        done = true;
        return digest.digest();
    }

    /** Gives up what was not completed. */
    @Override
    public void close() {
        done = true;
        blob.leave(this, block);
        synchronized (this) {
            giveBack();
            closed = true;
            notifyAll();
        }
        lease.close();
    }

    private void giveBack() {
        FileChannel open = channel;
        channel = null;
        if (open != null && target == Target.IN_PLACE) {
            blob.file().giveBack(open);
        } else if (open != null) {
            try {
                open.close();
            } catch (IOException _) {
                // nobody will read it
            }
        }
    }

    Target target() {
        return target;
    }

    /** The file it writes to. */
    FileChannel channel() throws IOException {
        FileChannel open = channel;
        if (open == null) {
            open = target == Target.IN_PLACE
                    ? blob.file().borrow()
                    : FileChannel.open(
                            directory.trashName(),
                            StandardOpenOption.CREATE_NEW,
                            StandardOpenOption.READ,
                            StandardOpenOption.WRITE,
                            StandardOpenOption.DELETE_ON_CLOSE);
            channel = open;
        }
        return open;
    }

    /** Another has the whole block, and right: from the return of this on, nothing more is written to its place. */
    synchronized void displace() {
        displaced = true;
    }

    synchronized boolean displaced() {
        return displaced;
    }

    /** One more, or one less, reads what it writes. */
    void follow(int by) {
        followers.addAndGet(by);
    }

    /**
     * Waits until more than some of its bytes can be read: all but the last one as they come to be in their place, and that
     * one once they have turned out right. What another has overwritten meanwhile never does.
     *
     * @return how many can be; -1 when no more came in that time, or none will
     */
    synchronized int awaitReadable(int than, long nanos) throws InterruptedException {
        long end = System.nanoTime() + nanos;
        while (readable() <= than) {
            long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            if (closed || left <= 0) {
                return -1;
            }
            wait(left);
        }
        return readable();
    }

    private int readable() {
        return right ? length : Math.min(placed, length - 1);
    }

    private synchronized void setRight() {
        right = placed == length;
        notifyAll();
    }
}
