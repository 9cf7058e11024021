package io.pantala.swarm.download;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.Digest;
import io.pantala.store.BlobStore;
import io.pantala.store.StoredBlob;
import io.pantala.transport.NodeAddress;
import java.io.IOException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks whole blobs once more after their blocks have all matched what a seed said: one at a time, resting most of the
 * time, off the path of any pull. A seed that vouched for something else is found out here.
 */
final class WholeCheck implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WholeCheck.class);
    private static final int WAITING = 1024;

    /** How long it works before it rests, so that it does not wake up for each small block. */
    private static final Duration STRETCH = Duration.ofMillis(10);

    /** How long it rests, in multiples of the time it works. */
    private static final int REST = 3;

    private record Vouched(BlobKey key, NodeAddress seed) {}

    private final BlobStore store;
    private final Liars liars;
    private final SwarmListener listener;
    private final BlockingQueue<Vouched> waiting = new ArrayBlockingQueue<>(WAITING);
    private final Thread thread;
    private volatile boolean closed;

    WholeCheck(BlobStore store, Liars liars, SwarmListener listener) {
        this.store = store;
        this.liars = liars;
        this.listener = listener;
        this.thread = Thread.ofPlatform().daemon().name("whole-check").unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** Has the blob checked when its turn comes. */
    void submit(BlobKey key, NodeAddress seed) {
        if (!waiting.offer(new Vouched(key, seed))) {
            LOG.warn("{} is not checked as a whole: {} blobs wait for it already", key, WAITING);
        }
    }

    private void run() {
        while (!closed) {
            try {
                // The time limit lets it see that it is closed; an interrupt would close the file it reads.
                Vouched next = waiting.poll(1, TimeUnit.SECONDS);
                if (next != null) {
                    check(next);
                }
            } catch (InterruptedException e) {
                return;
            } catch (IOException | RuntimeException e) {
                LOG.warn("A stored blob could not be checked as a whole: {}", e.toString());
            }
        }
    }

    private void check(Vouched vouched) throws IOException {
        Optional<StoredBlob> found = store.find(vouched.key());
        if (found.isEmpty()) {
            return;
        }
        try (StoredBlob blob = found.get()) {
            MessageDigest sha256 = Digest.newSha256();
            long start = System.nanoTime();
            for (int block = 0; block < blob.layout().count(); block++) {
                if (closed) {
                    return;
                }
                blob.readTo(sha256, block);
                long worked = System.nanoTime() - start;
                if (worked >= STRETCH.toNanos()) {
                    LockSupport.parkNanos(REST * worked);
                    start = System.nanoTime();
                }
            }
            Digest got = Digest.ofSha256(sha256.digest());
            if (!got.equals(vouched.key().digest())) {
                liars.add(vouched.seed(), vouched.key());
                store.drop(vouched.key());
                listener.mismatch(vouched.key(), vouched.seed(), got);
            }
        }
    }

    @Override
    public void close() {
        closed = true;
    }
}
