package io.pantala.store;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockHashes;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.BlockSet;
import io.pantala.manifest.Digest;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What all leases of one blob share: which blocks are held, who reads, writes and watches. */
final class Blob {
    private static final Logger log = LoggerFactory.getLogger(Blob.class);
    private static final int CHUNK = 64 << 10;

    private final BlobKey key;
    private final BlockLayout layout;
    private final BlobFile file;
    private final StoreListener listener;

    /** Held while a block comes to be held, which is what makes a block's place on disk final. */
    private final ReentrantLock placing = new ReentrantLock();

    /** Held by the one thread that rechecks. */
    private final ReentrantLock rechecking = new ReentrantLock();

    /** Guards all below; nothing slow happens under it. Taken after {@link #placing} where both are. */
    private final ReentrantLock lock = new ReentrantLock();

    /** A block has begun to come, or nothing more of it will. */
    private final Condition admitted = lock.newCondition();

    private final BlockHashes hashes;
    private final int[] checksums;
    private final BlockSet held;
    private final BlockSet claimed;
    private final Map<Integer, BlockWriter> inPlace = new HashMap<>();
    private final Set<BlobReader> readers = new LinkedHashSet<>();
    private int failures;
    private @Nullable BlobFailure lastFailure;
    private final List<Observation> observations = new CopyOnWriteArrayList<>();
    private boolean sealed;
    private volatile boolean settled;

    /** Whether the whole is known to be right: until then the last block is withheld. */
    private boolean proved;

    private final LongAdder arrived = new LongAdder();
    private volatile @Nullable BlobFailure ended;

    private Blob(Sidecar sidecar, BlobFile file, boolean sealed, StoreListener listener) {
        this.key = sidecar.key();
        this.layout = sidecar.layout();
        this.hashes = sidecar.hashes();
        this.checksums = sidecar.checksums();
        this.file = file;
        this.listener = listener;
        this.sealed = sealed;
        this.settled = sealed;
        this.proved = sealed;
        this.held = sealed ? BlockSet.full(layout.count()) : new BlockSet(layout.count());
        this.claimed = sealed ? new BlockSet(layout.count()) : hashes.known();
    }

    /** A blob of which nothing is there yet. */
    static Blob empty(BlobKey key, BlockLayout layout, BlobFile file, StoreListener listener) {
        return new Blob(
                new Sidecar(key, layout, new BlockHashes(layout.count()), new int[layout.count()], 0),
                file,
                false,
                listener);
    }

    /** A blob as an earlier process, or an earlier lease, has left it. */
    static Blob loaded(Sidecar sidecar, BlobFile file, boolean sealed, StoreListener listener) {
        return new Blob(sidecar, file, sealed, listener);
    }

    BlobKey key() {
        return key;
    }

    BlockLayout layout() {
        return layout;
    }

    BlobFile file() {
        return file;
    }

    boolean sealed() {
        lock.lock();
        try {
            return sealed;
        } finally {
            lock.unlock();
        }
    }

    boolean holds(int block) {
        lock.lock();
        try {
            return held.contains(block);
        } finally {
            lock.unlock();
        }
    }

    BlockSet held() {
        lock.lock();
        try {
            return held.copy();
        } finally {
            lock.unlock();
        }
    }

    /** Whether others may have this block. */
    boolean gives(int block) {
        lock.lock();
        try {
            return held.contains(block) && (proved || block != layout.last());
        } finally {
            lock.unlock();
        }
    }

    byte @Nullable [] hash(int block) {
        lock.lock();
        try {
            return held.contains(block) ? hashes.get(block) : null;
        } finally {
            lock.unlock();
        }
    }

    // ---- writing

    /**
     * Registers a writer. The first one of a block writes to its place; one that comes while that is going on writes
     * aside, so that a bad second copy can't spoil a good first one; of a held block nothing is written.
     */
    BlockWriter.Target admit(BlockWriter writer, int block) {
        lock.lock();
        try {
            if (held.contains(block)) {
                return BlockWriter.Target.NOWHERE;
            }
            if (inPlace.putIfAbsent(block, writer) != null) {
                return BlockWriter.Target.ASIDE;
            }
            admitted.signalAll();
            claimed.remove(block);
            return BlockWriter.Target.IN_PLACE;
        } finally {
            lock.unlock();
        }
    }

    /** A block as it comes; null when it doesn't begin to come for so long, is held, or is the withheld last one. */
    @Nullable
    IncomingBlock incoming(int block, long nanos) throws InterruptedException {
        lock.lock();
        try {
            if (block == layout.last() && !proved) {
                return null;
            }
            long left = nanos;
            while (left > 0 && ended == null && !held.contains(block) && !inPlace.containsKey(block)) {
                left = admitted.awaitNanos(left);
            }
            BlockWriter writer = held.contains(block) ? null : inPlace.get(block);
            return writer == null || writer.target() != BlockWriter.Target.IN_PLACE ? null : new IncomingBlock(writer);
        } finally {
            lock.unlock();
        }
    }

    /** Bytes of some block are here, though not the block yet. */
    void arrived(int bytes) {
        arrived.add(bytes);
    }

    long arrived() {
        return arrived.sum();
    }

    void leave(BlockWriter writer, int block) {
        lock.lock();
        try {
            inPlace.remove(block, writer);
        } finally {
            lock.unlock();
        }
    }

    void checkAlive() throws IOException {
        BlobFailure why = ended;
        if (why != null) {
            throw new IOException(key + " is gone from the store: " + why);
        }
    }

    /** A writer has all of a block, and its hash is right. */
    void place(BlockWriter writer, int block, byte[] hash, int checksum) throws IOException {
        placing.lock();
        try {
            if (holds(block)) {
                return;
            }
            if (writer.displaced()) {
                throw new IOException("block " + block + " of " + key + " was overwritten and is lost");
            }
            if (writer.target() == BlockWriter.Target.ASIDE) {
                displace(writer, block);
                copy(writer.channel(), layout.offset(block), layout.length(block));
            }
            file.append(Sidecar.record(block, hash, checksum));
            checksums[block] = checksum;
            hold(block, hash);
        } finally {
            placing.unlock();
        }
        tell();
    }

    /** Takes a block's place from whichever writer has it. */
    private void displace(BlockWriter writer, int block) {
        BlockWriter displaced;
        lock.lock();
        try {
            displaced = inPlace.put(block, writer);
            claimed.remove(block);
        } finally {
            lock.unlock();
        }
        if (displaced != null) {
            displaced.displace();
        }
    }

    private void copy(FileChannel from, long offset, int length) throws IOException {
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
        FileChannel to = file.borrow();
        try {
            for (int done = 0; done < length; done += chunk.limit()) {
                fill(chunk.clear().limit(Math.min(CHUNK, length - done)), from, done);
                for (long at = offset + done; chunk.hasRemaining(); ) {
                    at += to.write(chunk, at);
                }
            }
        } finally {
            file.giveBack(to);
        }
    }

    private static void fill(ByteBuffer chunk, FileChannel from, long position) throws IOException {
        long start = position;
        while (chunk.hasRemaining()) {
            int read = from.read(chunk, position);
            if (read < 0) {
                throw new EOFException("a block's file ends before it, at " + start);
            }
            position += read;
        }
        chunk.flip();
    }

    private void hold(int block, byte[] hash) throws IOException {
        lock.lock();
        try {
            checkAlive();
            hashes.put(block, hash);
            held.add(block);
            claimed.remove(block);
            inPlace.remove(block);
            admitted.signalAll();
            if (block == layout.last() && !proved) {
                return;
            }
            for (BlobReader reader : readers) {
                reader.signalIfAt(block);
            }
            observations.forEach(each -> each.untold.add(block));
        } finally {
            lock.unlock();
        }
    }

    /** Feeds a block's bytes, as they are on disk, to a digest. */
    private void read(MessageDigest digest, int block) throws IOException {
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
        long end = layout.offset(block) + layout.length(block);
        FileChannel from = file.borrow();
        try {
            for (long at = layout.offset(block); at < end; at += chunk.limit()) {
                fill(chunk.clear().limit((int) Math.min(CHUNK, end - at)), from, at);
                digest.update(chunk.array(), 0, chunk.limit());
            }
        } finally {
            file.giveBack(from);
        }
    }

    void readTo(MessageDigest digest, int block) throws IOException {
        if (!holds(block)) {
            throw new IllegalStateException("block " + block + " of " + key + " isn't held");
        }
        read(digest, block);
    }

    // ---- what has lain on disk

    /** Nobody uses it for now: from the next time on, what is on disk may be something else than what was written. */
    void settle() {
        lock.lock();
        try {
            settled = sealed;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Whether a block of a sealed blob is still what was written.
     *
     * @param chunk to read it with
     */
    boolean intact(int block, ByteBuffer chunk) throws IOException {
        if (!settled) {
            return true;
        }
        CRC32C checksum = new CRC32C();
        FileChannel from = file.borrow();
        try {
            long end = layout.offset(block) + layout.length(block);
            for (long at = layout.offset(block); at < end; at += chunk.limit()) {
                fill(chunk.clear().limit((int) Math.min(chunk.capacity(), end - at)), from, at);
                checksum.update(chunk);
            }
        } finally {
            file.giveBack(from);
        }
        return (int) checksum.getValue() == checksums[block];
    }

    // ---- what an earlier process left

    private enum Check {
        RIGHT,
        WRONG,
        OVERTAKEN
    }

    int recheck() throws IOException {
        int right = 0;
        rechecking.lock();
        try {
            for (int block = nextClaimed(0); block < layout.count(); block = nextClaimed(block + 1)) {
                switch (check(block)) {
                    case RIGHT -> {
                        right++;
                        arrived(layout.length(block));
                        tell();
                    }
                    case WRONG -> listener.rejected(key, block);
                    case OVERTAKEN -> {}
                }
            }
        } finally {
            rechecking.unlock();
        }
        return right;
    }

    private int nextClaimed(int from) {
        lock.lock();
        try {
            return claimed.next(from);
        } finally {
            lock.unlock();
        }
    }

    private Check check(int block) throws IOException {
        placing.lock();
        try {
            checkAlive();
            MessageDigest digest = Digest.newSha256();
            read(digest, block);
            byte[] hash = digest.digest();
            lock.lock();
            try {
                if (!claimed.contains(block)) {
                    return Check.OVERTAKEN; // a writer is overwriting it
                }
                if (hashes.matches(block, hash)) {
                    hold(block, hash);
                    return Check.RIGHT;
                }
                claimed.remove(block);
                return Check.WRONG;
            } finally {
                lock.unlock();
            }
        } finally {
            placing.unlock();
        }
    }

    // ---- the end

    /** True when the blob has come to be sealed by this call. */
    boolean seal() {
        lock.lock();
        try {
            if (sealed || ended != null) {
                return false;
            }
            if (!held.isFull()) {
                throw new IllegalStateException(key + " can't be sealed: it has " + held);
            }
            sealed = true;
            setProved();
            readers.forEach(BlobReader::signal);
        } finally {
            lock.unlock();
        }
        tell();
        return true;
    }

    /** Whoever fills it has learnt from elsewhere that the whole is right, held here or not. */
    void prove() {
        lock.lock();
        try {
            setProved();
        } finally {
            lock.unlock();
        }
        tell();
    }

    private void setProved() {
        if (!proved) {
            proved = true;
            readers.forEach(BlobReader::signal);
            if (layout.last() >= 0 && held.contains(layout.last())) {
                observations.forEach(each -> each.untold.add(layout.last()));
            }
        }
    }

    void fail(BlobFailure failure) {
        lock.lock();
        try {
            if (sealed || ended != null) {
                return;
            }
            failures++;
            lastFailure = failure;
            readers.forEach(reader -> reader.fail(failure));
            observations.forEach(each -> each.failure = failure);
        } finally {
            lock.unlock();
        }
        tell();
    }

    /** Nothing is read or written any more. Call {@link #tell} afterwards, when no lock is held. */
    void end(BlobFailure failure) {
        lock.lock();
        try {
            if (ended == null) {
                ended = failure;
                admitted.signalAll();
                file.leaveNames();
                readers.forEach(BlobReader::signal);
            }
        } finally {
            lock.unlock();
        }
    }

    // ---- reading

    /** Adds a reader of a lease which was given when there had been {@code failuresBefore}: what failed since is its. */
    void add(BlobReader reader, int failuresBefore) {
        lock.lock();
        try {
            readers.add(reader);
            if (lastFailure != null && failures > failuresBefore) {
                reader.fail(lastFailure);
            }
        } finally {
            lock.unlock();
        }
    }

    /** How many fills of it have failed so far. */
    int failures() {
        lock.lock();
        try {
            return failures;
        } finally {
            lock.unlock();
        }
    }

    void remove(BlobReader reader) {
        lock.lock();
        try {
            readers.remove(reader);
            reader.signal();
        } finally {
            lock.unlock();
        }
    }

    ReentrantLock lock() {
        return lock;
    }

    /** Where the verified bytes from {@code position} on end, exclusive. Called under {@link #lock()}. */
    long readableEnd(long position) throws BlobFailedException {
        BlobFailure why = ended;
        if (why != null) {
            throw new BlobFailedException(key, why);
        }
        if (sealed || position == layout.size()) {
            return layout.size();
        }
        int end = held.runEnd(layout.blockAt(position));
        // Another's word is enough only as long as it can't be checked here.
        if (end > layout.last() && proved && !held.isFull()) {
            return layout.size();
        }
        return layout.offset(Math.min(end, layout.last()));
    }

    long[] readPositions() {
        lock.lock();
        try {
            return readers.stream()
                    .filter(reader -> reader.position() < reader.end())
                    .mapToLong(BlobReader::position)
                    .sorted()
                    .distinct()
                    .toArray();
        } finally {
            lock.unlock();
        }
    }

    // ---- watching

    Subscription observe(BlobObserver observer) {
        Observation observation;
        lock.lock();
        try {
            BlockSet untold = held.copy();
            if (!proved && layout.last() >= 0) {
                untold.remove(layout.last());
            }
            observation = new Observation(observer, untold);
            observations.add(observation);
        } finally {
            lock.unlock();
        }
        tell(observation);
        return () -> observations.remove(observation);
    }

    /** Tells every observer what it has not been told yet. Called under no lock. */
    void tell() {
        observations.forEach(this::tell);
    }

    /** One thread tells an observer at a time; what comes up meanwhile, that thread tells too. */
    private void tell(Observation observation) {
        boolean mine = false;
        while (true) {
            Runnable event;
            lock.lock();
            try {
                if (observation.telling && !mine) {
                    return;
                }
                event = next(observation);
                mine = event != null;
                observation.telling = mine;
            } finally {
                lock.unlock();
            }
            if (event == null) {
                return;
            }
            try {
                event.run();
            } catch (RuntimeException e) {
                log.warn("{}: an observer failed", key, e);
            }
        }
    }

    private @Nullable Runnable next(Observation observation) {
        BlobObserver observer = observation.observer;
        BlobFailure failure = ended != null ? ended : observation.failure;
        if (observation.over) {
            return null;
        }
        if (ended == null && !observation.untold.isEmpty()) {
            int first = observation.untold.next(0);
            int end = observation.untold.runEnd(first);
            for (int block = first; block < end; block++) {
                observation.untold.remove(block);
            }
            byte[] packed = hashes.packed(first, end - first);
            return () -> observer.onBlocks(first, packed);
        }
        if (ended == null && sealed) {
            boolean first = !observation.sealed;
            observation.sealed = true;
            return first ? observer::onSealed : null;
        }
        if (failure != null) {
            observation.failure = null;
            observation.over = ended != null;
            return () -> observer.onFailed(failure);
        }
        return null;
    }

    /** One observer, and what it has still to be told. */
    private static final class Observation {
        final BlobObserver observer;
        final BlockSet untold;

        @Nullable
        BlobFailure failure;

        boolean telling;
        boolean sealed;
        boolean over;

        Observation(BlobObserver observer, BlockSet untold) {
            this.observer = observer;
            this.untold = untold;
        }
    }
}
