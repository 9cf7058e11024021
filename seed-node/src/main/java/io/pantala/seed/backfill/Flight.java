package io.pantala.seed.backfill;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockHashes;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.Digest;
import io.pantala.registry.RegistryResponse;
import io.pantala.registry.UpstreamException;
import io.pantala.seed.backfill.Permits.Permit;
import io.pantala.store.BlobFailure;
import io.pantala.store.BlobObserver;
import io.pantala.store.NoRoomException;
import io.pantala.store.StoredBlob;
import io.pantala.store.Subscription;
import io.pantala.swarm.FillRequest;
import io.pantala.swarm.Opening;
import io.pantala.swarm.Opening.PassThrough.Reason;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one fill of one blob, for all who want it, from the first who asks until it is there or given up. */
final class Flight {
    private static final Logger log = LoggerFactory.getLogger(Flight.class);

    /** While many wait, the first request asks for so many times less: that it comes is what they wait for. */
    private static final int SHORT = 8;

    private final Means means;
    private final Spool spool;
    private final BlobKey key;
    private final String requestId;
    private final Consumer<Flight> onOver;
    private final long started = System.nanoTime();

    private final Parties parties = new Parties();
    private final Asker asker;
    private final Turns turns;
    private final CountDownLatch over = new CountDownLatch(1);
    private final CountDownLatch stopped = new CountDownLatch(1);

    /** Of this flight's thread alone, until it has waited for it. */
    private @Nullable Flight previous;

    /** What was tried in vain; of this flight's thread alone. */
    private @Nullable Retrieval retrieval;

    /** Guards what follows; nothing slow or foreign is done under it. */
    private final Object lock = new Object();

    private boolean accepting = true;
    private @Nullable Runnable graceEnds;
    private @Nullable Fetch fetch;
    private @Nullable StoredBlob lease;

    /** @param previous an earlier flight of the same blob that is just ending, and must have ended first */
    Flight(
            Means means,
            Spool spool,
            BlobKey key,
            String requestId,
            @Nullable Flight previous,
            Consumer<Flight> onOver) {
        this.means = means;
        this.spool = spool;
        this.key = key;
        this.requestId = requestId;
        this.previous = previous;
        this.onOver = onOver;
        this.asker = new Asker(means, key);
        this.turns = new Turns(means.permits(), key.upstream());
    }

    BlobKey key() {
        return key;
    }

    void start() {
        Thread.ofVirtual().name("backfill").start(this::run);
    }

    /** Takes one more party in; false when it is too late. */
    boolean join(Party party) {
        Runnable patienceEnds = means.timer()
                .after(
                        means.config().patience(),
                        () -> party.tell(new Opening.Unavailable("the registry did not answer in time")));
        var _ = party.opening().whenComplete((_, _) -> patienceEnds.run());
        synchronized (lock) {
            if (!accepting) {
                patienceEnds.run();
                return false;
            }
            if (graceEnds != null) {
                graceEnds.run();
                graceEnds = null;
            }
            parties.add(party);
            return true;
        }
    }

    void leave(Party party) {
        synchronized (lock) {
            parties.remove(party);
            if (parties.isEmpty() && accepting && graceEnds == null) {
                graceEnds = means.timer().after(means.config().grace(), this::stopIfAlone);
            }
        }
    }

    /** Ends it as soon as the blocks that are just coming are complete. */
    void stop() {
        Fetch running;
        synchronized (lock) {
            accepting = false;
            running = fetch;
            stopped.countDown();
        }
        if (running == null) {
            turns.end();
            asker.end();
        } else {
            running.stop();
        }
    }

    /** Ends it at once. */
    void cut() {
        stop();
        Fetch running;
        synchronized (lock) {
            running = fetch;
        }
        if (running != null) {
            running.cut();
        }
    }

    boolean awaitOver(Duration patience) throws InterruptedException {
        return over.await(patience.toNanos(), NANOSECONDS);
    }

    private void stopIfAlone() {
        synchronized (lock) {
            if (!parties.isEmpty()) {
                return;
            }
            accepting = false;
        }
        stop();
    }

    private boolean going() {
        return stopped.getCount() > 0;
    }

    private void run() {
        try {
            if (previous != null) {
                previous.cut();
                previous.over.await();
                previous = null;
            }
            fill();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            log.warn("{}: the backfill failed ({})", key, requestId, e);
            failed("an internal error: " + e);
            failOpened(new BlobFailure.Interrupted("an internal error"));
        } finally {
            end();
        }
    }

    private void end() {
        StoredBlob held;
        synchronized (lock) {
            accepting = false;
            held = lease;
            lease = null;
            if (graceEnds != null) {
                graceEnds.run();
            }
        }
        onOver.accept(this);
        over.countDown();
        parties.tell(() -> new Opening.Unavailable("the backfill was given up"));
        if (held != null) {
            held.close();
        }
    }

    private void fill() throws InterruptedException {
        StoredBlob there = means.store().find(key).orElse(null);
        if (there == null) {
            openFromElsewhere();
            return;
        }
        if (there.sealed()) {
            open(there);
            return;
        }
        if (anyRight(there)) {
            recover(there, Optional.empty());
            fetch(there, Optional.empty());
            return;
        }
        try (there) {
            openFromElsewhere();
        }
    }

    private void openFromElsewhere() throws InterruptedException {
        if (!openFromCopies() && going()) {
            openFromRegistry();
        }
    }

    /** Whether others who hold the blob have given it. What must be asked of the registry is asked by those who want it. */
    private boolean openFromCopies() throws InterruptedException {
        Duration most = means.config().copies();
        Optional<Copies.Copy> found = means.copies().get().of(key, most);
        if (found.isEmpty()) {
            return false;
        }
        try (Copies.Copy copy = found.get()) {
            if (copy.hashes().isPresent()) {
                return openAsItComes(copy);
            }
            Retrieval tried = new Retrieval(key, copy, means, spool, this::going);
            switch (tried.run(most.minusNanos(System.nanoTime() - started))) {
                case Retrieval.Outcome.Retrieved(StoredBlob blob) -> {
                    open(blob);
                    means.listener().retrieved(key, blob.layout().size(), tried.took(), requestId);
                    return true;
                }
                case Retrieval.Outcome.Failed(String why) -> {
                    retrieval = tried;
                    means.listener().notRetrieved(key, why, requestId);
                    return false;
                }
            }
        }
    }

    /**
     * What each block has to be is known: the blob is open from now on, for what hosts give and, when they give no more,
     * for the rest from the registry. False when there is no room for it.
     */
    private boolean openAsItComes(Copies.Copy copy) throws InterruptedException {
        StoredBlob blob;
        try {
            if (!means.store().fits(copy.layout().size())) {
                return false;
            }
            blob = means.store().create(key, copy.layout());
        } catch (NoRoomException | IOException e) {
            means.listener().notRetrieved(key, "it can't be stored: " + e.getMessage(), requestId);
            return false;
        }
        open(blob);
        if (!blob.sealed()) {
            recover(blob, Optional.of(copy));
            fetch(blob, Optional.empty());
        }
        return true;
    }

    /** Has hosts give what is missing, others in place of those that give no more, for as long as anything comes. */
    private void recover(StoredBlob blob, Optional<Copies.Copy> first) throws InterruptedException {
        long begun = System.nanoTime();
        long bytes = 0;
        Optional<Copies.Copy> found = first;
        for (long came = 1; came > 0 && !blob.held().isFull() && going(); bytes += came) {
            if (found.isEmpty()) {
                found = means.copies().get().of(key, means.config().copies());
            }
            came = found.isEmpty() ? 0 : recovered(blob, found.get());
            found = Optional.empty();
        }
        if (bytes > 0 && blob.held().isFull()) {
            means.listener().retrieved(key, bytes, Duration.ofNanos(System.nanoTime() - begun), requestId);
        } else if (bytes > 0) {
            means.listener().notRetrieved(key, "they gave " + bytes + " bytes of it", requestId);
        }
    }

    private long recovered(StoredBlob blob, Copies.Copy given) throws InterruptedException {
        try (Copies.Copy copy = given) {
            Optional<BlockHashes> hashes = copy.hashes();
            return hashes.isPresent() && copy.layout().equals(blob.layout())
                    ? new Recovery(blob, copy, hashes.get(), this::going).run()
                    : 0;
        }
    }

    /** Checks what an earlier process has left, and opens the blob with the first block that proves right. */
    private boolean anyRight(StoredBlob there) throws InterruptedException {
        CountDownLatch first = new CountDownLatch(1);
        Thread rechecking = Thread.ofVirtual().name("backfill-recheck").start(() -> {
            try {
                there.recheck();
            } catch (IOException e) {
                log.warn("{}: what was stored can't be read ({})", key, requestId, e);
            } finally {
                first.countDown();
            }
        });
        try (Subscription _ = there.observe(new FirstBlock(first))) {
            first.await();
        }
        boolean open = !there.held().isEmpty();
        if (open) {
            open(there);
        }
        rechecking.join();
        return open;
    }

    private void openFromRegistry() throws InterruptedException {
        boolean ranged = true;
        for (int attempt = 1; going(); ) {
            Optional<FillRequest> speaker = speaker();
            if (speaker.isEmpty()) {
                return;
            }
            Optional<Permit> permit = turns.first(left());
            if (permit.isEmpty()) {
                if (going()) {
                    failed("too many other requests to the registry are under way");
                }
                return;
            }
            Duration wanted;
            String why;
            try (Permit held = permit.get()) {
                switch (asker.ask(speaker.get(), 0, firstBytes(), ranged)) {
                    case Reply.Bytes bytes -> {
                        begin(bytes, held);
                        return;
                    }
                    case Reply.Unsized unsized -> {
                        spool(speaker.get(), unsized.response());
                        return;
                    }
                    case Reply.Refused refused -> {
                        wanted = refused.retryAfter();
                        why = "the registry answered " + refused.refusal().status();
                        if (!refused.passing() || !patient(attempt, wanted)) {
                            parties.refuse(speaker.get(), refused.refusal());
                            attempt = 1;
                            continue;
                        }
                    }
                    case Reply.Unusable unusable -> {
                        wanted = Duration.ZERO;
                        why = unusable.why();
                        if (ranged) {
                            ranged = false;
                            continue;
                        }
                    }
                    case Reply.Failed failed -> {
                        wanted = Duration.ZERO;
                        why = String.valueOf(failed.why().getMessage());
                    }
                }
            }
            if (!patient(attempt, wanted)) {
                failed(why);
                return;
            }
            pause(means.backoff().delay(attempt++, wanted));
        }
    }

    private int firstBytes() {
        int usual = means.config().firstSegment();
        return means.permits().scarce(key.upstream()) ? Math.max(1, usual / SHORT) : usual;
    }

    /** As whom to ask; empty when all who came are refused, and then nobody comes any more. */
    private Optional<FillRequest> speaker() {
        synchronized (lock) {
            Optional<FillRequest> speaker = parties.speaker();
            accepting &= speaker.isPresent();
            return speaker;
        }
    }

    /** Whether there is time for another attempt while someone waits for the first answer. */
    private boolean patient(int attempt, Duration wanted) {
        return attempt < means.config().attempts() && wanted.compareTo(left()) < 0;
    }

    private Duration left() {
        return means.config().patience().minusNanos(System.nanoTime() - started);
    }

    private void pause(Duration delay) throws InterruptedException {
        var _ = stopped.await(delay.toNanos(), NANOSECONDS);
    }

    /** The blob's size is known, and its first bytes are here. */
    private void begin(Reply.Bytes bytes, Permit permit) throws InterruptedException {
        if (!means.store().fits(bytes.size())) {
            bytes.response().close();
            passThrough(Reason.LARGER_THAN_QUOTA);
            return;
        }
        StoredBlob blob;
        try {
            blob = means.store().create(key, BlockLayout.of(bytes.size()));
        } catch (NoRoomException _) {
            bytes.response().close();
            passThrough(Reason.NO_ROOM);
            return;
        } catch (IOException e) {
            log.warn("{}: it can't be stored ({})", key, requestId, e);
            bytes.response().close();
            passThrough(Reason.DISK_ERROR);
            return;
        }
        open(blob);
        if (blob.sealed()) {
            bytes.response().close();
            return;
        }
        fetch(blob, Optional.of(new Fetch.InHand(bytes, permit)));
    }

    private void fetch(StoredBlob blob, Optional<Fetch.InHand> inHand) throws InterruptedException {
        means.listener().started(key, requestId);
        Fetch fetching = new Fetch(means, blob, parties, asker, turns, requestId);
        synchronized (lock) {
            fetch = fetching;
        }
        if (!going()) {
            fetching.stop();
        }
        switch (fetching.run(inHand)) {
            case Fetch.End.Complete(Digest got) -> {
                if (got.equals(key.digest())) {
                    blob.seal();
                    means.listener().sealed(key, Duration.ofNanos(System.nanoTime() - started), requestId);
                    if (retrieval != null) {
                        retrieval.judge(blob);
                    }
                } else {
                    mismatch(blob, got);
                }
            }
            case Fetch.End.Changed _ -> mismatch(blob, null);
            case Fetch.End.Broken(String why) -> {
                stopAccepting();
                blob.fail(new BlobFailure.Interrupted(why));
                means.listener().failed(key, why, requestId);
            }
            case Fetch.End.Stopped _ -> {
                blob.fail(new BlobFailure.Interrupted("the backfill was stopped"));
                means.listener().paused(key, requestId);
            }
        }
    }

    private void mismatch(StoredBlob blob, @Nullable Digest got) {
        stopAccepting();
        blob.fail(new BlobFailure.DigestMismatch(key.digest(), got));
        means.store().drop(key);
        means.listener().mismatch(key, got, requestId);
    }

    /** Whoever comes from now on gets a new flight, not this one's failure. */
    private void stopAccepting() {
        synchronized (lock) {
            accepting = false;
        }
    }

    /** Stores a blob whose size its end will tell. All wait for that so that it comes once, but only for a while. */
    private void spool(FillRequest speaker, RegistryResponse first) throws InterruptedException {
        means.listener().started(key, requestId);
        var stored = new CompletableFuture<Optional<String>>();
        Runnable unsized = () -> parties.tell(() -> new Opening.Unsized(stored));
        Runnable patienceEnds = means.timer().after(patienceForUnsized(), unsized);
        Optional<String> trouble = Optional.of("the backfill was given up");
        try {
            trouble = takeWhole(speaker, first);
            if (trouble.isPresent()) {
                means.listener().failed(key, trouble.get(), requestId);
            } else {
                means.store().find(key).ifPresent(this::open);
            }
        } finally {
            patienceEnds.run();
            stopAccepting();
            stored.complete(trouble);
            unsized.run();
        }
    }

    /** Reckoned from the start, like all that those wait for who want the blob. */
    private Duration patienceForUnsized() {
        Duration left = means.config().unsized().minusNanos(System.nanoTime() - started);
        return left.isPositive() ? left : Duration.ZERO;
    }

    private Optional<String> takeWhole(FillRequest speaker, RegistryResponse first) throws InterruptedException {
        RegistryResponse response = first;
        for (int attempt = 1; ; attempt++) {
            try (RegistryResponse taken = response) {
                return take(taken);
            } catch (UpstreamException e) {
                if (attempt == means.config().attempts() || !going()) {
                    return Optional.of(String.valueOf(e.getMessage()));
                }
                means.listener().resumed(key, 0, String.valueOf(e.getMessage()), requestId);
            } catch (IOException e) {
                return Optional.of("it can't be stored: " + e.getMessage());
            }
            pause(means.backoff().delay(attempt, Duration.ZERO));
            switch (asker.ask(speaker, 0, 0, false)) {
                case Reply.Unsized again -> response = again.response();
                case Reply.Bytes again -> response = again.response();
                case Reply.Refused refused -> {
                    return Optional.of(
                            "the registry answered " + refused.refusal().status());
                }
                case Reply.Unusable(String why) -> {
                    return Optional.of(why);
                }
                case Reply.Failed(UpstreamException why) -> {
                    return Optional.of(String.valueOf(why.getMessage()));
                }
            }
        }
    }

    private Optional<String> take(RegistryResponse response) throws IOException {
        long begun = System.nanoTime();
        Spool.Outcome outcome = spool.take(
                key,
                response,
                means.config().idle(),
                bytes -> means.listener().bytes(key, bytes, BackfillListener.Reason.FIRST),
                this::going);
        return switch (outcome) {
            case Spool.Outcome.Stored(BlockLayout layout) -> {
                Duration took = Duration.ofNanos(System.nanoTime() - begun);
                for (int block = 0; block < layout.count(); block++) {
                    means.listener().blockReceived(key, block, layout.length(block), took);
                }
                means.listener().sealed(key, Duration.ofNanos(System.nanoTime() - started), requestId);
                yield Optional.empty();
            }
            case Spool.Outcome.Mismatch(Digest got) -> {
                means.listener().mismatch(key, got, requestId);
                yield Optional.of("what came is not the blob but " + got);
            }
            case Spool.Outcome.GivenUp(String why) -> Optional.of(why);
        };
    }

    private void open(StoredBlob blob) {
        synchronized (lock) {
            lease = blob;
        }
        parties.open(blob);
    }

    private void failOpened(BlobFailure failure) {
        StoredBlob opened;
        synchronized (lock) {
            opened = lease;
        }
        if (opened != null) {
            opened.fail(failure);
        }
    }

    private void passThrough(Reason reason) {
        parties.tell(() -> new Opening.PassThrough(reason));
    }

    private void failed(String why) {
        stopAccepting();
        parties.tell(() -> new Opening.Unavailable(why));
        means.listener().failed(key, why, requestId);
    }

    /** Opens a gate with the first block held. */
    private record FirstBlock(CountDownLatch gate) implements BlobObserver {
        @Override
        public void onBlocks(int first, byte[] hashes) {
            gate.countDown();
        }

        @Override
        public void onSealed() {
            gate.countDown();
        }

        @Override
        public void onFailed(BlobFailure failure) {
            gate.countDown();
        }
    }
}
