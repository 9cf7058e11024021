package io.pantala.proxy.pull;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.proxy.http.EngineGoneException;
import io.pantala.proxy.http.Exchange;
import io.pantala.proxy.http.RegistryCall;
import io.pantala.proxy.http.ReplyBody;
import io.pantala.proxy.pull.PullListener.Reason;
import io.pantala.proxy.pull.PullListener.Source;
import io.pantala.store.BlobFailedException;
import io.pantala.store.BlobFailure;
import io.pantala.store.BlobReader;
import io.pantala.store.StoredBlob;
import io.pantala.swarm.Opening;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.TimeoutException;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of one blob on their way into one reply, in the order asked for. They are verified ones from the store as
 * long as any source can bring them there; then the registry's own, for this engine alone.
 */
final class BlobBody {
    /** As much of a file as is handed over at once, so that what was sent is counted as it goes. */
    private static final long SLICE = 4 << 20;

    private static final Duration LOOK = Duration.ofSeconds(5);

    /** As much of what an engine has got is hashed before it gets more: as long as that takes, it gets nothing. */
    private static final long MOST_HASHED = 1L << 30;

    private static final int CHUNK = 128 << 10;

    private final RegistryCall.Blob call;
    private final Exchange exchange;
    private final ReplyBody body;
    private final Supply supply;
    private final Relay relay;
    private final PullConfig config;
    private final PullListener listener;
    private final BlockLayout layout;

    /** Of what is sent, where bytes come that the store has not proved, until it says what it says. */
    private Proof proof = Proof.none();

    private @Nullable StoredBlob blob;
    private Source source;
    private long position;
    private long readable;
    private long counted;

    /** Since when the engine waits: it was given something then, its reply's head, or what the registry had. */
    private long waitingSince = System.nanoTime();

    /** The registry has refused the engine's credential, and would again. */
    private boolean refused;

    /** The registry sends all of the blob, whatever is asked for. */
    private boolean rangesIgnored;

    BlobBody(
            RegistryCall.Blob call,
            Exchange exchange,
            ReplyBody body,
            StoredBlob blob,
            Supply supply,
            Relay relay,
            PullConfig config,
            PullListener listener) {
        this.call = call;
        this.exchange = exchange;
        this.body = body;
        this.blob = blob;
        this.layout = blob.layout();
        this.supply = supply;
        this.relay = relay;
        this.config = config;
        this.listener = listener;
        this.source = sourceOf(blob);
    }

    /** How following a stored blob ended. */
    private enum End {
        DONE,
        /** No more bytes come this way. */
        BROKEN,
        /** They come, but not as soon as the engine needs one. */
        LATE,
        /** What is missing is held back until the whole is proved, which takes long. */
        WITHHELD,
        /** The content is not the blob. */
        WRONG
    }

    /** Sends the bytes from {@code from} to before {@code to}; false when they could not all be had. */
    boolean send(long from, long to) throws EngineGoneException, InterruptedException {
        position = from;
        boolean whole = from == 0 && to == layout.size();
        proof = whole ? Proof.of(call.digest(), to) : Proof.none();
        while (true) {
            switch (blob == null ? End.BROKEN : follow(blob, to)) {
                case DONE -> {
                    return true;
                }
                case WRONG -> {
                    mismatch();
                    return false;
                }
                case WITHHELD -> {
                    hashSent(Objects.requireNonNull(blob));
                    return fromRegistry(to, Reason.WITHHELD_BLOCK);
                }
                case LATE -> {
                    StoredBlob late = Objects.requireNonNull(blob);
                    hashSent(late);
                    if (untilReadable(late, to)) {
                        return true;
                    }
                    if (proof.refuted()) {
                        return false;
                    }
                    // If the registry had nothing either, it is not asked again before the store got its time.
                    waitingSince = System.nanoTime();
                }
                case BROKEN -> {
                    // What another source brings need not be the same content: the whole is proved by what was sent.
                    if (blob != null) {
                        hashSent(blob);
                    }
                    if (!changeSource()) {
                        return fromRegistry(to, Reason.INTERRUPTED);
                    }
                }
            }
        }
    }

    private End follow(StoredBlob from, long to) throws EngineGoneException, InterruptedException {
        try (BlobReader reader = from.reader(position, to)) {
            while (position < to) {
                End trouble = awaitReadable(from, reader);
                if (trouble != End.DONE) {
                    return trouble;
                }
                while (position < readable) {
                    long length = Math.min(readable, slice()) - position;
                    if (!from.intact(position, position + length)) {
                        return End.BROKEN;
                    }
                    if (proof.position() > 0 && !hash(reader.channel(), position + length)) {
                        return End.WRONG;
                    }
                    body.send(reader.channel(), position, length);
                    position += length;
                    reader.advance(length);
                    handedOver();
                }
            }
            return End.DONE;
        } catch (BlobFailedException e) {
            return switch (e.failure()) {
                case BlobFailure.DigestMismatch _ -> End.WRONG;
                case BlobFailure.Interrupted _ -> End.BROKEN;
            };
        } finally {
            body.awaitSent();
            count();
        }
    }

    /** Waits until {@link #readable} is past the position; anything but DONE says why it isn't. */
    private End awaitReadable(StoredBlob from, BlobReader reader)
            throws BlobFailedException, EngineGoneException, InterruptedException {
        long arrived = from.arrived();
        long arrivedAt = System.nanoTime();
        while (true) {
            boolean heldBack = !refused && withheld(from);
            long left = Math.min(left(config.stall(), arrivedAt), Math.min(leftToOthers(), LOOK.toNanos()));
            Duration patience = heldBack ? config.proof() : Duration.ofNanos(Math.max(0, left));
            readable = exchange.<Long, BlobFailedException>whileConnected(() -> {
                try {
                    return reader.awaitReadable(patience);
                } catch (TimeoutException e) {
                    return position;
                }
            });
            if (readable > position) {
                return End.DONE;
            }
            if (heldBack) {
                return End.WITHHELD;
            }
            if (from.arrived() != arrived) {
                arrived = from.arrived();
                arrivedAt = System.nanoTime();
            } else if (left(config.stall(), arrivedAt) <= 0) {
                return End.BROKEN;
            }
            if (leftToOthers() <= 0) {
                return End.LATE;
            }
        }
    }

    /**
     * Hashes what the engine has got from the store, if that was not done yet, before it gets bytes that the store has not
     * proved. From then on all is hashed as it goes.
     */
    private void hashSent(StoredBlob from) {
        if (proof.position() == 0 && position > 0) {
            boolean there = from.sealed() || from.held().runEnd(0) > layout.blockAt(position - 1);
            if (there && position <= MOST_HASHED) {
                boolean _ = hash(from.channel(), position);
            } else {
                proof.giveUp();
            }
        }
    }

    /** Hashes the bytes of a file up to before {@code end}; false when they must not be sent. */
    private boolean hash(FileChannel from, long end) {
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
        try {
            while (proof.possible() && proof.position() < end) {
                chunk.clear().limit((int) Math.min(chunk.capacity(), end - proof.position()));
                if (from.read(chunk, proof.position()) < 0) {
                    throw new EOFException("the file ends before its blob");
                }
                if (!proof.accepts(chunk.flip())) {
                    return false;
                }
            }
        } catch (IOException e) {
            proof.giveUp();
        }
        return true;
    }

    private void mismatch() {
        listener.mismatch(new BlobKey(call.route().upstream(), call.digest()));
        exchange.source("mismatch");
    }

    /** The end of what is handed over next: whole blocks, since only those can be proved to be intact. */
    private long slice() {
        int last = layout.blockAt(Math.min(position + SLICE, layout.size()) - 1);
        return layout.offset(last) + layout.length(last);
    }

    private static long left(Duration of, long since) {
        return of.toNanos() - (System.nanoTime() - since);
    }

    /** How long others may still take before the registry is asked, which makes no sense where it refuses. */
    private long leftToOthers() {
        return refused ? Long.MAX_VALUE : left(config.gap(), waitingSince);
    }

    /** Whether the next byte is in the last block while blocks before it are missing: its proof is far. */
    private boolean withheld(StoredBlob from) {
        int last = layout.last();
        return position >= layout.offset(last) && !from.sealed() && from.held().nextMissing(0) < last;
    }

    private static boolean isReadable(StoredBlob blob, long position) {
        int block = blob.layout().blockAt(position);
        return blob.sealed() || (block < blob.layout().last() && blob.holds(block));
    }

    private boolean changeSource() throws EngineGoneException, InterruptedException {
        if (supply.next(Duration.ofNanos(leftToOthers())) instanceof Opening.Opened(StoredBlob next)
                && next.layout().size() == layout.size()) {
            blob = next;
            source = Source.FILL;
            return true;
        }
        blob = null;
        return false;
    }

    /**
     * Reads on from the registry until the store has the next byte. Asks for little first and then for more and more: all
     * that is asked for is on its way, whether it is still needed or not.
     *
     * @return whether all bytes to before {@code to} are sent
     */
    private boolean untilReadable(StoredBlob late, long to) throws EngineGoneException, InterruptedException {
        long start = position;
        long end;
        int blocks = 1;
        try {
            do {
                blocks = rangesIgnored ? layout.count() : blocks;
                int last = Math.min(layout.blockAt(position) + blocks, layout.count()) - 1;
                end = Math.min(to, layout.offset(last) + layout.length(last));
                blocks = Math.min(2 * blocks, layout.count());
            } while (straight(end, Reason.LATE, at -> isReadable(late, at)) && end < to && !isReadable(late, end));
        } finally {
            listener.passedThrough(call.route().upstream(), call.digest(), Reason.LATE, position - start);
        }
        return position == to;
    }

    /** Reads all that is left from the registry; whether that could be done. */
    private boolean fromRegistry(long to, Reason reason) throws EngineGoneException, InterruptedException {
        long start = position;
        try {
            return straight(to, reason, _ -> false);
        } finally {
            listener.passedThrough(call.route().upstream(), call.digest(), reason, position - start);
        }
    }

    /**
     * Reads on from the registry, with the engine's own credential.
     *
     * @param enough whether the next byte, of this position, can be had otherwise again
     * @return whether all bytes to before {@code to} are sent
     */
    private boolean straight(long to, Reason reason, LongPredicate enough)
            throws EngineGoneException, InterruptedException {
        Source before = source;
        source = Source.REGISTRY;
        exchange.source("registry:" + reason.name().toLowerCase(Locale.ROOT));
        var straight = new Straight(call, exchange, body, relay, config, listener, proof, _ -> handedOver());
        try {
            position = straight.send(new Straight.Span(position, to, OptionalLong.of(layout.size())), null, enough);
            body.awaitSent();
        } finally {
            count();
        }
        source = before;
        refused = straight.refused();
        rangesIgnored = straight.rangesIgnored();
        if (proof.refuted()) {
            mismatch();
        }
        return position == to;
    }

    /** Whether the registry has refused this engine bytes that nobody else had. */
    boolean refused() {
        return refused;
    }

    private void handedOver() {
        waitingSince = System.nanoTime();
        count();
    }

    private void count() {
        long sent = body.sent();
        if (sent > counted) {
            if (counted == 0) {
                if (source != Source.REGISTRY) {
                    exchange.source(source.name().toLowerCase(Locale.ROOT));
                }
                listener.firstByte(exchange.elapsed());
            }
            listener.bytesToEngine(source, sent - counted);
            counted = sent;
        }
    }

    private static Source sourceOf(StoredBlob blob) {
        return blob.sealed() ? Source.STORE : Source.FILL;
    }
}
