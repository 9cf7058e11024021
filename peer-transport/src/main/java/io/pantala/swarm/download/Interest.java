package io.pantala.swarm.download;

import io.pantala.store.StoredBlob;
import io.pantala.swarm.Fill;
import io.pantala.swarm.FillRequest;
import io.pantala.swarm.Opening;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** One party's share in a download. */
final class Interest implements Fill {
    private final FillRequest request;
    private final Consumer<Interest> onClose;
    private final CompletableFuture<Opening> opening = new CompletableFuture<>();

    Interest(FillRequest request, Consumer<Interest> onClose) {
        this.request = request;
        this.onClose = onClose;
    }

    FillRequest request() {
        return request;
    }

    /** Hands over a lease, or closes it when nobody would. */
    void open(StoredBlob lease) {
        if (!opening.complete(new Opening.Opened(lease))) {
            lease.close();
        }
    }

    void conclude(Opening outcome) {
        opening.complete(outcome);
    }

    @Override
    public CompletableFuture<Opening> opening() {
        return opening;
    }

    @Override
    public void close() {
        conclude(new Opening.Unavailable("nobody waits any more"));
        onClose.accept(this);
    }
}
