package io.pantala.seed.backfill;

import io.pantala.swarm.Fill;
import io.pantala.swarm.FillRequest;
import io.pantala.swarm.Opening;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** Someone who wants a blob. */
final class Party implements Fill {
    private final FillRequest request;
    private final Consumer<Party> onLeaving;
    private final CompletableFuture<Opening> opening = new CompletableFuture<>();

    Party(FillRequest request, Consumer<Party> onLeaving) {
        this.request = request;
        this.onLeaving = onLeaving;
    }

    FillRequest request() {
        return request;
    }

    @Override
    public CompletableFuture<Opening> opening() {
        return opening;
    }

    /** What came of it. A lease in it is given back if the party has its answer already, or has left. */
    void tell(Opening outcome) {
        if (!opening.complete(outcome) && outcome instanceof Opening.Opened(var blob)) {
            blob.close();
        }
    }

    @Override
    public void close() {
        tell(new Opening.Unavailable("it was not waited for"));
        onLeaving.accept(this);
    }
}
