package io.pantala.seed.preheat;

import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.Digest;
import io.pantala.store.BlobFailure;
import io.pantala.store.BlobStore;
import io.pantala.store.BlockWriter;
import io.pantala.store.StoredBlob;
import io.pantala.swarm.Authorization;
import io.pantala.swarm.BlobFiller;
import io.pantala.swarm.Fill;
import io.pantala.swarm.FillRequest;
import io.pantala.swarm.Opening;
import io.pantala.swarm.UpstreamRefusal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** Fills blobs from memory: all but the last block at once, and that once the gate is open. */
public final class StoringFiller implements BlobFiller {
    private final BlobStore store;
    private final Map<Digest, byte[]> blobs;
    private final Map<Digest, Opening> others = new ConcurrentHashMap<>();
    private final Map<Digest, BlobFailure> failures = new ConcurrentHashMap<>();
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger mostAtOnce = new AtomicInteger();
    private final Map<Digest, Authorization> credentials = new ConcurrentHashMap<>();
    private volatile CountDownLatch gate = new CountDownLatch(0);

    public StoringFiller(BlobStore store, Map<Digest, byte[]> blobs) {
        this.store = store;
        this.blobs = blobs;
    }

    /** From now on, no blob is completed before this is open. */
    public StoringFiller gate(CountDownLatch latch) {
        gate = latch;
        return this;
    }

    /** Says this of a blob in place of filling it. */
    StoringFiller answer(Digest digest, Opening opening) {
        others.put(digest, opening);
        return this;
    }

    /** Fails this blob in the end. */
    StoringFiller fail(Digest digest, BlobFailure failure) {
        failures.put(digest, failure);
        return this;
    }

    static Opening refused(int status) {
        return new Opening.Refused(new UpstreamRefusal(status, List.of(), new byte[0]));
    }

    int mostAtOnce() {
        return mostAtOnce.get();
    }

    /** How many fills somebody is interested in. */
    int running() {
        return running.get();
    }

    /** With what each blob was asked for. */
    Map<Digest, Authorization> credentials() {
        return credentials;
    }

    @Override
    public Fill start(FillRequest request) {
        Digest digest = request.key().digest();
        credentials.put(digest, request.credentials().current());
        mostAtOnce.accumulateAndGet(running.incrementAndGet(), Math::max);
        CompletableFuture<Opening> opening = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                Opening other = others.get(digest);
                if (other != null) {
                    opening.complete(other);
                } else {
                    fill(request, opening);
                }
            } catch (Exception e) {
                opening.complete(new Opening.Unavailable(e.toString()));
            }
        });
        return new Fill() {
            @Override
            public CompletableFuture<Opening> opening() {
                return opening;
            }

            @Override
            public void close() {
                running.decrementAndGet();
            }
        };
    }

    private void fill(FillRequest request, CompletableFuture<Opening> opening) throws Exception {
        byte[] bytes = blobs.get(request.key().digest());
        if (bytes == null) {
            opening.complete(refused(404));
            return;
        }
        BlockLayout layout = BlockLayout.of(bytes.length);
        try (StoredBlob blob = store.create(request.key(), layout)) {
            opening.complete(new Opening.Opened(blob.share()));
            for (int block = 0; block < layout.count(); block++) {
                if (block == layout.last()) {
                    gate.await();
                }
                write(blob, block, bytes);
            }
            BlobFailure failure = failures.get(request.key().digest());
            if (failure == null) {
                blob.seal();
            } else {
                blob.fail(failure);
            }
        }
    }

    private static void write(StoredBlob blob, int block, byte[] bytes) {
        try (BlockWriter writer = blob.writer(block)) {
            BlockLayout layout = blob.layout();
            writer.write(ByteBuffer.wrap(bytes, (int) layout.offset(block), layout.length(block)));
            writer.complete();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
