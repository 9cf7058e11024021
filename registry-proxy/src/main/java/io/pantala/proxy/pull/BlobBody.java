package io.pantala.proxy.pull;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.proxy.http.EngineGoneException;
import io.pantala.proxy.http.Exchange;
import io.pantala.proxy.http.RegistryCall;
import io.pantala.proxy.http.RegistryException;
import io.pantala.proxy.http.ReplyBody;
import io.pantala.proxy.pull.PullListener.Reason;
import io.pantala.proxy.pull.PullListener.Source;
import io.pantala.registry.RegistryRequest;
import io.pantala.registry.RegistryResponse;
import io.pantala.registry.UpstreamException;
import io.pantala.store.BlobFailedException;
import io.pantala.store.BlobFailure;
import io.pantala.store.BlobReader;
import io.pantala.store.StoredBlob;
import io.pantala.swarm.Opening;
import io.vertx.core.http.HttpMethod;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of one blob on their way into one reply, in the order asked for. They are verified ones from the store as
 * long as any source can bring them there; then the registry's own, for this engine alone.
 */
final class BlobBody {
    /** As much of a file as is handed over at once, so that what was sent is counted as it goes. */
    private static final long SLICE = 16 << 20;

    private static final Duration LOOK = Duration.ofSeconds(5);
    private static final int MOST_ATTEMPTS = 3;
    private static final Pattern CONTENT_RANGE = Pattern.compile("bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\\*)");

    /** What decides about the range of a request, and so has no place in one for another range. */
    private static final String[] CONDITIONS = {
        "Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"
    };

    private final RegistryCall.Blob call;
    private final Exchange exchange;
    private final ReplyBody body;
    private final Supply supply;
    private final Relay relay;
    private final PullConfig config;
    private final PullListener listener;
    private final BlockLayout layout;

    private @Nullable StoredBlob blob;
    private Source source;
    private long position;
    private long counted;

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
        /** What is missing is held back until the whole is proved, which takes long. */
        WITHHELD,
        /** The content is not the blob. */
        WRONG
    }

    /** Sends the bytes from {@code from} to before {@code to}; false when they could not all be had. */
    boolean send(long from, long to) throws EngineGoneException, InterruptedException {
        position = from;
        while (true) {
            switch (blob == null ? End.BROKEN : follow(blob, to)) {
                case DONE -> {
                    return true;
                }
                case WRONG -> {
                    listener.mismatch(new BlobKey(call.route().upstream(), call.digest()));
                    exchange.source("mismatch");
                    return false;
                }
                case WITHHELD -> {
                    return fromRegistry(to, Reason.WITHHELD_BLOCK);
                }
                case BROKEN -> {
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
                long readable = awaitReadable(from, reader);
                if (readable <= position) {
                    return withheld(from) ? End.WITHHELD : End.BROKEN;
                }
                while (position < readable) {
                    long length = Math.min(SLICE, readable - position);
                    body.send(reader.channel(), position, length);
                    position += length;
                    reader.advance(length);
                    count();
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

    /** The end of what can be read; the position itself when nothing more is to be waited for. */
    private long awaitReadable(StoredBlob from, BlobReader reader)
            throws BlobFailedException, EngineGoneException, InterruptedException {
        int held = -1;
        long since = System.nanoTime();
        while (true) {
            Duration patience = withheld(from) ? config.proof() : shorter(LOOK, config.stall());
            long readable = exchange.<Long, BlobFailedException>whileConnected(() -> {
                try {
                    return reader.awaitReadable(patience);
                } catch (TimeoutException e) {
                    return position;
                }
            });
            if (readable > position || withheld(from)) {
                return readable;
            }
            int now = from.held().size();
            if (now != held) {
                held = now;
                since = System.nanoTime();
            } else if (System.nanoTime() - since >= config.stall().toNanos()) {
                return position;
            }
        }
    }

    /** Whether the next byte is in the last block while blocks before it are missing: its proof is far. */
    private boolean withheld(StoredBlob from) {
        int last = layout.last();
        return position >= layout.offset(last) && !from.sealed() && from.held().nextMissing(0) < last;
    }

    private boolean changeSource() throws EngineGoneException, InterruptedException {
        if (supply.next() instanceof Opening.Opened(StoredBlob next)
                && next.layout().size() == layout.size()) {
            blob = next;
            source = Source.FILL;
            return true;
        }
        blob = null;
        return false;
    }

    /** Reads on from the registry, with the engine's own credential, resuming where a transfer breaks. */
    private boolean fromRegistry(long to, Reason reason) throws EngineGoneException, InterruptedException {
        Source before = source;
        source = Source.REGISTRY;
        exchange.source("registry:" + reason.name().toLowerCase(Locale.ROOT));
        long start = position;
        for (int fruitless = 0; fruitless < MOST_ATTEMPTS && position < to; ) {
            long reached = position;
            readOn(to);
            body.awaitSent();
            count();
            fruitless = position > reached ? 0 : fruitless + 1;
        }
        listener.passedThrough(call.route().upstream(), reason, position - start);
        source = before;
        return position == to;
    }

    private void readOn(long to) throws EngineGoneException, InterruptedException {
        List<Map.Entry<String, String>> headers = new ArrayList<>(Headers.without(exchange.headers(), CONDITIONS));
        headers.add(Map.entry("Range", "bytes=" + position + "-" + (to - 1)));
        try (RegistryResponse response = relay.ask(call, exchange, RegistryRequest.BLOB, HttpMethod.GET, headers)) {
            long skip = skip(response);
            while (skip >= 0 && position < to) {
                ByteBuffer next = relay.next(response, exchange);
                if (!next.hasRemaining()) {
                    return;
                }
                int skipped = (int) Math.min(skip, next.remaining());
                skip -= skipped;
                next.position(next.position() + skipped);
                next.limit(next.position() + (int) Math.min(next.remaining(), to - position));
                if (next.hasRemaining()) {
                    position += next.remaining();
                    body.send(Relay.copy(next));
                    count();
                }
            }
        } catch (UpstreamException e) {
            listener.failed("upstream_" + e.kind().name().toLowerCase(Locale.ROOT));
        } catch (RegistryException e) {
            // Told to the listener already; the next attempt may find the registry there.
        }
    }

    /** How many bytes come before those asked for; negative when they don't come at all. */
    private long skip(RegistryResponse response) {
        if (response.status() == 200) {
            return response.contentLength().orElse(layout.size()) == layout.size() ? position : -1;
        }
        String range = response.headers().get("Content-Range");
        Matcher matcher = range == null ? null : CONTENT_RANGE.matcher(range);
        boolean right = response.status() == 206
                && matcher != null
                && matcher.matches()
                && Long.parseLong(matcher.group(1)) == position
                && (matcher.group(2).equals("*") || Long.parseLong(matcher.group(2)) == layout.size());
        return right ? 0 : -1;
    }

    private void count() {
        long sent = body.sent();
        if (sent > counted) {
            if (counted == 0 && source != Source.REGISTRY) {
                exchange.source(source.name().toLowerCase(Locale.ROOT));
                listener.firstByte(exchange.elapsed());
            }
            listener.bytesToEngine(source, sent - counted);
            counted = sent;
        }
    }

    private static Source sourceOf(StoredBlob blob) {
        return blob.sealed() ? Source.STORE : Source.FILL;
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }
}
