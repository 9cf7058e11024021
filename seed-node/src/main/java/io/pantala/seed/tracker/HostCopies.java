package io.pantala.seed.tracker;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockHashes;
import io.pantala.manifest.BlockLayout;
import io.pantala.seed.backfill.Copies;
import io.pantala.seed.schedule.Zone;
import io.pantala.seed.tracker.Holdings.Holding;
import io.pantala.store.BlockWriter;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.block.Abort;
import io.pantala.transport.block.BlockClient;
import io.pantala.transport.block.BlockOutcome;
import io.pantala.transport.control.ControlMessage.Recalled;
import io.pantala.transport.ticket.Ticket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the hosts that are linked to a seed hold, for that seed to take back what it has lost. Of hosts that have not
 * proved by a certificate who they are, only what a seed has vouched for, and only from where they dial: where anyone can
 * say to be a host, anyone could have the seed dial anything.
 */
final class HostCopies implements Copies {
    private static final Logger LOG = LoggerFactory.getLogger(HostCopies.class);

    /** More at once would not be faster. */
    private static final int MOST_HOLDERS = 8;

    /** How long hosts may take to show what a seed has vouched for. */
    private static final Duration SHOW = Duration.ofSeconds(1);

    /** How long a host that has lied is not asked. */
    private static final Duration DISTRUST = Duration.ofMinutes(10);

    private final String self;
    private final Zone zone;
    private final ClusterDesk cluster;
    private final BlockClient blocks;
    private final BlockClient plain;
    private final Holdings holdings;
    private final Owner owner;
    private final long settled;

    /** By name, until when. The owner's own. */
    private final Map<String, Long> distrusted = new HashMap<>();

    /**
     * @param self what the seed calls itself
     * @param zone where it is
     * @param blocks fetches from hosts with a certificate
     * @param plain fetches from others
     * @param settle for how long from now on hosts may still be about to tell what they hold
     */
    HostCopies(
            String self,
            Zone zone,
            ClusterDesk cluster,
            BlockClient blocks,
            BlockClient plain,
            Holdings holdings,
            Owner owner,
            Duration settle) {
        this.self = self;
        this.zone = zone;
        this.cluster = cluster;
        this.blocks = blocks;
        this.plain = plain;
        this.holdings = holdings;
        this.owner = owner;
        this.settled = System.nanoTime() + settle.toNanos();
    }

    @Override
    public Optional<Copy> of(BlobKey key, Duration patience) throws InterruptedException {
        CompletableFuture<List<Holding>> found = new CompletableFuture<>();
        Duration settling = Duration.ofNanos(Math.max(0, settled - System.nanoTime()));
        try {
            owner.execute(() -> look(key, found));
            owner.executeIn(settling, () -> {
                holdings.enough(key);
                found.complete(List.of());
            });
            List<Holding> holders = found.get(patience.toNanos(), TimeUnit.NANOSECONDS);
            if (holders.isEmpty()) {
                return Optional.empty();
            }
            Optional<BlockHashes> vouched = vouched(key, holders);
            List<Holding> usable = vouched.isPresent()
                    ? holders
                    : holders.stream()
                            .filter(each -> each.guest().isCertified())
                            .toList();
            return usable.isEmpty() ? Optional.empty() : Optional.of(new HostsCopy(key, usable, vouched));
        } catch (RejectedExecutionException | TimeoutException e) {
            return Optional.empty();
        } catch (ExecutionException e) {
            throw new IllegalStateException("it always completes normally", e);
        }
    }

    /** What the blocks of a blob have to be, if one of these hosts can show a seed's word for it. */
    private Optional<BlockHashes> vouched(BlobKey key, List<Holding> holders) throws InterruptedException {
        BlockLayout layout = holders.getFirst().have().layout();
        BlockingQueue<Recalled> answers = new LinkedBlockingQueue<>();
        Consumer<Recalled> taking = answers::add;
        long deadline = System.nanoTime() + SHOW.toNanos();
        owner.execute(() -> holdings.recall(key, holders, taking));
        try {
            for (int i = 0; i < holders.size(); i++) {
                Recalled answer = answers.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
                if (answer == null) {
                    return Optional.empty();
                }
                if (answer.layout().equals(layout)
                        && cluster.tickets().isVouched(key, layout, answer.packed(), answer.voucher())) {
                    BlockHashes hashes = new BlockHashes(layout.count());
                    hashes.putPacked(0, answer.packed());
                    return Optional.of(hashes);
                }
            }
            return Optional.empty();
        } finally {
            onOwner(() -> holdings.forget(key, taking));
        }
    }

    /** Completes it as soon as there is anyone, or nobody is to be expected any more. */
    private void look(BlobKey key, CompletableFuture<List<Holding>> found) {
        if (found.isDone()) {
            return;
        }
        List<Holding> holders = trusted(key);
        if (holders.isEmpty() && System.nanoTime() < settled) {
            holdings.whenTold(key, () -> look(key, found));
        } else {
            found.complete(holders);
        }
    }

    /** All that say of the blob what most of them say, the nearest first. */
    private List<Holding> trusted(BlobKey key) {
        List<Holding> all = new ArrayList<>(holdings.of(key).stream()
                .filter(each -> each.guest().isCertified() || each.guest().servesWhereItIs())
                .filter(each -> !isDistrusted(each.guest()))
                .filter(each -> each.have()
                        .layout()
                        .equals(BlockLayout.of(each.have().layout().size())))
                .toList());
        Map<BlockLayout, Integer> votes = new HashMap<>();
        all.forEach(each -> votes.merge(each.have().layout(), 1, Integer::sum));
        Collections.shuffle(all);
        all.sort(Comparator.<Holding>comparingInt(
                        each -> -votes.getOrDefault(each.have().layout(), 0))
                .thenComparingLong(each -> each.have().layout().size())
                .thenComparingInt(each -> zone.borders(each.guest().member.zone())));
        return all.stream()
                .filter(each ->
                        each.have().layout().equals(all.getFirst().have().layout()))
                .limit(MOST_HOLDERS)
                .toList();
    }

    private boolean isDistrusted(Guest guest) {
        distrusted.values().removeIf(until -> System.nanoTime() > until);
        return distrusted.containsKey(guest.node());
    }

    private void onOwner(Runnable event) {
        try {
            owner.execute(event);
        } catch (RejectedExecutionException e) {
            // The seed is shutting down.
        }
    }

    private final class HostsCopy implements Copy {
        private final BlobKey key;
        private final BlockLayout layout;
        private final List<Holder> holders;
        private final Ticket ticket;
        private final Optional<BlockHashes> hashes;

        // Guarded by this.
        private final Set<Abort> running = new HashSet<>();
        private boolean closed;

        HostsCopy(BlobKey key, List<Holding> found, Optional<BlockHashes> hashes) {
            this.key = key;
            this.hashes = hashes;
            this.layout = found.getFirst().have().layout();
            this.ticket = cluster.ticket(self, key);
            this.holders = found.stream()
                    .<Holder>map(each ->
                            new Host(this, each.guest(), each.guest().peer().orElseThrow()))
                    .toList();
        }

        @Override
        public BlockLayout layout() {
            return layout;
        }

        @Override
        public Optional<BlockHashes> hashes() {
            return hashes;
        }

        @Override
        public List<Holder> holders() {
            return holders;
        }

        private synchronized Abort begin() {
            Abort abort = new Abort();
            running.add(abort);
            if (closed) {
                abort.now();
            }
            return abort;
        }

        private synchronized void end(Abort abort) {
            running.remove(abort);
        }

        @Override
        public void close() {
            List<Abort> last;
            synchronized (this) {
                closed = true;
                last = List.copyOf(running);
            }
            last.forEach(Abort::now);
        }
    }

    private final class Host implements Holder {
        private final HostsCopy copy;
        private final Guest guest;
        private final NodeAddress address;

        Host(HostsCopy copy, Guest guest, NodeAddress address) {
            this.copy = copy;
            this.guest = guest;
            this.address = address;
        }

        @Override
        public boolean fetch(int block, BlockWriter into, byte @Nullable [] expected) {
            Abort abort = copy.begin();
            try {
                BlockClient client = guest.isCertified() ? blocks : plain;
                BlockOutcome outcome =
                        client.fetch(address, copy.key, block, false, copy.ticket, into, expected, abort);
                if (outcome instanceof BlockOutcome.NotHeld) {
                    onOwner(() -> holdings.remove(guest, copy.key));
                } else if (outcome instanceof BlockOutcome.Corrupt) {
                    lied();
                }
                return outcome instanceof BlockOutcome.Received;
            } finally {
                copy.end(abort);
            }
        }

        @Override
        public void lied() {
            LOG.warn("{} gave other bytes of {} than its registry", guest, copy.key);
            onOwner(() -> {
                distrusted.put(guest.node(), System.nanoTime() + DISTRUST.toNanos());
                holdings.remove(guest, copy.key);
            });
        }

        @Override
        public String toString() {
            return guest.toString();
        }
    }
}
