package io.pantala.seed.preheat;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.Digest;
import io.pantala.manifest.ImageReference;
import io.pantala.manifest.Platform;
import io.pantala.seed.preheat.PreheatStatus.BlobStatus;
import io.pantala.store.StoredBlob;
import io.pantala.swarm.BlobFiller;
import io.pantala.swarm.CredentialSource;
import io.pantala.swarm.FillRequest;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One preheat, from its submission until it is forgotten. Its credentials are known only to the threads that work on
 * it, and are gone with them.
 */
final class PreheatJob {
    private static final Logger LOG = LoggerFactory.getLogger(PreheatJob.class);

    private final String id;
    private final ImageReference image;
    private final List<Platform> platforms;
    private final PreheatConfig config;
    private final PreheatListener listener;
    private final InstantSource clock;
    private final Instant created;

    private volatile PreheatState state = PreheatState.PENDING;
    private volatile @Nullable Instant finished;
    private volatile @Nullable String error;
    private volatile @Nullable Digest digest;
    private volatile List<BlobPreheat> blobs = List.of();
    private volatile @Nullable Thread thread;

    PreheatJob(
            String id,
            ImageReference image,
            List<Platform> platforms,
            PreheatConfig config,
            PreheatListener listener,
            InstantSource clock) {
        this.id = id;
        this.image = image;
        this.platforms = platforms;
        this.config = config;
        this.listener = listener;
        this.clock = clock;
        this.created = clock.instant();
    }

    String id() {
        return id;
    }

    Optional<Instant> finished() {
        return Optional.ofNullable(finished);
    }

    PreheatStatus status() {
        PreheatState now = state;
        List<BlobStatus> each = blobs.stream().map(BlobPreheat::status).toList();
        return new PreheatStatus(id, image, platforms, now, digest, created, finished, error, each);
    }

    /** Has it run, on a virtual thread of its own, once it has got one of the slots. */
    void start(Semaphore slots, ManifestSource manifests, BlobFiller filler, CredentialSource credentials) {
        Thread worker = Thread.ofVirtual().name("preheat-" + id).unstarted(() -> {
            try {
                slots.acquire();
                try {
                    run(manifests, filler, credentials);
                } finally {
                    slots.release();
                }
            } catch (PreheatException e) {
                end(PreheatState.FAILED, e.getMessage());
            } catch (InterruptedException e) {
                end(PreheatState.CANCELLED, null);
            } catch (RuntimeException e) {
                LOG.warn("preheat {} of {} broke", id, image, e);
                end(PreheatState.FAILED, "something went wrong inside the seed, see its log");
            }
        });
        thread = worker;
        worker.start();
    }

    void cancel() {
        end(PreheatState.CANCELLED, null);
        Thread running = thread;
        if (running != null) {
            running.interrupt();
        }
    }

    private void run(ManifestSource manifests, BlobFiller filler, CredentialSource credentials)
            throws PreheatException, InterruptedException {
        begin();
        ImageWalk.Found found = ImageWalk.walk(manifests, image, platforms);
        digest = found.digest();
        blobs = found.blobs().stream().map(BlobPreheat::new).toList();
        // All are leased until the end, so that none is evicted to make room for another.
        Queue<StoredBlob> leases = new ConcurrentLinkedQueue<>();
        try {
            fetchAll(filler, credentials, leases);
            conclude();
        } finally {
            leases.forEach(StoredBlob::close);
        }
    }

    private void fetchAll(BlobFiller filler, CredentialSource credentials, Queue<StoredBlob> leases)
            throws InterruptedException {
        Semaphore room = new Semaphore(config.blobsAtOnce());
        // Closing it waits for all of them; an interrupt while it waits is passed on to them.
        try (ExecutorService fetches = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("preheat-" + id + "-", 0).factory())) {
            try {
                for (BlobPreheat blob : blobs) {
                    room.acquire();
                    fetches.execute(() -> {
                        try {
                            fetch(blob, filler, credentials).ifPresent(leases::add);
                        } finally {
                            room.release();
                        }
                    });
                }
            } catch (InterruptedException e) {
                fetches.shutdownNow();
                throw e;
            }
        }
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
    }

    private Optional<StoredBlob> fetch(BlobPreheat blob, BlobFiller filler, CredentialSource credentials) {
        try {
            Optional<BlobKey> key = blob.key(image.upstream());
            return key.isEmpty()
                    ? blob.failed("only blobs with a sha256 digest are stored")
                    : blob.fetch(
                            filler,
                            new FillRequest(key.get(), image.repository(), credentials, "preheat-" + id),
                            config.stall());
        } catch (InterruptedException e) {
            blob.end(PreheatState.CANCELLED, null);
            return Optional.empty();
        } catch (RuntimeException e) {
            LOG.warn("preheat {} of {} broke", id, image, e);
            return blob.failed("something went wrong inside the seed, see its log");
        }
    }

    private void conclude() throws PreheatException {
        List<BlobStatus> failed = blobs.stream()
                .map(BlobPreheat::status)
                .filter(blob -> blob.state() != PreheatState.SUCCEEDED)
                .toList();
        if (!failed.isEmpty()) {
            BlobStatus first = failed.getFirst();
            throw new PreheatException(
                    failed.size() + " of " + blobs.size() + " blobs failed; " + first.digest() + ": " + first.error());
        }
        end(PreheatState.SUCCEEDED, null);
    }

    private synchronized void begin() {
        if (!state.isFinal()) {
            state = PreheatState.RUNNING;
        }
    }

    private void end(PreheatState ended, @Nullable String why) {
        synchronized (this) {
            if (state.isFinal()) {
                return;
            }
            error = why;
            finished = clock.instant();
            state = ended;
        }
        for (BlobPreheat blob : blobs) {
            blob.end(PreheatState.CANCELLED, null);
        }
        listener.finished(status());
    }
}
