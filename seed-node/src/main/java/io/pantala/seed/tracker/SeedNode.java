package io.pantala.seed.tracker;

import io.pantala.manifest.BlobKey;
import io.pantala.seed.backfill.Copies;
import io.pantala.seed.http.Routes;
import io.pantala.seed.schedule.Conductor;
import io.pantala.seed.schedule.Zone;
import io.pantala.store.BlobStore;
import io.pantala.swarm.Authorization;
import io.pantala.swarm.BlobFiller;
import io.pantala.transport.RateLimit;
import io.pantala.transport.block.BlockClient;
import io.pantala.transport.block.BlockServer;
import io.pantala.transport.block.BlockServerListener;
import io.pantala.transport.control.ControlMessage;
import io.pantala.transport.control.ControlMessage.AboutBlob;
import io.pantala.transport.control.ControlMessage.Report;
import io.pantala.transport.control.ControlServer;
import io.pantala.transport.control.ControlSession;
import io.pantala.transport.control.ControlSessions;
import io.pantala.transport.control.LinkedHost;
import io.pantala.transport.link.Access;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A seed: has blobs filled that hosts want, tells them the hashes as they come, and serves the blocks. What is shared
 * among hosts has one owner, a thread that takes one event at a time.
 */
public final class SeedNode implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SeedNode.class);

    /** Holdings of hosts that have gone are forgotten so often. */
    private static final Duration PURGE = Duration.ofMinutes(1);

    private final TrackerConfig config;
    private final Owner owner = new Owner();
    private final String name;
    private final Zone zone;
    private final ClusterDesk cluster;
    private final Conducting conducting;
    private final Holdings holdings = new Holdings();
    private final WantedBlob.Surroundings surroundings;
    private final ControlServer control;
    private final BlockServer blocks;

    // The owner's own.
    private final Map<ControlSession, Guest> guests = new HashMap<>();
    private final Map<BlobKey, WantedBlob> wanted = new HashMap<>();

    /**
     * @param name what the seed calls itself: the same after a restart, since hosts choose a blob's seed by it
     * @param zone where it is
     * @param filler where blobs come from that the store doesn't hold
     * @param upload how fast it may send blocks
     * @param cluster what hosts are told of it, and what opens blocks to them
     */
    public SeedNode(
            Vertx vertx,
            String name,
            Zone zone,
            BlobStore store,
            BlobFiller filler,
            RateLimit upload,
            ClusterDesk cluster,
            BlockServerListener listener,
            TrackerConfig config) {
        this.config = config;
        this.name = name;
        this.zone = zone;
        this.cluster = cluster;
        this.conducting = new Conducting(
                new Conductor(config.conductor(), new SplittableRandom()),
                zone,
                upload.bytesPerSecond(),
                owner,
                System::nanoTime);
        this.surroundings =
                new WantedBlob.Surroundings(store, filler, cluster, owner, conducting, holdings, config, this::ended);
        purge();
        this.control = new ControlServer(vertx, name, config.control(), new Sessions(), owner, cluster::news);
        this.blocks = new BlockServer(store, cluster.tickets(), upload, listener);
    }

    /** Mounts the control link and the blocks. */
    public void mount(Routes routes) {
        routes.get(ControlServer.PATH, Access.NODES, control::handle);
        routes.getMatching(BlockServer.PATHS, Access.NODES, blocks::handle);
    }

    /**
     * What its hosts hold, to be taken back when this seed has lost it.
     *
     * @param blocks fetches it from hosts with a certificate; stays the caller's, like the other
     * @param plain fetches it from hosts without
     * @param restarted whether this seed has had hosts before: they are about to tell what they hold
     */
    public Copies copies(BlockClient blocks, BlockClient plain, boolean restarted) {
        return new HostCopies(
                name, zone, cluster, blocks, plain, holdings, owner, restarted ? config.settle() : Duration.ZERO);
    }

    /** The hosts that are linked now. */
    public List<LinkedHost> hosts() {
        return control.hosts();
    }

    /** What hosts take from this seed and one another now, of those blobs. Fails when it is closed. */
    public CompletableFuture<List<SwarmStatus>> swarms(Predicate<BlobKey> which) {
        try {
            return CompletableFuture.supplyAsync(
                    () -> wanted.values().stream()
                            .filter(blob -> which.test(blob.key()))
                            .flatMap(blob -> blob.status().stream())
                            .toList(),
                    owner);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Tells all hosts what is new in the cluster. */
    public void tellNews() {
        control.tellNews();
    }

    /** Closes all links, and lets go of what hosts wanted. */
    @Override
    public void close() {
        control.close();
        owner.execute(() -> List.copyOf(wanted.values()).forEach(WantedBlob::close));
        owner.close();
    }

    private void purge() {
        owner.executeIn(PURGE, () -> {
            holdings.purge();
            purge();
        });
    }

    private void ended(WantedBlob blob) {
        wanted.remove(blob.key(), blob);
        guests.values().forEach(guest -> guest.wanted.remove(blob.key()));
    }

    private final class Sessions implements ControlSessions {
        @Override
        public void opened(ControlSession session) {
            guests.put(session, conducting.join(session));
        }

        @Override
        public void received(ControlSession session, AboutBlob message) {
            Guest guest = guests.get(session);
            if (guest == null) {
                return;
            }
            switch (message) {
                case ControlMessage.Want want -> want(guest, want);
                case ControlMessage.Joined(BlobKey key, String requestId) -> {
                    if (guest.wanted.contains(key)) {
                        LOG.info("{} wants {} for one more request={}", guest, key, requestId);
                    }
                }
                case ControlMessage.Leave(BlobKey key) -> leave(guest, key);
                case ControlMessage.Have have -> {
                    holdings.add(guest, have);
                    of(have).ifPresent(blob -> blob.have(guest, have));
                }
                case ControlMessage.Recalled recalled -> holdings.recalled(guest, recalled);
                case ControlMessage.Reading(BlobKey _, List<Integer> blocks) ->
                    of(message).ifPresent(blob -> blob.reading(guest, blocks));
                case ControlMessage.Reports(BlobKey _, List<Report> reports) ->
                    of(message).ifPresent(blob -> blob.reported(guest, reports));
                case ControlMessage.Credential(BlobKey _, Optional<Authorization> newer) ->
                    of(message).ifPresent(blob -> blob.answered(guest, newer));
                case ControlMessage.Accepted _,
                        ControlMessage.Opened _,
                        ControlMessage.Granted _,
                        ControlMessage.Refused _,
                        ControlMessage.PassThrough _,
                        ControlMessage.Unavailable _,
                        ControlMessage.Hashes _,
                        ControlMessage.Orders _,
                        ControlMessage.Sealed _,
                        ControlMessage.Recall _,
                        ControlMessage.Failed _,
                        ControlMessage.CredentialWanted _ -> {
                    // Only seeds say these.
                }
            }
        }

        private Optional<WantedBlob> of(AboutBlob message) {
            return Optional.ofNullable(wanted.get(message.key()));
        }

        private void want(Guest guest, ControlMessage.Want want) {
            if (!guest.wanted.contains(want.key()) && guest.wanted.size() >= config.wants()) {
                guest.send(new ControlMessage.Unavailable(want.key(), "this host wants too many blobs at once"));
                return;
            }
            LOG.info("{} wants {} from {} request={}", guest, want.key(), want.repository(), want.requestId());
            guest.send(new ControlMessage.Accepted(want.key()));
            guest.wanted.add(want.key());
            wanted.computeIfAbsent(want.key(), key -> new WantedBlob(key, surroundings))
                    .join(guest, want);
        }

        private void leave(Guest guest, BlobKey key) {
            WantedBlob blob = wanted.get(key);
            if (guest.wanted.remove(key) && blob != null) {
                blob.leave(guest);
            }
        }

        @Override
        public void closed(ControlSession session) {
            Guest guest = guests.remove(session);
            if (guest != null) {
                for (BlobKey key : List.copyOf(guest.wanted)) {
                    leave(guest, key);
                }
                conducting.leave(guest);
            }
        }
    }
}
