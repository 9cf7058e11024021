package io.pantala.swarm.download;

import io.pantala.manifest.Digest;
import io.pantala.store.StoredBlob;
import java.io.IOException;
import java.security.MessageDigest;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Hashes whole blobs while their blocks come, each of which matches only what a seed has said of it: a seed that vouched for
 * something else is found out before the last block leaves. One block at a time of all blobs in turn, by one thread, off
 * the path of what is before the last block.
 */
final class WholeCheck implements AutoCloseable {
    private final BlockingQueue<Running> due = new LinkedBlockingQueue<>();
    private final Thread thread =
            Thread.ofPlatform().daemon().name("whole-check").unstarted(this::run);
    private volatile boolean closed;

    /** What a blob's blocks are, one after the other. */
    sealed interface Outcome {
        record Whole(Digest digest) implements Outcome {}

        record Unreadable(String why) implements Outcome {}
    }

    void start() {
        thread.start();
    }

    /**
     * The check of a blob of which blocks begin to come.
     *
     * @param lease is the check's from now on
     * @param whenOver told once, by the thread that hashes
     */
    Running begin(StoredBlob lease, Consumer<Outcome> whenOver) {
        return new Running(lease, whenOver);
    }

    /** One blob's check. */
    final class Running implements AutoCloseable {
        private final Consumer<Outcome> whenOver;
        private final MessageDigest sha256 = Digest.newSha256();
        private final AtomicBoolean isDue = new AtomicBoolean();

        // Guarded by this.
        private @Nullable StoredBlob lease;
        private int next;

        private Running(StoredBlob lease, Consumer<Outcome> whenOver) {
            this.lease = lease;
            this.whenOver = whenOver;
        }

        /** Some block has come to be held. */
        void advance() {
            if (isDue.compareAndSet(false, true)) {
                due.add(this);
            }
        }

        private void hashNext() {
            isDue.set(false);
            Outcome outcome = null;
            synchronized (this) {
                StoredBlob blob = lease;
                if (blob == null) {
                    return;
                }
                try {
                    if (next < blob.layout().count() && blob.holds(next)) {
                        blob.readTo(sha256, next++);
                        advance();
                    }
                    if (next == blob.layout().count()) {
                        outcome = new Outcome.Whole(Digest.ofSha256(sha256.digest()));
                    }
                } catch (IOException | RuntimeException e) {
                    outcome = new Outcome.Unreadable(String.valueOf(e.getMessage()));
                }
                if (outcome != null) {
                    close();
                }
            }
            if (outcome != null) {
                whenOver.accept(outcome);
            }
        }

        /** Ends it, whether it is over or not. */
        @Override
        public synchronized void close() {
            if (lease != null) {
                lease.close();
                lease = null;
            }
        }
    }

    private void run() {
        while (!closed) {
            try {
                // The time limit lets it see that it is closed; an interrupt would close the file it reads.
                Running next = due.poll(1, TimeUnit.SECONDS);
                if (next != null) {
                    next.hashNext();
                }
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    @Override
    public void close() {
        closed = true;
    }
}
