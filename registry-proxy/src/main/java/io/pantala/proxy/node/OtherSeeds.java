package io.pantala.proxy.node;

import io.pantala.proxy.events.SwarmEvents;
import io.pantala.swarm.BlobFiller;
import io.pantala.swarm.Fill;
import io.pantala.swarm.FillRequest;
import io.pantala.swarm.Opening;
import io.pantala.swarm.Opening.Opened;
import io.pantala.swarm.download.SwarmDownloads;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.block.BlockClient;
import io.pantala.transport.control.ControlMessage.Limits;
import io.pantala.transport.control.LinkSecurity;
import io.pantala.transport.control.SeedLinks;
import io.pantala.transport.identity.ClusterTls;
import io.pantala.transport.link.SeedNames;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Where a seed has from what belongs to another one: it is asked for that by hosts that can't reach the other. It takes it
 * from there, as a host would, and asks the registry only when the other does not help.
 */
final class OtherSeeds implements BlobFiller {
    private final SeedLinks links;
    private final SwarmDownloads downloads;
    private final BlobFiller otherwise;

    private OtherSeeds(SeedLinks links, SwarmDownloads downloads, BlobFiller otherwise) {
        this.links = links;
        this.downloads = downloads;
        this.otherwise = otherwise;
    }

    /**
     * Links this seed to others.
     *
     * @param self what it calls itself
     * @param seeds the others; it may be among them
     * @param blocks fetches from them and their hosts
     */
    static BlobFiller open(Base base, String self, List<NodeAddress> seeds, ClusterTls tls, BlockClient blocks) {
        if (seeds.isEmpty()) {
            return base.filler;
        }
        SwarmEvents events = new SwarmEvents(base.metrics, base.history);
        SeedLinks links = base.add(
                SeedLinks.dial(
                        base.vertx,
                        new SeedLinks.Dial(
                                new SeedNames(seeds),
                                self,
                                "pantala/" + Version.read(),
                                Optional.empty(),
                                base.zone().toString(),
                                new Limits(base.upload.bytesPerSecond(), base.download.bytesPerSecond()),
                                new LinkSecurity.BetweenSeeds(tls),
                                _ -> {},
                                (_, _) -> {}),
                        base.tuning.control(),
                        events),
                SeedLinks::close);
        SwarmDownloads downloads = base.add(
                new SwarmDownloads(base.store, links, blocks, events, base.tuning.swarm()), SwarmDownloads::close);
        return new OtherSeeds(links, downloads, base.filler);
    }

    @Override
    public Fill start(FillRequest request) {
        if (links.ranked(request.key().digest()).isEmpty()) {
            return otherwise.start(request);
        }
        Turns turns = new Turns(request);
        turns.take(downloads.start(request));
        return turns;
    }

    /** First the other seeds, then the registry. */
    private final class Turns implements Fill {
        private final FillRequest request;
        private final CompletableFuture<Opening> opening = new CompletableFuture<>();

        // Guarded by this.
        private @Nullable Fill current;
        private boolean last;
        private boolean closed;

        Turns(FillRequest request) {
            this.request = request;
        }

        @Override
        public CompletableFuture<Opening> opening() {
            return opening;
        }

        private void take(Fill fill) {
            synchronized (this) {
                current = fill;
                if (closed) {
                    fill.close();
                }
            }
            var _ = fill.opening().thenAccept(this::pass);
        }

        private void pass(Opening outcome) {
            Fill ended;
            synchronized (this) {
                ended = outcome instanceof Opening.Unavailable && !last && !closed ? current : null;
                last = true;
            }
            if (ended != null) {
                ended.close();
                take(otherwise.start(request));
            } else if (!opening.complete(outcome) && outcome instanceof Opened(var blob)) {
                blob.close();
            }
        }

        @Override
        public void close() {
            Fill open;
            synchronized (this) {
                closed = true;
                open = current;
            }
            if (open != null) {
                open.close();
            }
            pass(new Opening.Unavailable("it was not waited for"));
        }
    }
}
