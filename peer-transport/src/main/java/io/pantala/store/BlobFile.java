package io.pantala.store;

import io.pantala.store.StoreDirectory.BlobFiles;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The open files of one blob. A thread that is interrupted while it uses a {@link FileChannel} closes it for everyone,
 * so each use has a channel of its own, lent from a few that are kept; the sidecar is no such channel at all.
 */
final class BlobFile implements AutoCloseable {
    private static final int KEPT = 4;

    private final Deque<FileChannel> idle = new ArrayDeque<>();
    private BlobFiles files;
    private boolean complete;
    private boolean gone;
    private @Nullable FileChannel shared;
    private @Nullable Arena mapping;
    private @Nullable MemorySegment memory;
    private @Nullable RandomAccessFile sidecar;
    private long sidecarEnd;

    BlobFile(BlobFiles files, boolean complete, long sidecarEnd) {
        this.files = files;
        this.complete = complete;
        this.sidecarEnd = sidecarEnd;
    }

    /** Makes the files of an empty blob. The data comes first: a sidecar says that it is there in full length. */
    static BlobFile create(BlobFiles files, long size, byte[] header) throws IOException {
        Files.createDirectories(files.data().getParent());
        Files.deleteIfExists(files.data()); // never cut short a file that someone may still have open
        try (RandomAccessFile data = new RandomAccessFile(files.data().toFile(), "rw")) {
            data.setLength(size);
        }
        Files.write(files.blocks(), header);
        return new BlobFile(files, false, header.length);
    }

    /** A channel for one use, to be given back. */
    synchronized FileChannel borrow() throws IOException {
        FileChannel kept = idle.poll();
        return kept != null ? kept : open();
    }

    synchronized void giveBack(FileChannel channel) {
        if (channel.isOpen() && idle.size() < KEPT && !gone) {
            idle.push(channel);
        } else {
            closeQuietly(channel);
        }
    }

    /** Opens the channel that those share who serve the blob, so that they have it whatever happens to the names. */
    synchronized void openShared() throws IOException {
        if (shared == null || !shared.isOpen()) {
            shared = open();
        }
    }

    synchronized FileChannel shared() {
        try {
            openShared();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Objects.requireNonNull(shared);
    }

    /**
     * The whole file as memory, until this is closed. It has its full length from the start and never loses any, so no
     * page is missing, however much of it is there yet.
     */
    synchronized MemorySegment memory() throws IOException {
        if (memory == null) {
            FileChannel file = shared();
            Arena arena = Arena.ofShared();
            try {
                memory = file.map(FileChannel.MapMode.READ_ONLY, 0, file.size(), arena);
            } catch (IOException | RuntimeException e) {
                arena.close();
                throw e;
            }
            mapping = arena;
        }
        return memory;
    }

    private FileChannel open() throws IOException {
        if (gone) {
            // by now another blob's file may have this name
            throw new NoSuchFileException(files.data().toString());
        }
        return FileChannel.open(
                files.data(),
                complete ? Set.of(StandardOpenOption.READ) : Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE));
    }

    /** Appends a record to the sidecar; one that could not be written in full is overwritten by the next. */
    synchronized void append(byte[] bytes) throws IOException {
        RandomAccessFile out = openSidecar();
        out.seek(sidecarEnd);
        out.write(bytes);
        sidecarEnd += bytes.length;
    }

    private RandomAccessFile openSidecar() throws IOException {
        if (sidecar == null) {
            if (gone) {
                throw new NoSuchFileException(files.blocks().toString());
            }
            sidecar = new RandomAccessFile(files.blocks().toFile(), "rw");
        }
        return sidecar;
    }

    /** Waits until all that was written is on the disk. */
    void force() throws IOException {
        FileChannel data = borrow();
        try {
            data.force(true);
        } finally {
            giveBack(data);
        }
        RandomAccessFile blocks;
        synchronized (this) {
            blocks = openSidecar();
        }
        blocks.getFD().sync();
    }

    /** Renames both files; should a crash part them, the next start brings them together again. */
    synchronized void moveTo(BlobFiles target) throws IOException {
        if (gone) {
            throw new NoSuchFileException(files.data().toString());
        }
        Files.createDirectories(target.data().getParent());
        move(files.data(), target.data());
        try {
            move(files.blocks(), target.blocks());
        } catch (IOException e) {
            move(target.data(), files.data());
            throw e;
        }
        files = target;
        complete = true;
    }

    private static void move(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** The names are about to be someone else's: nothing is opened by them any more. What is open stays so. */
    synchronized void leaveNames() {
        gone = true;
    }

    /** Closes what is open; the next use opens it again. */
    @Override
    public synchronized void close() {
        closeQuietly(mapping);
        mapping = null;
        memory = null;
        closeQuietly(shared);
        shared = null;
        closeQuietly(sidecar);
        sidecar = null;
        idle.forEach(BlobFile::closeQuietly);
        idle.clear();
    }

    private static void closeQuietly(@Nullable AutoCloseable open) {
        try {
            if (open != null) {
                open.close();
            }
        } catch (Exception _) {
            // nothing was buffered, so nothing is lost
        }
    }
}
