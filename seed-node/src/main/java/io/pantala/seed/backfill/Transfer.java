package io.pantala.seed.backfill;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.registry.RegistryResponse;
import io.pantala.registry.UpstreamException;
import io.pantala.seed.backfill.BackfillListener.Reason;
import io.pantala.seed.backfill.Fetch.End;
import io.pantala.seed.backfill.Fetch.InHand;
import io.pantala.seed.backfill.Permits.Permit;
import io.pantala.seed.backfill.Plan.Segment;
import io.pantala.store.BlockWriter;
import io.pantala.swarm.FillRequest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One of a fetch's transfers: brings one segment after the other, by one request at a time, and goes on at the very byte
 * where one broke.
 */
final class Transfer {
    private static final Logger log = LoggerFactory.getLogger(Transfer.class);

    private final Fetch fetch;
    private final Means means;
    private final BlobKey key;
    private final BlockLayout layout;
    private final Plan plan;

    private Segment segment = Segment.NONE;

    /** The next byte wanted: within the segment, or at its end. */
    private long position;

    private volatile @Nullable BlockWriter writer;

    /** When the first byte came of what is being written, in nanoseconds. */
    private long begun;

    private volatile @Nullable RegistryResponse reading;
    private boolean left;
    private int failures;
    private long receivedAtFailure = -1;

    /** What kept a request from bringing all it was to bring, and how long the registry wants to be left alone. */
    private record Trouble(String why, Duration leftAlone) {
        Trouble(@Nullable String why) {
            this(String.valueOf(why), Duration.ZERO);
        }
    }

    Transfer(Fetch fetch) {
        this.fetch = fetch;
        this.means = fetch.means();
        this.key = fetch.blob().key();
        this.layout = fetch.blob().layout();
        this.plan = fetch.plan();
    }

    /** Until nothing is left to bring. Whatever happens, its fetch learns of it. */
    void run(Optional<InHand> inHand) {
        try {
            Optional<InHand> given = inHand;
            given.ifPresent(this::claimFor);
            while (!left && !fetch.ending() && (given.isPresent() || more())) {
                step(given);
                given = Optional.empty();
            }
        } catch (IOException e) {
            fetch.finish(new End.Broken("it can't be stored: " + e.getMessage()));
        } catch (InterruptedException e) {
            fetch.finish(new End.Broken("interrupted"));
        } catch (RuntimeException e) {
            log.warn("{}: a transfer failed ({})", key, fetch.requestId(), e);
            fetch.finish(new End.Broken("an internal error: " + e));
        } finally {
            inHand.ifPresent(given -> {
                given.bytes().response().close();
                given.permit().close();
            });
            dropWriter();
            if (!left) {
                fetch.leave(this, rest());
            }
        }
    }

    /** On any thread. */
    void endBetweenBlocks() {
        if (writer == null) {
            cut();
        }
    }

    /** On any thread. */
    void cut() {
        RegistryResponse current = reading;
        if (current != null) {
            current.close();
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
            segment = new Segment(segment.first(), plan.extend(segment.first(), segment.end(), fetch.segmentBytes()));
            return true;
        }
        segment = fetch.next(this);
        left = segment.isEmpty();
        if (!left) {
            position = layout.offset(segment.first());
        }
        return !left;
    }

    /** One request. */
    private void step(Optional<InHand> given) throws IOException, InterruptedException {
        long before = position;
        Optional<Permit> permit = given.isPresent()
                ? given.map(InHand::permit)
                : fetch.turns().further(means.config().longestDelay());
        if (permit.isEmpty()) {
            return;
        }
        Trouble trouble;
        try (Permit _ = permit.get()) {
            trouble = given.isPresent() ? take(given.get().bytes()) : ask();
        } catch (UpstreamException e) {
            trouble = new Trouble(e.getMessage());
        }
        if (trouble != null && !left && !fetch.ending()) {
            recover(trouble, position > before);
        }
    }

    private @Nullable Trouble ask() throws IOException {
        Optional<FillRequest> speaker = fetch.parties().speaker();
        if (speaker.isEmpty()) {
            return broken(new Trouble("the registry grants it to nobody here any more"));
        }
        return switch (fetch.asker().ask(speaker.get(), position, endOf(segment), true)) {
            case Reply.Bytes bytes -> take(bytes);
            case Reply.Unsized unsized -> {
                unsized.response().close();
                yield new Trouble("the registry tells no length any more");
            }
            case Reply.Unusable(String why) -> new Trouble(why);
            case Reply.Failed(UpstreamException why) -> new Trouble(why.getMessage());
            case Reply.Refused refused -> refused(speaker.get(), refused);
        };
    }

    private @Nullable Trouble refused(FillRequest speaker, Reply.Refused refused) {
        Trouble trouble =
                new Trouble("the registry answered " + refused.refusal().status(), refused.retryAfter());
        if (refused.passing()) {
            return refused.tooMuch() && leaveToOthers() ? null : trouble;
        }
        fetch.parties().refuse(speaker, refused.refusal());
        return fetch.parties().speaker().isPresent() ? trouble : broken(trouble);
    }

    private @Nullable Trouble broken(Trouble trouble) {
        fetch.finish(new End.Broken(trouble.why()));
        return null;
    }

    /** Goes on at once where bytes have come, else after a while, and not for ever. */
    private void recover(Trouble trouble, boolean progress) throws InterruptedException {
        long sum = fetch.received();
        failures = sum == receivedAtFailure ? failures + 1 : 1;
        receivedAtFailure = sum;
        if (failures > means.config().attempts()) {
            // Others may still be served; the last one ends it.
            if (!leaveToOthers()) {
                broken(trouble);
            }
            return;
        }
        means.listener().resumed(key, position, trouble.why(), fetch.requestId());
        if (!progress || trouble.leftAlone().isPositive()) {
            fetch.pause(means.backoff().delay(failures, trouble.leftAlone()));
        }
    }

    /** False when this is the last transfer. What came of an incomplete block is lost then. */
    private boolean leaveToOthers() {
        left = fetch.leaveToOthers(this, rest());
        if (left) {
            dropWriter();
        }
        return left;
    }

    private Segment rest() {
        int first = position < endOf(segment) ? layout.blockAt(position) : segment.end();
        return new Segment(first, segment.end());
    }

    /** Takes the bytes of an answer, which may be the whole blob although a range was asked for. */
    private @Nullable Trouble take(Reply.Bytes bytes) throws IOException {
        try (RegistryResponse response = bytes.response()) {
            if (bytes.size() != layout.size()) {
                fetch.finish(new End.Changed(bytes.size()));
                return null;
            }
            if (bytes.whole()) {
                if (leaveToOthers()) {
                    return null;
                }
                followStream();
            }
            reading = response;
            // Whoever stops it says so first, and looks for what is being read then.
            if (writer != null || !fetch.ending()) {
                read(response, bytes);
            }
            return null;
        } finally {
            reading = null;
        }
    }

    /** From here on blocks are claimed as they pass by, but for one that has begun. */
    private void followStream() {
        Segment rest = rest();
        if (writer == null) {
            plan.release(rest);
            segment = Segment.NONE;
            position = 0;
        } else {
            plan.release(new Segment(rest.first() + 1, rest.end()));
            segment = new Segment(rest.first(), rest.first() + 1);
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
            // An answer that is read to its end leaves the connection to the next.
            if (at < bytes.to() && !wanted(at, bytes.whole())) {
                return;
            }
            chunk = response.next(means.config().idle());
        }
        if (at < bytes.to()) {
            throw new UpstreamException(
                    UpstreamException.Kind.CUT, "the answer ended " + (bytes.to() - at) + " bytes early");
        }
    }

    private boolean wanted(long at, boolean whole) {
        if (writer != null) {
            return !fetch.ended();
        }
        boolean somethingAhead = !whole || position < endOf(segment) || plan.anythingFrom(layout.blockAt(at));
        return somethingAhead && !fetch.ending();
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
            open = fetch.blob().writer(block);
            writer = open;
            begun = System.nanoTime();
        }
        int length = Math.min(chunk.remaining(), open.remaining());
        open.write(chunk.slice(chunk.position(), length));
        chunk.position(chunk.position() + length);
        position += length;
        fetch.received(length);
        means.listener().bytes(key, length, Reason.FIRST);
        if (open.remaining() == 0) {
            writer = null;
            try (BlockWriter full = open) {
                full.complete();
            }
            means.listener()
                    .blockReceived(key, block, layout.length(block), Duration.ofNanos(System.nanoTime() - begun));
            fetch.blockHeld(!whole);
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
            means.listener().lost(key, position - start, fetch.requestId());
            position = start;
            open.close();
            writer = null;
        }
    }

    private long endOf(Segment of) {
        return of.isEmpty() ? 0 : layout.offset(of.end() - 1) + layout.length(of.end() - 1);
    }
}
