package io.pantala.proxy.pull;

import io.pantala.proxy.http.EngineGoneException;
import io.pantala.proxy.http.Exchange;
import io.pantala.store.BlobStore;
import io.pantala.store.StoredBlob;
import io.pantala.swarm.BlobFiller;
import io.pantala.swarm.Fill;
import io.pantala.swarm.FillRequest;
import io.pantala.swarm.Opening;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One blob from where it is to be had: the store if it is there as a whole, else one filler after the other. Keeps what
 * it opened last until it opens something else or is closed.
 */
final class Supply implements AutoCloseable {
    private final BlobStore store;
    private final Iterator<BlobFiller> fillers;
    private final FillRequest request;
    private final Exchange exchange;
    private final Duration each;

    private boolean looked;
    private @Nullable StoredBlob blob;
    private @Nullable Fill fill;

    /** @param each how long one filler may take to say what comes of it */
    Supply(BlobStore store, List<BlobFiller> fillers, FillRequest request, Exchange exchange, Duration each) {
        this.store = store;
        this.fillers = fillers.iterator();
        this.request = request;
        this.exchange = exchange;
        this.each = each;
    }

    /**
     * The best source not tried yet that can help; {@link Opening.Unavailable} when there is none. What was opened before
     * is given back, so nothing of it may be on its way any more. An opened blob stays this supply's, who closes it.
     *
     * @param most how long it may take
     */
    Opening next(Duration most) throws EngineGoneException, InterruptedException {
        long start = System.nanoTime();
        close();
        if (!looked) {
            looked = true;
            Optional<StoredBlob> here = store.find(request.key());
            if (here.isPresent() && here.get().sealed()) {
                blob = here.get();
                return new Opening.Opened(blob);
            }
            here.ifPresent(StoredBlob::close);
        }
        Opening opening = new Opening.Unavailable("nothing is left to try");
        while (opening instanceof Opening.Unavailable && fillers.hasNext()) {
            close();
            fill = fillers.next().start(request);
            Duration left = most.minusNanos(System.nanoTime() - start);
            // Whoever else could be asked must have the time to answer.
            opening = await(
                    fill.opening(), fillers.hasNext() ? left.multipliedBy(2).dividedBy(3) : left);
        }
        if (opening instanceof Opening.Opened(StoredBlob opened)) {
            blob = opened;
        }
        return opening;
    }

    @Override
    public void close() {
        if (blob != null) {
            blob.close();
            blob = null;
        }
        if (fill != null) {
            fill.close();
            fill = null;
        }
    }

    private Opening await(CompletableFuture<Opening> opening, Duration most)
            throws EngineGoneException, InterruptedException {
        Duration patience = most.compareTo(each) < 0 ? most : each;
        try {
            return exchange.<Opening, ExecutionException>whileConnected(() -> {
                try {
                    return opening.get(Math.max(0, patience.toMillis()), TimeUnit.MILLISECONDS);
                } catch (TimeoutException e) {
                    giveBack(opening);
                    return new Opening.Unavailable("no answer in " + patience.toMillis() + " ms");
                }
            });
        } catch (EngineGoneException | InterruptedException e) {
            giveBack(opening);
            throw e;
        } catch (ExecutionException e) {
            throw new IllegalStateException("an opening completes normally", e.getCause());
        }
    }

    /** It may still come, with a lease that nobody waits for. */
    static void giveBack(CompletableFuture<Opening> opening) {
        var _ = opening.thenAccept(late -> {
            if (late instanceof Opening.Opened(StoredBlob unwanted)) {
                unwanted.close();
            }
        });
    }
}
