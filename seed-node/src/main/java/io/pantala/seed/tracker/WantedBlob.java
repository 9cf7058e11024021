package io.pantala.seed.tracker;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockHashes;
import io.pantala.manifest.BlockSet;
import io.pantala.seed.schedule.Swarm;
import io.pantala.seed.tracker.Holdings.Holding;
import io.pantala.store.BlobFailure;
import io.pantala.store.BlobObserver;
import io.pantala.store.BlobStore;
import io.pantala.store.StoredBlob;
import io.pantala.store.Subscription;
import io.pantala.swarm.Authorization;
import io.pantala.swarm.BlobFiller;
import io.pantala.swarm.Fill;
import io.pantala.swarm.FillRequest;
import io.pantala.swarm.Opening;
import io.pantala.swarm.UpstreamRefusal;
import io.pantala.transport.control.ControlMessage;
import io.pantala.transport.control.ControlMessage.Have;
import io.pantala.transport.control.ControlMessage.Report;
import io.pantala.transport.control.ControlMessage.Sealed;
import io.pantala.transport.control.ControlMessage.Want;
import io.pantala.transport.ticket.TicketSigner;
import io.pantala.transport.ticket.Voucher;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A blob that hosts want, and what they have been told of it. Everything happens on the owner's thread. */
final class WantedBlob {
    /** What those of one seed share. */
    record Surroundings(
            BlobStore store,
            BlobFiller filler,
            ClusterDesk cluster,
            Owner owner,
            Conducting conducting,
            Holdings holdings,
            TrackerConfig config,
            Consumer<WantedBlob> onEnd) {}

    /** Tickets are followed by others well before they end. */
    private static final Duration TICKETS_ANEW = TicketSigner.LIFE.dividedBy(2);

    /** Hashes in one message at most: a quarter of what a message may have. */
    private static final int MOST_HASHES = 8192;

    private final BlobKey key;
    private final Surroundings around;

    /** The newest last. */
    private final Map<Guest, Want> wants = new LinkedHashMap<>();

    private @Nullable Credentials credentials;
    private @Nullable Fill fill;
    private @Nullable Told told;
    private boolean closed;

    WantedBlob(BlobKey key, Surroundings around) {
        this.key = key;
        this.around = around;
    }

    BlobKey key() {
        return key;
    }

    /** A host wants the blob, or says so again. */
    void join(Guest guest, Want want) {
        wants.remove(guest);
        wants.put(guest, want);
        forget(guest);
        if (told != null) {
            told.welcome(guest);
        } else if (credentials == null) {
            begin(want);
        } else {
            credentials.offered(want);
        }
    }

    /** Whoever wants a blob doesn't hold all of it any more, and is about to say what it does. */
    private void forget(Guest guest) {
        around.holdings().remove(guest, key);
        if (told != null) {
            around.conducting().forgets(guest, told.swarm);
        }
    }

    void leave(Guest guest) {
        wants.remove(guest);
        if (told != null) {
            told.forget(guest);
            around.conducting().enough(guest, told.swarm);
        }
        if (wants.isEmpty()) {
            close();
        } else if (credentials != null) {
            credentials.answered(guest, Optional.empty());
        }
    }

    /** A host holds these blocks; if it wants the others, it is ready for orders. */
    void have(Guest guest, Have have) {
        if (told == null || !have.layout().equals(told.blob.layout())) {
            return;
        }
        around.conducting().holds(guest, told.swarm, have.blocks());
        if (wants.containsKey(guest)) {
            around.conducting().wants(guest, told.swarm);
        }
    }

    void reading(Guest guest, List<Integer> blocks) {
        if (told != null) {
            around.conducting().reads(guest, told.swarm, blocks);
        }
    }

    void reported(Guest guest, List<Report> reports) {
        if (told == null) {
            return;
        }
        for (Report report : reports) {
            around.conducting()
                    .reported(guest, told.swarm, report)
                    .ifPresent(source -> around.holdings().remove(source, key));
        }
    }

    /** How its swarm stands; empty until it is known how the blob is cut. */
    Optional<SwarmStatus> status() {
        return Optional.ofNullable(told).map(open -> around.conducting().status(open.swarm));
    }

    /** A host says whether it has a newer credential. */
    void answered(Guest guest, Optional<Authorization> authorization) {
        Want want = wants.get(guest);
        if (want == null || credentials == null) {
            return;
        }
        authorization.ifPresent(newer ->
                wants.replace(guest, new Want(key, want.repository(), want.content(), newer, want.requestId())));
        credentials.answered(guest, authorization);
    }

    /** The blobs in the store come from there; looking is left to another thread, since it may touch the disk. */
    private void begin(Want want) {
        credentials = new Credentials(want, wants, around.owner(), around.config());
        Credentials mine = credentials;
        Thread.startVirtualThread(() -> {
            Optional<StoredBlob> sealed = sealed();
            later(() -> {
                if (closed) {
                    sealed.ifPresent(StoredBlob::close);
                } else if (sealed.isPresent()) {
                    opened(sealed.get());
                } else {
                    start(new FillRequest(key, want.repository(), want.content(), mine, want.requestId()));
                }
            });
        });
    }

    private Optional<StoredBlob> sealed() {
        Optional<StoredBlob> found = around.store().find(key);
        if (found.isPresent() && !found.get().sealed()) {
            found.get().close();
            return Optional.empty();
        }
        return found;
    }

    private void start(FillRequest request) {
        Fill started = around.filler().start(request);
        fill = started;
        var _ = started.opening()
                .whenComplete((opening, error) -> later(() -> concluded(
                        error == null ? opening : new Opening.Unavailable("the seed failed: " + error.getMessage()))));
    }

    private void concluded(Opening opening) {
        switch (opening) {
            case Opening.Opened(StoredBlob blob) -> {
                if (closed) {
                    blob.close();
                } else {
                    opened(blob);
                }
            }
            case Opening.Refused(UpstreamRefusal refusal) -> refused(refusal);
            case Opening.Unsized unsized -> {
                Fill storing = fill;
                fill = null;
                end(new ControlMessage.PassThrough(key, Opening.PassThrough.Reason.NO_LENGTH));
                if (storing != null) {
                    var _ = unsized.stored().whenComplete((_, _) -> storing.close());
                }
            }
            case Opening.PassThrough(Opening.PassThrough.Reason reason) ->
                end(new ControlMessage.PassThrough(key, reason));
            case Opening.Unavailable(String reason) -> end(new ControlMessage.Unavailable(key, reason));
        }
    }

    private void opened(StoredBlob blob) {
        Told opened = new Told(blob);
        told = opened;
        wants.keySet().forEach(opened::welcome);
        opened.follow();
        renewTickets();
    }

    private void renewTickets() {
        around.owner().executeIn(TICKETS_ANEW, () -> {
            if (!closed) {
                wants.keySet().forEach(this::grant);
                renewTickets();
            }
        });
    }

    /** A signature takes too long for the thread that all swarms share. */
    private void grant(Guest guest) {
        Thread.startVirtualThread(() ->
                guest.send(new ControlMessage.Granted(key, around.cluster().ticket(guest.node(), key))));
    }

    /** A refusal concerns those whose credentials were refused; for others the registry is asked again. */
    private void refused(UpstreamRefusal refusal) {
        Credentials refused = credentials;
        if (closed || refused == null) {
            return;
        }
        List<Guest> concerned = new ArrayList<>();
        wants.forEach((guest, want) -> {
            if (refused.haveTried(want)) {
                concerned.add(guest);
            }
        });
        for (Guest guest : concerned) {
            guest.send(new ControlMessage.Refused(key, refusal));
            wants.remove(guest);
        }
        if (wants.isEmpty()) {
            close();
        } else {
            letGoOfFill();
            begin(List.copyOf(wants.values()).getLast());
        }
    }

    private void end(ControlMessage last) {
        wants.keySet().forEach(guest -> guest.send(last));
        close();
    }

    private void letGoOfFill() {
        if (fill != null) {
            fill.close();
            fill = null;
        }
        if (credentials != null) {
            credentials.close();
            credentials = null;
        }
    }

    void close() {
        if (closed) {
            return;
        }
        closed = true;
        wants.clear();
        letGoOfFill();
        if (told != null) {
            told.close();
        }
        around.onEnd().accept(this);
    }

    private void later(Runnable event) {
        try {
            around.owner().execute(event);
        } catch (RejectedExecutionException e) {
            // The seed is shutting down, and the process with it.
        }
    }

    /** An open blob, and what of it the hosts have been told. */
    private final class Told implements BlobObserver {
        private final StoredBlob blob;
        private final Swarm swarm;
        private final BlockHashes hashes;

        /** The blocks whose hashes are known, in the order in which they came to be. */
        private final int[] known;

        private int count;

        /** How many of those that are known a host was told of. */
        private final Map<Guest, Integer> heard = new HashMap<>();

        /** Hosts that were ordered to fetch blocks whose hashes aren't known yet, since others hold them. */
        private final Map<Integer, Set<Guest>> owed = new HashMap<>();

        private boolean telling;
        private @Nullable Sealed sealed;
        private @Nullable Subscription subscription;

        /** Takes over the lease. */
        Told(StoredBlob blob) {
            this.blob = blob;
            this.swarm = around.conducting().open(key, blob.layout(), this::ordered);
            for (Holding holding : around.holdings().of(key)) {
                if (holding.have().layout().equals(blob.layout())) {
                    around.conducting()
                            .holds(holding.guest(), swarm, holding.have().blocks());
                }
            }
            this.hashes = new BlockHashes(blob.layout().count());
            this.known = new int[blob.layout().count()];
        }

        void follow() {
            subscription = blob.observe(this);
        }

        @Override
        public void onBlocks(int first, byte[] packed) {
            later(() -> held(first, packed));
        }

        @Override
        public void onSealed() {
            later(this::wasSealed);
        }

        @Override
        public void onFailed(BlobFailure failure) {
            later(() -> {
                if (!closed) {
                    wants.keySet().forEach(this::tell);
                    end(new ControlMessage.Failed(key, failure));
                }
            });
        }

        private void held(int first, byte[] packed) {
            if (closed) {
                return;
            }
            hashes.putPacked(first, packed);
            BlockSet news = new BlockSet(hashes.count());
            for (int block = first; block < first + packed.length / BlockHashes.LENGTH; block++) {
                known[count++] = block;
                news.add(block);
            }
            for (int block = news.next(0); block < news.count(); block = news.next(block + 1)) {
                owed.getOrDefault(block, Set.of()).stream()
                        .filter(wants::containsKey)
                        .forEach(this::tell);
                owed.remove(block);
            }
            around.conducting().seedHolds(swarm, news);
            if (!telling) {
                telling = true;
                around.owner().executeIn(around.config().gather(), this::tellAll);
            }
        }

        /** Hashes go with whatever is ordered: alone, each would cost a packet to every host. */
        private void ordered(Guest guest, int block) {
            if (!hashes.knows(block)) {
                owed.computeIfAbsent(block, _ -> new HashSet<>()).add(guest);
            }
            if (count > heard.getOrDefault(guest, 0)) {
                tell(guest);
            }
        }

        private void tellAll() {
            telling = false;
            wants.keySet().forEach(this::tell);
        }

        /** Tells a host all hashes that it was not told of. */
        private void tell(Guest guest) {
            Integer before = heard.put(guest, count);
            BlockSet news = new BlockSet(hashes.count());
            for (int i = before == null ? 0 : before; i < count; i++) {
                news.add(known[i]);
            }
            hashes(news).forEach(guest::send);
        }

        private void wasSealed() {
            wants.keySet().forEach(this::tell);
            if (!hashes.isComplete()) {
                tellSealed(new Sealed(key));
                return;
            }
            byte[] packed = hashes.packed(0, hashes.count());
            // A signature takes too long for the thread that all swarms share.
            Thread.startVirtualThread(() -> {
                Voucher voucher = around.cluster().vouch(key, blob.layout(), packed);
                later(() -> tellSealed(new Sealed(key, Optional.of(voucher))));
            });
        }

        private void tellSealed(Sealed news) {
            sealed = news;
            wants.keySet().forEach(guest -> guest.send(news));
        }

        /** Tells one host all there is. */
        void welcome(Guest guest) {
            guest.send(new ControlMessage.Opened(key, blob.layout()));
            grant(guest);
            heard.remove(guest);
            tell(guest);
            if (sealed != null) {
                guest.send(sealed);
            }
        }

        void forget(Guest guest) {
            heard.remove(guest);
        }

        private List<ControlMessage> hashes(BlockSet blocks) {
            List<ControlMessage> messages = new ArrayList<>();
            int first = blocks.next(0);
            while (first < blocks.count()) {
                int end = Math.min(blocks.runEnd(first), first + MOST_HASHES);
                messages.add(new ControlMessage.Hashes(key, first, hashes.packed(first, end - first)));
                first = end < blocks.count() ? blocks.next(end) : end;
            }
            return messages;
        }

        void close() {
            if (subscription != null) {
                subscription.close();
            }
            around.conducting().close(swarm);
            blob.close();
        }
    }
}
