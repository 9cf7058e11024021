package io.pantala.seed.backfill;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.Digest;
import io.pantala.seed.backfill.Copies.Copy;
import io.pantala.seed.backfill.Copies.Holder;
import io.pantala.store.BlockWriter;
import io.pantala.store.NoRoomException;
import io.pantala.store.StoredBlob;
import java.io.IOException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes a whole blob from those who hold it. Nobody is given a byte of it before all of it is proved: what a block has to
 * be is not known, and one holder that lies would spoil it for all.
 */
final class Retrieval {
    private static final Logger log = LoggerFactory.getLogger(Retrieval.class);
    private static final int PARALLEL = 8;

    private final BlobKey key;
    private final Copy copy;
    private final BlockLayout layout;
    private final Means means;
    private final Spool spool;
    private final BooleanSupplier wanted;
    private final long start = System.nanoTime();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Deque<Integer> missing = new ArrayDeque<>();
    private final List<Holder> holders;
    private final Map<Integer, Came> came = new HashMap<>();
    private int next;
    private boolean over;
    private String why = "";

    /** A block that is here. */
    private record Came(Holder from, Digest hash) {}

    /** What came of it. */
    sealed interface Outcome {
        /** It is in the store, sealed. */
        record Retrieved(StoredBlob blob) implements Outcome {}

        /** Nothing of it is in the store. */
        record Failed(String why) implements Outcome {}
    }

    /** @param wanted whether somebody still waits for it, asked now and then */
    Retrieval(BlobKey key, Copy copy, Means means, Spool spool, BooleanSupplier wanted) {
        this.key = key;
        this.copy = copy;
        this.layout = copy.layout();
        this.means = means;
        this.spool = spool;
        this.wanted = wanted;
        this.holders = new ArrayList<>(copy.holders());
        for (int block = 0; block < layout.count(); block++) {
            missing.add(block);
        }
    }

    /** @param most how long it may take */
    Outcome run(Duration most) throws InterruptedException {
        if (!means.store().fits(layout.size())) {
            return new Outcome.Failed("it is larger than the quota");
        }
        try (Spool.Mark _ = spool.mark(key);
                StoredBlob blob = means.store().create(key, layout)) {
            if (!blob.held().isEmpty()) {
                return new Outcome.Failed("some of it is here already");
            }
            boolean proved = false;
            try {
                proved = bring(blob, most);
            } finally {
                if (!proved) {
                    means.store().drop(key);
                }
            }
            return proved ? new Outcome.Retrieved(blob.share()) : new Outcome.Failed(why);
        } catch (NoRoomException | IOException e) {
            return new Outcome.Failed("it can't be stored: " + e.getMessage());
        }
    }

    private boolean bring(StoredBlob blob, Duration most) throws IOException, InterruptedException {
        for (int i = 0; i < Math.min(PARALLEL, layout.count()); i++) {
            StoredBlob lease = blob.share();
            Thread.ofVirtual().name("retrieval").start(() -> fetch(lease));
        }
        try {
            MessageDigest sha256 = Digest.newSha256();
            for (int block = 0; block < layout.count(); block++) {
                if (!awaitHeld(blob, block, most)) {
                    return false;
                }
                blob.readTo(sha256, block);
            }
            if (!Digest.ofSha256(sha256.digest()).equals(key.digest())) {
                why = "what they hold is something else";
                return false;
            }
            blob.seal();
            return true;
        } finally {
            end();
            copy.close();
        }
    }

    private void end() {
        lock.lock();
        try {
            over = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private boolean awaitHeld(StoredBlob blob, int block, Duration most) throws InterruptedException {
        lock.lock();
        try {
            while (!blob.holds(block)) {
                long passed = System.nanoTime() - start;
                // Less than a third in half the time.
                boolean hopeless = passed > most.toNanos() / 2 && 3L * came.size() < layout.count();
                if (holders.isEmpty() || hopeless || passed > most.toNanos() || !wanted.getAsBoolean()) {
                    why = holders.isEmpty() ? "none of them gives all of it" : "it would take too long";
                    return false;
                }
                var _ = changed.awaitNanos(most.toNanos() / 10);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    // ---- on threads of its own

    private record Task(int block, Holder from) {}

    private void fetch(StoredBlob lease) {
        try (lease) {
            for (Task task = next(); task != null; task = next()) {
                boolean held;
                try (BlockWriter writer = lease.writer(task.block)) {
                    held = task.from.fetch(task.block, writer, null);
                } catch (RuntimeException e) {
                    log.warn("{}: block {} could not be taken from {}", key, task.block, task.from, e);
                    held = false;
                }
                ended(task, held ? hash(lease, task.block) : null);
            }
        }
    }

    /** Null when there is nothing left to do. */
    private @Nullable Task next() {
        lock.lock();
        try {
            while (!over && !holders.isEmpty() && came.size() < layout.count()) {
                Integer block = missing.poll();
                if (block != null) {
                    return new Task(block, holders.get(next++ % holders.size()));
                }
                // One that is on its way may have to be fetched from another.
                changed.awaitUninterruptibly();
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    private static @Nullable Digest hash(StoredBlob blob, int block) {
        byte[] sha256 = blob.hash(block);
        return sha256 == null ? null : Digest.ofSha256(sha256);
    }

    private void ended(Task task, @Nullable Digest hash) {
        lock.lock();
        try {
            if (hash == null) {
                holders.remove(task.from);
                missing.addFirst(task.block);
            } else {
                came.put(task.block, new Came(task.from, hash));
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    // ---- afterwards

    /** Finds who has given wrong blocks, now that the registry has given the right ones. */
    void judge(StoredBlob right) {
        if (!right.layout().equals(layout)) {
            copy.holders().forEach(Holder::lied);
            return;
        }
        lock.lock();
        try {
            came.entrySet().stream()
                    .filter(each -> !each.getValue().hash.equals(hash(right, each.getKey())))
                    .map(each -> each.getValue().from)
                    .distinct()
                    .forEach(Holder::lied);
        } finally {
            lock.unlock();
        }
    }

    /** How long it has taken. */
    Duration took() {
        return Duration.ofNanos(System.nanoTime() - start);
    }
}
