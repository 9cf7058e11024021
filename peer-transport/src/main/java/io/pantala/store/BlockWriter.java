package io.pantala.store;

import io.pantala.manifest.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
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
    private boolean done;
    private boolean displaced;
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
            }
        }
        written += size;
        blob.arrived(size);
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
}
