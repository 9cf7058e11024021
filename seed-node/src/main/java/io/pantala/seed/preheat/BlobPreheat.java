package io.pantala.seed.preheat;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.Descriptor;
import io.pantala.manifest.UpstreamName;
import io.pantala.seed.preheat.PreheatStatus.BlobStatus;
import io.pantala.store.BlobFailure;
import io.pantala.store.BlobObserver;
import io.pantala.store.StoredBlob;
import io.pantala.swarm.BlobFiller;
import io.pantala.swarm.Fill;
import io.pantala.swarm.FillRequest;
import io.pantala.swarm.Opening;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** One blob on its way into the store. */
final class BlobPreheat {
    private static final int HASH_BYTES = 32;

    private final Descriptor wanted;
    private volatile PreheatState state = PreheatState.PENDING;
    private volatile long done;
    private volatile long total;
    private volatile @Nullable String error;

    BlobPreheat(Descriptor wanted) {
        this.wanted = wanted;
        this.total = wanted.size();
    }

    BlobStatus status() {
        return new BlobStatus(wanted.digest(), state, Math.min(done, total), total, error);
    }

    /** What the filler is asked for; empty if blobs of such a digest are never stored. */
    Optional<BlobKey> key(UpstreamName upstream) {
        return wanted.digest().isSha256() ? Optional.of(new BlobKey(upstream, wanted.digest())) : Optional.empty();
    }

    /**
     * Waits until the blob is stored, or is known not to be.
     *
     * @return a lease on it, which keeps it from being evicted; empty if it failed
     */
    Optional<StoredBlob> fetch(BlobFiller filler, FillRequest request, Duration stall) throws InterruptedException {
        begin();
        try (Fill fill = filler.start(request)) {
            Opening opening = await(fill, stall);
            if (!(opening instanceof Opening.Unsized unsized)) {
                return settle(opening, stall);
            }
            Optional<String> trouble = await(unsized);
            if (trouble.isPresent()) {
                return failed(trouble.get());
            }
        }
        try (Fill fill = filler.start(request)) {
            return settle(await(fill, stall), stall);
        }
    }

    private Optional<StoredBlob> settle(Opening opening, Duration stall) throws InterruptedException {
        return switch (opening) {
            case Opening.Opened opened -> follow(opened.blob(), stall);
            case Opening.Unsized _ -> failed("the registry tells no length, and it was not kept");
            case Opening.Refused refused ->
                failed("the registry answered " + refused.refusal().status());
            case Opening.PassThrough passing -> failed(why(passing.reason()));
            case Opening.Unavailable unavailable -> failed(unavailable.reason());
        };
    }

    /** Ends it, unless it has ended. */
    synchronized void end(PreheatState ended, @Nullable String why) {
        if (!state.isFinal()) {
            error = why;
            state = ended;
        }
    }

    Optional<StoredBlob> failed(String why) {
        end(PreheatState.FAILED, why);
        return Optional.empty();
    }

    private synchronized void begin() {
        if (!state.isFinal()) {
            state = PreheatState.RUNNING;
        }
    }

    private static Opening await(Fill fill, Duration stall) throws InterruptedException {
        try {
            return fill.opening().get(stall.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            giveBack(fill);
            throw e;
        } catch (TimeoutException e) {
            giveBack(fill);
            return new Opening.Unavailable("the registry has not answered for " + stall.toSeconds() + " s");
        } catch (ExecutionException e) {
            throw new IllegalStateException("an opening always completes normally", e);
        }
    }

    /** As long as bytes come, which whoever stores it watches. */
    private static Optional<String> await(Opening.Unsized unsized) throws InterruptedException {
        try {
            return unsized.stored().get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("it always completes normally", e);
        }
    }

    /** A lease that comes after all is nobody's. */
    private static void giveBack(Fill fill) {
        var _ = fill.opening().thenAccept(opening -> {
            if (opening instanceof Opening.Opened opened) {
                opened.blob().close();
            }
        });
    }

    private Optional<StoredBlob> follow(StoredBlob blob, Duration stall) throws InterruptedException {
        boolean stored = false;
        total = blob.layout().size();
        var progress = new Progress(blob.layout());
        try (var _ = blob.observe(progress)) {
            Optional<String> trouble = progress.await(stall);
            if (trouble.isPresent()) {
                return failed(trouble.get());
            }
            done = total;
            end(PreheatState.SUCCEEDED, null);
            stored = true;
            return Optional.of(blob);
        } finally {
            if (!stored) {
                blob.close();
            }
        }
    }

    private static String why(Opening.PassThrough.Reason reason) {
        return switch (reason) {
            case NO_LENGTH -> "the registry tells no length";
            case LARGER_THAN_QUOTA -> "it is larger than the seed's disk quota";
            case NO_ROOM -> "the seed's disk quota is used up by what is in use";
            case DISK_ERROR -> "the seed can't write to its disk";
        };
    }

    /** Counts what is held, and waits for the end. */
    private final class Progress implements BlobObserver {
        private final BlockLayout layout;
        private final CompletableFuture<Optional<String>> end = new CompletableFuture<>();

        Progress(BlockLayout layout) {
            this.layout = layout;
        }

        @Override
        public void onBlocks(int first, byte[] hashes) {
            long bytes = 0;
            for (int block = first; block < first + hashes.length / HASH_BYTES; block++) {
                bytes += layout.length(block);
            }
            counted(bytes);
        }

        @Override
        public void onSealed() {
            end.complete(Optional.empty());
        }

        @Override
        public void onFailed(BlobFailure failure) {
            end.complete(Optional.of(failure.toString()));
        }

        /** What went wrong; empty if nothing did. */
        Optional<String> await(Duration stall) throws InterruptedException {
            while (true) {
                long before = done;
                try {
                    return end.get(stall.toMillis(), TimeUnit.MILLISECONDS);
                } catch (TimeoutException e) {
                    if (done == before) {
                        return Optional.of("no more of it has come for " + stall.toSeconds() + " s");
                    }
                } catch (ExecutionException e) {
                    throw new IllegalStateException("never completed with an exception", e);
                }
            }
        }
    }

    private synchronized void counted(long bytes) {
        done += bytes;
    }
}
