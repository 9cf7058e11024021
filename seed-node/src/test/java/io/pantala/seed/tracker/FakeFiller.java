package io.pantala.seed.tracker;

import io.pantala.manifest.BlobKey;
import io.pantala.store.BlobFailure;
import io.pantala.store.BlobStore;
import io.pantala.store.NoRoomException;
import io.pantala.store.StoredBlob;
import io.pantala.swarm.Authorization;
import io.pantala.swarm.BlobFiller;
import io.pantala.swarm.Fill;
import io.pantala.swarm.FillRequest;
import io.pantala.swarm.Opening;
import io.pantala.swarm.TestContent;
import io.pantala.swarm.UpstreamRefusal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

/** Fills blobs at the pace that a test sets: one block, and in the end the seal, for each permit. */
final class FakeFiller implements BlobFiller {
    static final UpstreamRefusal NO = new UpstreamRefusal(
            403, List.of(Map.entry("X-Why", "because")), "denied".getBytes(StandardCharsets.US_ASCII));

    final Map<BlobKey, TestContent> contents = new ConcurrentHashMap<>();
    final Map<BlobKey, Opening> outcomes = new ConcurrentHashMap<>();
    final Semaphore permits = new Semaphore(0);
    final BlockingQueue<FillRequest> started = new LinkedBlockingQueue<>();
    final AtomicInteger open = new AtomicInteger();

    /** What the registry accepts. */
    volatile Authorization accepted = Authorization.ANONYMOUS;

    private final BlobStore store;

    FakeFiller(BlobStore store) {
        this.store = store;
    }

    @Override
    public Fill start(FillRequest request) {
        started.add(request);
        open.incrementAndGet();
        CompletableFuture<Opening> opening = new CompletableFuture<>();
        Thread.startVirtualThread(() -> {
            try {
                fill(request, opening);
            } catch (IOException | NoRoomException | InterruptedException e) {
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
                open.decrementAndGet();
            }
        };
    }

    private void fill(FillRequest request, CompletableFuture<Opening> opening)
            throws IOException, NoRoomException, InterruptedException {
        Opening outcome = outcomes.get(request.key());
        if (outcome != null) {
            opening.complete(outcome);
            return;
        }
        Authorization used = request.credentials().current();
        while (!used.equals(accepted)) {
            Optional<Authorization> newer = request.credentials().newerThan(used, "Basic realm=\"x\"");
            if (newer.isEmpty()) {
                opening.complete(new Opening.Refused(NO));
                return;
            }
            used = newer.get();
        }
        TestContent content = contents.get(request.key());
        if (content == null) {
            opening.complete(new Opening.Unavailable("the registry can't be reached"));
            return;
        }
        try (StoredBlob blob = store.create(content.key(), content.layout())) {
            blob.recheck();
            opening.complete(new Opening.Opened(blob.share()));
            for (int block = 0; block < content.layout().count(); block++) {
                if (!blob.holds(block)) {
                    permits.acquire();
                    content.write(blob, block);
                }
            }
            permits.acquire();
            blob.seal();
        }
    }

    /** Ends what is being filled. */
    void fail(BlobKey key, BlobFailure failure) {
        try (StoredBlob blob = store.find(key).orElseThrow()) {
            blob.fail(failure);
        }
    }
}
