package io.pantala.proxy.pull;

import io.pantala.manifest.BlockLayout;
import io.pantala.store.BlobFailure;
import io.pantala.store.BlobStore;
import io.pantala.store.BlockWriter;
import io.pantala.store.NoRoomException;
import io.pantala.store.StoredBlob;
import io.pantala.swarm.BlobFiller;
import io.pantala.swarm.Fill;
import io.pantala.swarm.FillRequest;
import io.pantala.swarm.Opening;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** A filler that does what a test says, when it says so. */
final class ScriptedFiller implements BlobFiller {
    static final int BLOCK = 64 << 10;

    final List<FillRequest> requests = new CopyOnWriteArrayList<>();
    final AtomicInteger parties = new AtomicInteger();

    private final Function<FillRequest, CompletableFuture<Opening>> script;

    private ScriptedFiller(Function<FillRequest, CompletableFuture<Opening>> script) {
        this.script = script;
    }

    /** One that always says this. */
    static ScriptedFiller saying(Opening opening) {
        return new ScriptedFiller(_ -> CompletableFuture.completedFuture(opening));
    }

    /** One that says nothing until told. */
    static ScriptedFiller saying(CompletableFuture<Opening> later) {
        return new ScriptedFiller(_ -> later);
    }

    /** One that opens the blob, whose blocks then come as the test gives them. */
    static ScriptedFiller opening(BlobStore store, byte[] content) {
        return new ScriptedFiller(
                request -> CompletableFuture.completedFuture(new Opening.Opened(create(store, request, content))));
    }

    /** One that has it all at once. */
    static ScriptedFiller filling(BlobStore store, byte[] content) {
        return new ScriptedFiller(request -> {
            StoredBlob blob = create(store, request, content);
            give(blob, content, 0, blob.layout().count());
            blob.seal();
            return CompletableFuture.completedFuture(new Opening.Opened(blob));
        });
    }

    @Override
    public Fill start(FillRequest request) {
        requests.add(request);
        parties.incrementAndGet();
        CompletableFuture<Opening> opening = script.apply(request);
        return new Fill() {
            private boolean closed;

            @Override
            public CompletableFuture<Opening> opening() {
                return opening;
            }

            @Override
            public void close() {
                if (!closed) {
                    closed = true;
                    parties.decrementAndGet();
                }
            }
        };
    }

    /** Writes blocks from {@code first} to before {@code end}. */
    static void give(StoredBlob blob, byte[] content, int first, int end) {
        for (int block = first; block < end; block++) {
            try (BlockWriter writer = blob.writer(block)) {
                int offset = (int) blob.layout().offset(block);
                writer.write(ByteBuffer.wrap(content, offset, blob.layout().length(block)));
                writer.complete();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    static BlobFailure interrupted() {
        return new BlobFailure.Interrupted("a test says so");
    }

    private static StoredBlob create(BlobStore store, FillRequest request, byte[] content) {
        try {
            StoredBlob blob = store.create(request.key(), new BlockLayout(content.length, BLOCK));
            blob.recheck();
            return blob;
        } catch (NoRoomException e) {
            throw new IllegalStateException(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
