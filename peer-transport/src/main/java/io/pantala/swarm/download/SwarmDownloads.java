package io.pantala.swarm.download;

import io.pantala.manifest.BlobKey;
import io.pantala.store.BlobStore;
import io.pantala.swarm.BlobFiller;
import io.pantala.swarm.Fill;
import io.pantala.swarm.FillRequest;
import io.pantala.swarm.Opening;
import io.pantala.transport.block.BlockClient;
import io.pantala.transport.control.SeedLinks;
import io.pantala.transport.ticket.Vouchers;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Fills blobs from seeds: a seed tells each block's hash as it learns it, and serves the blocks. */
public final class SwarmDownloads implements BlobFiller, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SwarmDownloads.class);
    private static final Duration LAST_TRANSFERS = Duration.ofSeconds(5);

    private final Map<BlobKey, Download> downloads = new ConcurrentHashMap<>();
    private final ThreadPoolExecutor transfers;
    private final WholeCheck wholeCheck = new WholeCheck();
    private final Surroundings surroundings;
    private volatile boolean closed;

    /** The store, links and block client stay the caller's, to be closed after this. */
    public SwarmDownloads(
            BlobStore store, SeedLinks links, BlockClient blocks, SwarmListener listener, SwarmConfig config) {
        this(store, links, blocks, new Vouchers(), listener, config);
    }

    /** @param vouchers keeps what seeds vouch for */
    public SwarmDownloads(
            BlobStore store,
            SeedLinks links,
            BlockClient blocks,
            Vouchers vouchers,
            SwarmListener listener,
            SwarmConfig config) {
        this.transfers = new ThreadPoolExecutor(
                config.transfers(),
                config.transfers(),
                10,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                Thread.ofPlatform().daemon().name("block-transfer-", 0).factory());
        this.transfers.allowCoreThreadTimeOut(true);
        this.surroundings =
                new Surroundings(store, links, blocks, transfers, wholeCheck, new Liars(), vouchers, listener, config);
        wholeCheck.start();
    }

    @Override
    public Fill start(FillRequest request) {
        if (closed) {
            return none(request, "this host is shutting down");
        }
        Joined joined = new Joined();
        downloads.compute(request.key(), (key, running) -> {
            joined.fill = running == null ? null : running.join(request);
            return joined.fill == null
                            && downloads.size() < surroundings.config().downloads()
                    ? started(key, request, joined)
                    : running;
        });
        return joined.fill == null ? none(request, "too many downloads are running") : joined.fill;
    }

    private Download started(BlobKey key, FillRequest request, Joined joined) {
        Download download = new Download(key, surroundings, ended -> downloads.remove(key, ended));
        joined.fill = download.join(request);
        surroundings.listener().started(key, request.requestId());
        Thread.ofVirtual().name("download " + key.digest()).start(download);
        return download;
    }

    private static final class Joined {
        private @Nullable Fill fill;
    }

    private static Fill none(FillRequest request, String why) {
        Interest interest = new Interest(request, _ -> {});
        interest.conclude(new Opening.Unavailable(why));
        return interest;
    }

    /** How many blobs are being downloaded. */
    public int active() {
        return downloads.size();
    }

    /** Ends all downloads, and waits briefly for their last transfers; what they hold stays in the store. */
    @Override
    public void close() {
        closed = true;
        downloads.values().forEach(Download::stop);
        wholeCheck.close();
        transfers.shutdown();
        try {
            if (!transfers.awaitTermination(LAST_TRANSFERS.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.warn("Transfers are still under way after {} s", LAST_TRANSFERS.toSeconds());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
