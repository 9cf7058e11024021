package io.pantala.store;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.store.StoreDirectory.BlobFiles;
import io.pantala.store.StoreDirectory.Found;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Blobs on disk, partial and complete, within a quota: what was used least recently goes first, never what is in use.
 * Everything here may touch the disk, so none of it belongs on an event loop.
 */
public final class BlobStore implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(BlobStore.class);

    /** How many blobs without a lease keep their files open and their hashes in memory. */
    private static final int IDLE_OPEN = 32;

    private static final int BUFFER = 128 << 10;
    private static final int BUFFERS_KEPT = 8;

    private static final Duration CLOSE_WAITS = Duration.ofSeconds(10);

    private final StoreDirectory directory;
    private final long quota;
    private final StoreListener listener;
    private final Clock clock;

    /** Guards all below, and every {@link Entry}; only renames happen under it. Taken before a blob's own lock. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Condition backgroundDone = lock.newCondition();

    /** Least recently used first. */
    private final SequencedMap<BlobKey, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);

    private final Set<Entry> idle = new LinkedHashSet<>();

    /** To check blocks with; more are made when more are needed at once. */
    private final BlockingQueue<ByteBuffer> buffers = new ArrayBlockingQueue<>(BUFFERS_KEPT);

    private long used;
    private int background;
    private boolean closed;

    /** A blob in the index, loaded or not. */
    static final class Entry {
        final BlobKey key;
        final long size;
        boolean complete;
        int leases;

        /** Null when it is noted on disk. */
        @Nullable
        Instant lastUse;

        /** Held while the blob is read from disk or made there. */
        final ReentrantLock loading = new ReentrantLock();

        /** Null until the first who has a lease has loaded it. */
        volatile @Nullable Blob blob;

        /** Out of the index, and its files are not its own any more. */
        volatile boolean gone;

        Entry(BlobKey key, long size, boolean complete) {
            this.key = key;
            this.size = size;
            this.complete = complete;
        }
    }

    private BlobStore(StoreDirectory directory, long quota, List<Found> found, StoreListener listener, Clock clock) {
        this.directory = directory;
        this.quota = quota;
        this.listener = listener;
        this.clock = clock;
        for (Found each : found) {
            entries.put(each.key(), new Entry(each.key(), each.size(), each.complete()));
            used += each.size();
        }
    }

    /** Opens the store in a directory of its own, which no other process can open then. */
    public static BlobStore open(StoreConfig config, StoreListener listener, Clock clock) throws StoreException {
        StoreDirectory directory = StoreDirectory.open(config.directory());
        try {
            List<Path> trash = directory.oldTrash();
            List<Found> found = new ArrayList<>(directory.scan());
            found.sort(Comparator.comparing(Found::lastUsed));
            long bytes = found.stream().mapToLong(Found::size).sum();
            long quota = config.quota().isPresent() ? config.quota().getAsLong() : directory.defaultQuota(bytes);
            BlobStore store = new BlobStore(directory, quota, found, listener, clock);
            store.delete(trash);
            store.shrink();
            return store;
        } catch (IOException e) {
            directory.close();
            throw new StoreException("can't read the blobs in " + config.directory() + ": " + e, e);
        }
    }

    /** The quota may have become smaller since the last start. */
    private void shrink() throws IOException {
        List<Entry> evicted = new ArrayList<>();
        lock.lock();
        try {
            evictDownTo(quota, evicted);
        } finally {
            lock.unlock();
        }
        tellEvicted(evicted);
    }

    /** A lease on what is there of this blob, complete or partial. */
    public Optional<StoredBlob> find(BlobKey key) {
        try {
            return lease(key);
        } catch (IOException e) {
            log.warn("{} can't be read: {}", key, e.toString());
            return Optional.empty();
        }
    }

    /**
     * A lease on the blob, which is made when it isn't there. A partial one of another layout is dropped first; a sealed
     * one is given as it is.
     *
     * @throws NoRoomException when nothing more can be evicted for it
     */
    public StoredBlob create(BlobKey key, BlockLayout layout) throws NoRoomException, IOException {
        if (!fits(layout.size())) {
            throw new NoRoomException(key + " has " + layout.size() + " bytes, more than the quota of " + quota);
        }
        while (true) {
            StoredBlob there = lease(key).orElse(null);
            if (there != null && (there.sealed() || there.layout().equals(layout))) {
                return there;
            }
            if (there != null) {
                there.close();
                remove(there.entry(), new BlobFailure.Interrupted("it is cut into other blocks now"));
            }
            Entry entry = new Entry(key, layout.size(), false);
            List<Entry> evicted = new ArrayList<>();
            entry.loading.lock();
            try {
                if (reserve(entry, evicted)) {
                    return new StoredBlob(this, entry, make(entry, layout));
                }
            } finally {
                entry.loading.unlock();
                tellEvicted(evicted);
            }
        }
    }

    /** The blob's content proved wrong: its readers fail at once, and its bytes go. */
    public void drop(BlobKey key) {
        remove(key, new BlobFailure.DigestMismatch(key.digest(), null));
    }

    /**
     * Makes room for bytes that are no blob yet. They count as used until they are {@linkplain #giveBack given back}; false
     * when nothing more can be evicted for them.
     */
    public boolean setAside(long bytes) throws IOException {
        List<Entry> evicted = new ArrayList<>();
        lock.lock();
        try {
            evictDownTo(quota - bytes, evicted);
            if (used > quota - bytes) {
                return false;
            }
            used += bytes;
            return true;
        } finally {
            lock.unlock();
            tellEvicted(evicted);
        }
    }

    /** Gives back what {@link #setAside} gave. */
    public void giveBack(long bytes) {
        lock.lock();
        try {
            used -= bytes;
        } finally {
            lock.unlock();
        }
    }

    public StoreUsage usage() {
        lock.lock();
        try {
            return new StoreUsage(used, quota, entries.size());
        } finally {
            lock.unlock();
        }
    }

    /**
     * The complete blobs, those used last first. Reads a small file for each, and leaves the order in which they would go
     * as it is.
     *
     * @param most of them
     */
    public List<SealedBlob> sealed(int most) {
        List<Entry> complete;
        lock.lock();
        try {
            complete = entries.sequencedValues().reversed().stream()
                    .filter(entry -> entry.complete)
                    .limit(most)
                    .toList();
        } finally {
            lock.unlock();
        }
        List<SealedBlob> found = new ArrayList<>();
        for (Entry entry : complete) {
            try {
                found.add(new SealedBlob(
                        entry.key,
                        Sidecar.read(directory.complete(entry.key).blocks()).layout()));
            } catch (IOException e) {
                log.debug("{} has just gone: {}", entry.key, e.toString());
            }
        }
        return found;
    }

    /** False when a blob of this size can never be stored: it is larger than the quota. */
    public boolean fits(long size) {
        return size <= quota;
    }

    /** Waits, within bounds, for sealed blobs to become durable, then lets go of the directory. */
    @Override
    public void close() {
        List<Entry> all;
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            awaitBackground();
            all = List.copyOf(entries.values());
            all.forEach(entry -> forget(entry, new BlobFailure.Interrupted("the store is closed")));
        } finally {
            lock.unlock();
        }
        all.forEach(BlobStore::tell);
        directory.close();
    }

    private void awaitBackground() {
        long nanos = CLOSE_WAITS.toNanos();
        try {
            while (background > 0 && nanos > 0) {
                nanos = backgroundDone.awaitNanos(nanos);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    StoreDirectory directory() {
        return directory;
    }

    // ---- leases

    private Optional<StoredBlob> lease(BlobKey key) throws IOException {
        Entry entry;
        lock.lock();
        try {
            entry = closed ? null : entries.get(key);
            if (entry == null) {
                return Optional.empty();
            }
            lease(entry);
        } finally {
            lock.unlock();
        }
        try {
            Blob blob = load(entry);
            if (blob != null) {
                return Optional.of(new StoredBlob(this, entry, blob));
            }
        } catch (IOException e) {
            release(entry);
            throw e;
        }
        release(entry);
        return Optional.empty();
    }

    void lease(Entry entry) {
        lock.lock();
        try {
            entry.leases++;
            idle.remove(entry);
        } finally {
            lock.unlock();
        }
    }

    /** Gives back the lease of someone who has used the blob. */
    void release(Entry entry) {
        lock.lock();
        try {
            entries.get(entry.key); // it is the one used last now
            entry.lastUse = clock.instant();
        } finally {
            lock.unlock();
        }
        unlease(entry);
    }

    private void unlease(Entry entry) {
        lock.lock();
        try {
            entry.leases--;
            if (entry.leases > 0) {
                return;
            }
            if (!entry.gone) {
                rest(entry);
                return;
            }
            used -= entry.size;
        } finally {
            lock.unlock();
        }
        close(entry);
    }

    private void rest(Entry entry) {
        if (entry.blob != null) {
            entry.blob.settle();
        }
        noteLastUse(entry);
        idle.add(entry);
        if (idle.size() > IDLE_OPEN) {
            Iterator<Entry> eldest = idle.iterator();
            unload(eldest.next());
            eldest.remove();
        }
    }

    /** For the order of eviction after the next start. */
    private void noteLastUse(Entry entry) {
        Instant lastUse = entry.lastUse;
        if (lastUse != null) {
            entry.lastUse = null;
            try {
                Files.setLastModifiedTime(files(entry).blocks(), FileTime.from(lastUse));
            } catch (IOException e) {
                log.warn("can't note the last use of {}: {}", entry.key, e.toString());
            }
        }
    }

    /** What is known of a partial blob's blocks is kept, since it would cost hashing them again. */
    private static void unload(Entry entry) {
        close(entry);
        if (entry.complete) {
            entry.blob = null;
        }
    }

    private BlobFiles files(Entry entry) {
        return entry.complete ? directory.complete(entry.key) : directory.partial(entry.key);
    }

    /** The leased entry's blob; null when it has gone or what is on disk is worth nothing. */
    private @Nullable Blob load(Entry entry) throws IOException {
        entry.loading.lock();
        try {
            Blob blob = entry.blob;
            if (blob == null) {
                blob = read(entry);
                entry.blob = blob;
            }
            blob.file().openShared();
        } catch (Sidecar.CorruptException | NoSuchFileException e) {
            if (!entry.gone) {
                log.warn("what is on disk of {} is dropped: {}", entry.key, e.toString());
                remove(entry, new BlobFailure.Interrupted("it was damaged on disk"));
            }
        } finally {
            entry.loading.unlock();
        }
        return entry.gone ? null : entry.blob;
    }

    private Blob read(Entry entry) throws IOException {
        BlobFiles files = files(entry);
        Sidecar sidecar = Sidecar.read(files.blocks());
        if (!sidecar.key().equals(entry.key)
                || sidecar.layout().size() != entry.size
                || Files.size(files.data()) != entry.size
                || (entry.complete && !sidecar.hashes().isComplete())) {
            throw new Sidecar.CorruptException(files.blocks() + " does not fit its data");
        }
        return Blob.loaded(sidecar, new BlobFile(files, entry.complete, sidecar.end()), entry.complete, listener);
    }

    // ---- making, removing

    /** Makes room for an entry and puts it into the index, leased; false when another has come first. */
    private boolean reserve(Entry entry, List<Entry> evicted) throws NoRoomException, IOException {
        lock.lock();
        try {
            if (closed) {
                throw new IOException("the store is closed");
            }
            if (entries.containsKey(entry.key)) {
                return false;
            }
            evictDownTo(quota - entry.size, evicted);
            if (used > quota - entry.size) {
                throw new NoRoomException("no room for the " + entry.size + " bytes of " + entry.key + ": " + used
                        + " of " + quota + " bytes are used, and too many of them are in use");
            }
            entries.put(entry.key, entry);
            entry.leases = 1;
            used += entry.size;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Evicts until no more bytes than that are used; nothing when even all that can go would not do. */
    private void evictDownTo(long bytes, List<Entry> evicted) throws IOException {
        List<Entry> victims = new ArrayList<>();
        long left = used;
        for (Entry entry : entries.values()) {
            if (left <= bytes) {
                break;
            }
            if (entry.leases == 0) {
                victims.add(entry);
                left -= entry.size;
            }
        }
        if (left > bytes) {
            return;
        }
        for (Entry victim : victims) {
            List<Path> trash = directory.trash(files(victim));
            forget(victim, new BlobFailure.Interrupted("it made room for others"));
            delete(trash);
            evicted.add(victim);
        }
    }

    private void tellEvicted(List<Entry> evicted) {
        for (Entry entry : evicted) {
            tell(entry);
            listener.evicted(entry.key, entry.size);
        }
    }

    private Blob make(Entry entry, BlockLayout layout) throws IOException {
        try {
            BlobFile file = BlobFile.create(files(entry), layout.size(), Sidecar.header(entry.key, layout));
            Blob blob = Blob.empty(entry.key, layout, file, listener);
            entry.blob = blob;
            file.openShared();
            if (entry.gone) {
                throw new IOException("the store is closed");
            }
            return blob;
        } catch (IOException e) {
            remove(entry, new BlobFailure.Interrupted("it could not be stored: " + e));
            release(entry);
            throw e;
        }
    }

    private void remove(BlobKey key, BlobFailure why) {
        Entry entry;
        lock.lock();
        try {
            entry = entries.get(key);
        } finally {
            lock.unlock();
        }
        if (entry != null) {
            remove(entry, why);
        }
    }

    /** Takes a blob out of the store, leased or not. */
    private void remove(Entry entry, BlobFailure why) {
        entry.loading.lock();
        lock.lock();
        try {
            if (entry.gone) {
                return;
            }
            List<Path> trash = List.of();
            try {
                trash = directory.trash(files(entry));
            } catch (IOException e) {
                log.warn("the files of {} can't be deleted: {}", entry.key, e.toString());
            }
            forget(entry, why);
            delete(trash);
        } finally {
            lock.unlock();
            entry.loading.unlock();
        }
        tell(entry);
    }

    // ---- what the disk has lost

    /** Whether these blocks of a leased blob are still what was written; if not, it is not complete any more. */
    boolean intact(Entry entry, Blob blob, int first, int end) {
        ByteBuffer chunk = takeBuffer();
        try {
            for (int block = first; block < end; block++) {
                if (!blob.intact(block, chunk)) {
                    damaged(entry, block);
                    return false;
                }
            }
            return true;
        } catch (IOException e) {
            log.warn("{} can't be read: {}", entry.key, e.toString());
            remove(entry, new BlobFailure.Interrupted("the disk can't read it"));
            return false;
        } finally {
            giveBack(chunk);
        }
    }

    /** What is left of the blob is there for whoever fills it again, who checks each of its blocks. */
    private void damaged(Entry entry, int block) {
        log.warn("block {} of {} is not on disk as it was written", block, entry.key);
        entry.loading.lock();
        lock.lock();
        try {
            if (entry.gone) {
                return;
            }
            if (entry.complete) {
                directory.demote(entry.key);
            }
            forget(entry, new BlobFailure.Interrupted("it was damaged on disk"));
            entries.put(entry.key, new Entry(entry.key, entry.size, false));
            used += entry.size;
        } catch (IOException e) {
            log.warn("{} can't be mended: {}", entry.key, e.toString());
            remove(entry, new BlobFailure.Interrupted("it was damaged on disk"));
        } finally {
            lock.unlock();
            entry.loading.unlock();
        }
        tell(entry);
        listener.damaged(entry.key, block);
    }

    private ByteBuffer takeBuffer() {
        ByteBuffer kept = buffers.poll();
        return kept == null ? ByteBuffer.allocateDirect(BUFFER) : kept;
    }

    private void giveBack(ByteBuffer buffer) {
        var _ = buffers.offer(buffer);
    }

    /** Freeing gigabytes takes a while, and nobody needs to wait for it. */
    private void delete(List<Path> trash) {
        inBackground(() -> StoreDirectory.deleteAll(trash));
    }

    private void forget(Entry entry, BlobFailure why) {
        entry.gone = true;
        entries.remove(entry.key);
        idle.remove(entry);
        Blob blob = entry.blob;
        if (blob != null) {
            blob.end(why);
        }
        if (entry.leases == 0) {
            used -= entry.size;
            close(entry);
        }
    }

    private static void tell(Entry entry) {
        Blob blob = entry.blob;
        if (blob != null) {
            blob.tell();
        }
    }

    private static void close(Entry entry) {
        Blob blob = entry.blob;
        if (blob != null) {
            blob.file().close();
        }
    }

    // ---- in the background

    /** Makes a sealed blob durable, then moves it to where complete ones are. */
    void publish(Entry entry, Blob blob) {
        lease(entry);
        inBackground(() -> {
            try {
                blob.file().force();
            } catch (IOException e) {
                unlease(entry);
                throw e;
            }
            lock.lock();
            try {
                if (!entry.gone) {
                    blob.file().moveTo(directory.complete(entry.key));
                    entry.complete = true;
                }
            } finally {
                unlease(entry);
                lock.unlock();
            }
        });
    }

    @FunctionalInterface
    private interface DiskWork {
        void run() throws IOException;
    }

    private void inBackground(DiskWork work) {
        lock.lock();
        try {
            background++;
        } finally {
            lock.unlock();
        }
        Thread.ofVirtual().name("blob-store").start(() -> {
            try {
                work.run();
            } catch (IOException e) {
                log.warn("the blob store's disk failed: {}", e.toString());
            } finally {
                lock.lock();
                try {
                    background--;
                    backgroundDone.signalAll();
                } finally {
                    lock.unlock();
                }
            }
        });
    }
}
