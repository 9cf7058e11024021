package io.pantala.seed.backfill;

import static java.util.concurrent.TimeUnit.SECONDS;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.Digest;
import io.pantala.registry.RegistryResponse;
import io.pantala.registry.UpstreamException;
import io.pantala.seed.backfill.BackfillListener.Reason;
import io.pantala.seed.backfill.Permits.Permit;
import io.pantala.seed.backfill.Plan.Segment;
import io.pantala.store.BlockWriter;
import io.pantala.store.StoredBlob;
import io.pantala.swarm.FillRequest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the missing blocks of one blob, of known size, from the registry: by a few parallel requests where it honours
 * ranges, by one stream where not, each going on at the very byte where it broke. Behind them the whole blob is hashed
 * in order.
 */
final class Fetch {
    private static final Logger log = LoggerFactory.getLogger(Fetch.class);

    private final Means means;
    private final StoredBlob blob;
    private final BlobKey key;
    private final BlockLayout layout;
    private final Parties parties;
    private final Asker asker;
    private final Plan plan;
    private final String requestId;

    /** Bytes that nobody had. */
    private final AtomicLong received = new AtomicLong();

    private final Set<Transfer> reading = ConcurrentHashMap.newKeySet();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private int transfers;
    private boolean spread;
    private boolean stopping;
    private @Nullable End end;

    /** How it ended. */
    sealed interface End {
        /** All blocks are held; together they have this digest. */
        record Complete(Digest got) implements End {}

        /** It was stopped; what has come stays. */
        record Stopped() implements End {}

        /** The registry, or the disk, does not go on; what has come stays. */
        record Broken(String why) implements End {}

        /** The registry says now that the blob has another size. */
        record Changed(long size) implements End {}
    }

    /** @param requestId of the one who asked first */
    Fetch(Means means, StoredBlob blob, Parties parties, Asker asker, String requestId) {
        this.means = means;
        this.blob = blob;
        this.key = blob.key();
        this.layout = blob.layout();
        this.parties = parties;
        this.asker = asker;
        this.plan = new Plan(layout, blob.held());
        this.requestId = requestId;
    }

    /** Goes on with an answer that is here already, which brought the blob's size, and with its permit. */
    End run(Reply.Bytes inHand, Permit permit) throws InterruptedException {
        return run(Optional.of(new InHand(inHand, permit)));
    }

    /** Brings what is missing. */
    End run() throws InterruptedException {
        return run(Optional.empty());
    }

    private record InHand(Reply.Bytes bytes, Permit permit) {}

    private End run(Optional<InHand> inHand) throws InterruptedException {
        lock.lock();
        try {
            transfers = 1;
        } finally {
            lock.unlock();
        }
        Thread verifier = Thread.ofVirtual().name("backfill-verify").start(this::verify);
        new Transfer().run(inHand);
        verifier.join();
        lock.lock();
        try {
            while (transfers > 0) {
                changed.await();
            }
            return end == null ? new End.Stopped() : end;
        } finally {
            lock.unlock();
        }
    }

    /** Ends it as soon as the blocks that are just coming are complete. */
    void stop() {
        lock.lock();
        try {
            stopping = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        reading.forEach(Transfer::endBetweenBlocks);
    }

    /** Ends it at once. */
    void cut() {
        stop();
        reading.forEach(Transfer::cut);
    }

    private void verify() {
        MessageDigest sha256 = Digest.newSha256();
        try {
            for (int block = 0; block < layout.count(); block++) {
                if (!awaitHeld(block)) {
                    return;
                }
                blob.readTo(sha256, block);
            }
            finish(new End.Complete(Digest.ofSha256(sha256.digest())));
        } catch (IOException | IllegalStateException e) {
            finish(new End.Broken("what was stored can't be read again: " + e.getMessage()));
        } catch (InterruptedException e) {
            finish(new End.Broken("interrupted"));
        }
    }

    /** False when it won't be. */
    private boolean awaitHeld(int block) throws InterruptedException {
        lock.lock();
        try {
            while (!blob.holds(block)) {
                if (end != null || transfers == 0) {
                    return false;
                }
                // Others may bring blocks too, and don't signal.
                var _ = changed.await(1, SECONDS);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** The first to know how it ends says so; the others stop. */
    private void finish(End how) {
        lock.lock();
        try {
            if (end == null) {
                end = how;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private boolean ending() {
        lock.lock();
        try {
            return end != null || stopping;
        } finally {
            lock.unlock();
        }
    }

    private boolean ended() {
        lock.lock();
        try {
            return end != null;
        } finally {
            lock.unlock();
        }
    }

    private void blockHeld(boolean ranged) {
        boolean first;
        lock.lock();
        try {
            first = ranged && !spread;
            spread |= ranged;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (first) {
            spread();
        }
    }

    /** Ranges are honoured and the first block is there: now several requests at once. */
    private void spread() {
        for (int i = 1; i < means.config().parallelSegments(); i++) {
            if (!plan.anythingFrom(0) || !means.permits().plenty(key.upstream())) {
                return;
            }
            lock.lock();
            try {
                transfers++;
            } finally {
                lock.unlock();
            }
            Thread.ofVirtual().name("backfill-segment").start(() -> new Transfer().run(Optional.empty()));
        }
    }

    private long segmentBytes() {
        return Math.clamp(
                plan.bytesLeft() / means.config().parallelSegments(),
                means.config().firstSegment(),
                means.config().largestSegment());
    }

    /** Brings one segment after the other. */
    private final class Transfer {
        private Segment segment = Segment.NONE;

        /** The next byte wanted: within the segment, or at its end. */
        private long position;

        private volatile @Nullable BlockWriter writer;
        private volatile @Nullable RegistryResponse response;
        private boolean left;
        private int failures;
        private long receivedAtFailure = -1;

        void run(Optional<InHand> inHand) {
            try {
                Optional<InHand> given = inHand;
                given.ifPresent(this::claimFor);
                while (!left && !ending() && (given.isPresent() || more())) {
                    step(given);
                    given = Optional.empty();
                }
            } catch (IOException e) {
                finish(new End.Broken("it can't be stored: " + e.getMessage()));
            } catch (InterruptedException e) {
                finish(new End.Broken("interrupted"));
            } catch (RuntimeException e) {
                log.warn("{}: a transfer failed", key, e);
                finish(new End.Broken("an internal error: " + e));
            } finally {
                inHand.ifPresent(given -> given.permit().close());
                dropWriter();
                leave(false);
            }
        }

        private void claimFor(InHand given) {
            Reply.Bytes bytes = given.bytes();
            if (!bytes.whole() && bytes.size() == layout.size()) {
                int covering = layout.blockAt(bytes.to() - 1);
                segment = new Segment(0, plan.extend(0, 0, layout.offset(covering) + layout.length(covering)));
            }
        }

        /** Sees to it that there is a segment with something to ask for; false when all is under way. */
        private boolean more() {
            if (position < endOf(segment)) {
                segment = new Segment(segment.first(), plan.extend(segment.first(), segment.end(), segmentBytes()));
                return true;
            }
            lock.lock();
            try {
                segment = plan.next(blob.readPositions(), segmentBytes());
                if (!segment.isEmpty()) {
                    position = layout.offset(segment.first());
                    return true;
                }
                left = true;
                transfers--;
                changed.signalAll();
                return false;
            } finally {
                lock.unlock();
            }
        }

        /**
         * Leaves what it has to do to the other transfers; false when there are none.
         *
         * @param ifOthersStay false to leave in any case
         */
        private boolean leave(boolean ifOthersStay) {
            lock.lock();
            try {
                if (left) {
                    return true;
                }
                if (ifOthersStay && (transfers == 1 || writer != null)) {
                    return false;
                }
                plan.release(new Segment(
                        position < endOf(segment) ? layout.blockAt(position) : segment.end(), segment.end()));
                left = true;
                transfers--;
                changed.signalAll();
                return true;
            } finally {
                lock.unlock();
            }
        }

        /** One request. */
        private void step(Optional<InHand> given) throws IOException, InterruptedException {
            long before = position;
            Optional<Permit> permit = given.isPresent()
                    ? given.map(InHand::permit)
                    : means.permits().acquire(key.upstream(), means.config().longestDelay());
            if (permit.isEmpty()) {
                return;
            }
            Trouble trouble;
            try (Permit _ = permit.get()) {
                trouble = given.isPresent() ? take(given.get().bytes()) : ask();
            } catch (UpstreamException e) {
                trouble = new Trouble(String.valueOf(e.getMessage()), Duration.ZERO);
            }
            if (trouble != null && !left && !ending()) {
                recover(trouble, position > before);
            }
        }

        private @Nullable Trouble ask() throws IOException {
            Optional<FillRequest> speaker = parties.speaker();
            if (speaker.isEmpty()) {
                finish(new End.Broken("the registry grants it to nobody here any more"));
                return null;
            }
            return switch (asker.ask(speaker.get(), position, endOf(segment), true)) {
                case Reply.Bytes bytes -> take(bytes);
                case Reply.Unsized unsized -> {
                    unsized.response().close();
                    yield new Trouble("the registry tells no length any more", Duration.ZERO);
                }
                case Reply.Unusable(String why) -> new Trouble(why, Duration.ZERO);
                case Reply.Failed(UpstreamException why) ->
                    new Trouble(String.valueOf(why.getMessage()), Duration.ZERO);
                case Reply.Refused refused -> {
                    Trouble trouble = new Trouble(
                            "the registry answered " + refused.refusal().status(), refused.retryAfter());
                    if (refused.passing()) {
                        yield refused.tooMuch() && leave(true) ? null : trouble;
                    }
                    parties.refuse(speaker.get(), refused.refusal());
                    yield parties.speaker().isPresent() ? trouble : broken(trouble);
                }
            };
        }

        private @Nullable Trouble broken(Trouble trouble) {
            finish(new End.Broken(trouble.why()));
            return null;
        }

        /** Goes on at once where bytes have come, else after a while; not for ever. */
        private void recover(Trouble trouble, boolean progress) throws InterruptedException {
            long sum = received.get();
            failures = sum == receivedAtFailure ? failures + 1 : 1;
            receivedAtFailure = sum;
            if (failures > means.config().attempts()) {
                giveUp(trouble);
                return;
            }
            means.listener().resumed(key, position, trouble.why(), requestId);
            if (!progress || trouble.leftAlone().isPositive()) {
                pause(backoff(means).delay(failures, trouble.leftAlone()));
            }
        }

        /** Others may still be served; the last one ends it. */
        private void giveUp(Trouble trouble) {
            boolean others;
            lock.lock();
            try {
                others = transfers > 1;
            } finally {
                lock.unlock();
            }
            if (others) {
                dropWriter();
            }
            if (!leave(true)) {
                broken(trouble);
            }
        }

        private void pause(Duration delay) throws InterruptedException {
            lock.lock();
            try {
                long nanos = delay.toNanos();
                while (nanos > 0 && end == null && !stopping) {
                    nanos = changed.awaitNanos(nanos);
                }
            } finally {
                lock.unlock();
            }
        }

        /** Takes the bytes of an answer, which may be the whole blob although a range was asked for. */
        private @Nullable Trouble take(Reply.Bytes bytes) throws IOException {
            try (RegistryResponse response = bytes.response()) {
                if (bytes.size() != layout.size()) {
                    finish(new End.Changed(bytes.size()));
                    return null;
                }
                if (bytes.whole()) {
                    if (leave(true)) {
                        return null;
                    }
                    followStream();
                }
                this.response = response;
                reading.add(this);
                try {
                    // Whoever stops it looks there after saying so.
                    if (writer != null || !ending()) {
                        read(response, bytes);
                    }
                } finally {
                    reading.remove(this);
                }
            }
            return null;
        }

        /** On any thread. */
        void endBetweenBlocks() {
            if (writer == null) {
                cut();
            }
        }

        /** On any thread. */
        void cut() {
            RegistryResponse current = response;
            if (current != null) {
                current.close();
            }
        }

        /** From here on blocks are claimed as they pass by. */
        private void followStream() {
            int current = position < endOf(segment) ? layout.blockAt(position) : segment.end();
            int keep = writer == null ? current : current + 1;
            plan.release(new Segment(Math.max(keep, segment.first()), segment.end()));
            segment = new Segment(Math.min(segment.first(), keep), keep);
            if (writer == null) {
                position = 0;
                segment = Segment.NONE;
            }
        }

        private void read(RegistryResponse response, Reply.Bytes bytes) throws IOException {
            long at = bytes.from();
            ByteBuffer chunk = response.next(means.config().idle());
            while (chunk != null) {
                if (at + chunk.remaining() > bytes.to()) {
                    throw new UpstreamException(UpstreamException.Kind.PROTOCOL, "more bytes came than were announced");
                }
                while (chunk.hasRemaining()) {
                    at += take(chunk, at, bytes.whole());
                }
                if (at < bytes.to() && (ended() || (writer == null && (ending() || nothingAhead(at, bytes.whole()))))) {
                    return;
                }
                chunk = response.next(means.config().idle());
            }
            if (at < bytes.to()) {
                throw new UpstreamException(
                        UpstreamException.Kind.CUT, "the answer ended " + (bytes.to() - at) + " bytes early");
            }
        }

        private boolean nothingAhead(long at, boolean whole) {
            return whole && position >= endOf(segment) && !plan.anythingFrom(layout.blockAt(at));
        }

        /** Takes what of the chunk, which starts at byte {@code at}, belongs together; returns how much that was. */
        private int take(ByteBuffer chunk, long at, boolean whole) throws IOException {
            if (at < position) {
                return skip(chunk, position - at);
            }
            int block = layout.blockAt(at);
            BlockWriter open = writer;
            if (open == null) {
                if (whole && !plan.claim(block)) {
                    position = layout.offset(block) + layout.length(block);
                    segment = Segment.NONE;
                    return skip(chunk, position - at);
                }
                if (whole) {
                    segment = new Segment(block, block + 1);
                }
                open = blob.writer(block);
                writer = open;
            }
            int length = Math.min(chunk.remaining(), open.remaining());
            open.write(chunk.slice(chunk.position(), length));
            chunk.position(chunk.position() + length);
            position += length;
            received.addAndGet(length);
            means.listener().bytes(key, length, Reason.FIRST);
            if (open.remaining() == 0) {
                writer = null;
                try (BlockWriter full = open) {
                    full.complete();
                }
                blockHeld(!whole);
            }
            return length;
        }

        private int skip(ByteBuffer chunk, long most) {
            int length = (int) Math.min(chunk.remaining(), most);
            chunk.position(chunk.position() + length);
            means.listener().bytes(key, length, Reason.RANGE_IGNORED);
            return length;
        }

        private void dropWriter() {
            BlockWriter open = writer;
            if (open != null) {
                long start = layout.offset(layout.blockAt(position));
                means.listener().lost(key, position - start, requestId);
                position = start;
                open.close();
                writer = null;
            }
        }

        private long endOf(Segment of) {
            return of.isEmpty() ? 0 : layout.offset(of.end() - 1) + layout.length(of.end() - 1);
        }
    }

    /** What kept a request from bringing all it was to bring, and how long the registry wants to be left alone. */
    private record Trouble(String why, Duration leftAlone) {}

    static Backoff backoff(Means means) {
        return new Backoff(means.config().firstDelay(), means.config().longestDelay(), means.random());
    }
}
