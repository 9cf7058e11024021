package io.pantala.seed.tracker;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockHashes;
import io.pantala.manifest.BlockSet;
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
import io.pantala.transport.control.ControlMessage.Want;
import io.pantala.transport.control.ControlSession;
import io.pantala.transport.ticket.TicketSigner;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The hosts that want one blob, and what they have been told of it. Everything happens on the owner's thread. */
final class Swarm {
    /** What the swarms of one seed share. */
    record Surroundings(
            BlobStore store,
            BlobFiller filler,
            ClusterDesk cluster,
            Owner owner,
            TrackerConfig config,
            Consumer<Swarm> onEnd) {}

    /** Tickets are followed by others well before they end. */
    private static final Duration TICKETS_ANEW = TicketSigner.LIFE.dividedBy(2);

    /** Hashes in one message at most: a quarter of what a message may have. */
    private static final int MOST_HASHES = 8192;

    private final BlobKey key;
    private final Surroundings around;

    /** The newest last. */
    private final Map<ControlSession, Want> wants = new LinkedHashMap<>();

    private @Nullable Credentials credentials;
    private @Nullable Fill fill;
    private @Nullable Told told;
    private boolean closed;

    Swarm(BlobKey key, Surroundings around) {
        this.key = key;
        this.around = around;
    }

    BlobKey key() {
        return key;
    }

    /** A host wants the blob, or says so again. */
    void join(ControlSession session, Want want) {
        wants.remove(session);
        wants.put(session, want);
        if (told != null) {
            told.tellAll(session);
        } else if (credentials == null) {
            begin(want);
        } else {
            credentials.offered(want);
        }
    }

    void leave(ControlSession session) {
        wants.remove(session);
        if (wants.isEmpty()) {
            close();
        } else if (credentials != null) {
            credentials.answered(session, Optional.empty());
        }
    }

    /** A host says whether it has a newer credential. */
    void answered(ControlSession session, Optional<Authorization> authorization) {
        Want want = wants.get(session);
        if (want == null || credentials == null) {
            return;
        }
        authorization.ifPresent(newer ->
                wants.replace(session, new Want(key, want.repository(), want.content(), newer, want.requestId())));
        credentials.answered(session, authorization);
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
        wants.keySet().forEach(opened::tellAll);
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
    private void grant(ControlSession session) {
        Thread.startVirtualThread(() ->
                session.send(new ControlMessage.Granted(key, around.cluster().ticket(session.node(), key))));
    }

    /** A refusal concerns those whose credentials were refused; for others the registry is asked again. */
    private void refused(UpstreamRefusal refusal) {
        Credentials refused = credentials;
        if (closed || refused == null) {
            return;
        }
        List<ControlSession> concerned = new ArrayList<>();
        wants.forEach((session, want) -> {
            if (refused.haveTried(want)) {
                concerned.add(session);
            }
        });
        for (ControlSession session : concerned) {
            session.send(new ControlMessage.Refused(key, refusal));
            wants.remove(session);
        }
        if (wants.isEmpty()) {
            close();
        } else {
            letGoOfFill();
            begin(List.copyOf(wants.values()).getLast());
        }
    }

    private void end(ControlMessage last) {
        wants.keySet().forEach(session -> session.send(last));
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
        private final BlockHashes hashes;
        private BlockSet fresh;
        private boolean sealed;
        private @Nullable Subscription subscription;

        /** Takes over the lease. */
        Told(StoredBlob blob) {
            this.blob = blob;
            this.hashes = new BlockHashes(blob.layout().count());
            this.fresh = new BlockSet(blob.layout().count());
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
                    tellFresh();
                    end(new ControlMessage.Failed(key, failure));
                }
            });
        }

        private void held(int first, byte[] packed) {
            if (fresh.isEmpty() && !closed) {
                around.owner().executeIn(around.config().gather(), this::tellFresh);
            }
            hashes.putPacked(first, packed);
            for (int block = first; block < first + packed.length / BlockHashes.LENGTH; block++) {
                fresh.add(block);
            }
        }

        private void wasSealed() {
            tellFresh();
            sealed = true;
            wants.keySet().forEach(session -> session.send(new ControlMessage.Sealed(key)));
        }

        private void tellFresh() {
            List<ControlMessage> messages = hashes(fresh);
            fresh = new BlockSet(fresh.count());
            for (ControlSession session : wants.keySet()) {
                messages.forEach(session::send);
            }
        }

        /** Tells one host all there is. */
        void tellAll(ControlSession session) {
            session.send(new ControlMessage.Opened(key, blob.layout()));
            grant(session);
            hashes(hashes.known()).forEach(session::send);
            if (sealed) {
                session.send(new ControlMessage.Sealed(key));
            }
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
            blob.close();
        }
    }
}
