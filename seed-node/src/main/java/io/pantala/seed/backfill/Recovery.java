package io.pantala.seed.backfill;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockHashes;
import io.pantala.manifest.BlockLayout;
import io.pantala.seed.backfill.Copies.Copy;
import io.pantala.seed.backfill.Copies.Holder;
import io.pantala.store.BlockWriter;
import io.pantala.store.StoredBlob;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the missing blocks of a blob from those who hold it, when it is known what each has to be: then they can be passed
 * on as they come. Goes on for as long as anyone gives something, however long that takes.
 */
final class Recovery {
    private static final Logger log = LoggerFactory.getLogger(Recovery.class);
    private static final int PARALLEL = 8;

    /** Blocks beyond the first one missing that are begun before that one is asked of somebody else, too. */
    private static final int AHEAD = 32;

    /** Failures in a row after which a holder is asked no more. */
    private static final int TRIES = 3;

    private static final Duration LOOK = Duration.ofMillis(200);

    private final BlobKey key;
    private final StoredBlob blob;
    private final Copy copy;
    private final BlockHashes hashes;
    private final BooleanSupplier wanted;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<Source> sources = new ArrayList<>();
    private final Deque<Integer> missing = new ArrayDeque<>();

    /** Who is asked for what, in the order of blocks. */
    private final SequencedMap<Integer, List<Source>> asked = new TreeMap<>();

    private long recovered;
    private boolean over;

    /** A holder, and how it does. */
    private static final class Source {
        private final Holder holder;
        private int busy;
        private int failures;

        Source(Holder holder) {
            this.holder = holder;
        }
    }

    private record Task(int block, Source from) {}

    /** @param wanted whether somebody still waits for it, asked now and then */
    Recovery(StoredBlob blob, Copy copy, BlockHashes hashes, BooleanSupplier wanted) {
        this.key = blob.key();
        this.blob = blob;
        this.copy = copy;
        this.hashes = hashes;
        this.wanted = wanted;
        copy.holders().forEach(holder -> sources.add(new Source(holder)));
        BlockLayout layout = blob.layout();
        for (int block = 0; block < layout.count(); block++) {
            if (!blob.holds(block)) {
                missing.add(block);
            }
        }
    }

    /** Until all is here, or nobody gives any more. Returns the bytes that came. */
    long run() throws InterruptedException {
        for (int i = 0; i < PARALLEL; i++) {
            StoredBlob lease = blob.share();
            Thread.ofVirtual().name("recovery").start(() -> fetch(lease));
        }
        lock.lock();
        try {
            while (!isOver() && wanted.getAsBoolean()) {
                var _ = changed.awaitNanos(LOOK.toNanos());
            }
            return recovered;
        } finally {
            over = true;
            changed.signalAll();
            lock.unlock();
            copy.close();
        }
    }

    private boolean isOver() {
        return over || sources.isEmpty() || (missing.isEmpty() && asked.isEmpty());
    }

    // ---- on threads of its own

    private void fetch(StoredBlob lease) {
        try (lease) {
            for (Task task = next(); task != null; task = next()) {
                boolean held;
                try (BlockWriter writer = lease.writer(task.block)) {
                    held = task.from.holder.fetch(task.block, writer, hashes.get(task.block));
                } catch (RuntimeException e) {
                    log.warn("{}: block {} could not be taken from {}", key, task.block, task.from.holder, e);
                    held = false;
                }
                ended(task, held);
            }
        }
    }

    /** Null when there is nothing left to do. */
    private @Nullable Task next() {
        lock.lock();
        try {
            while (!isOver()) {
                Task task = hasRoomAhead() ? begin(missing.peek(), List.of()) : hedge();
                if (task != null) {
                    missing.remove(task.block);
                    return task;
                }
                changed.awaitUninterruptibly();
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    private boolean hasRoomAhead() {
        Integer next = missing.peek();
        return next != null && (asked.isEmpty() || next - asked.firstEntry().getKey() <= AHEAD);
    }

    /** The first block that is missing is what readers wait for: one slow source must not hold it up. */
    private @Nullable Task hedge() {
        for (Map.Entry<Integer, List<Source>> each : asked.entrySet()) {
            if (each.getValue().size() == 1) {
                return begin(each.getKey(), each.getValue());
            }
        }
        return null;
    }

    private @Nullable Task begin(int block, List<Source> but) {
        return sources.stream()
                .filter(source -> !but.contains(source))
                .min(Comparator.comparingInt(source -> source.busy))
                .map(source -> {
                    source.busy++;
                    asked.computeIfAbsent(block, _ -> new ArrayList<>()).add(source);
                    return new Task(block, source);
                })
                .orElse(null);
    }

    private void ended(Task task, boolean held) {
        lock.lock();
        try {
            task.from.busy--;
            task.from.failures = held ? 0 : task.from.failures + 1;
            if (task.from.failures == TRIES) {
                sources.remove(task.from);
            }
            List<Source> askedOf = asked.get(task.block);
            if (askedOf != null) {
                if (held) {
                    asked.remove(task.block);
                    recovered += blob.layout().length(task.block);
                } else if (askedOf.remove(task.from) && askedOf.isEmpty()) {
                    asked.remove(task.block);
                    missing.addFirst(task.block);
                }
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
