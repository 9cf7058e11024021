package io.pantala.proxy.pull;

import io.pantala.proxy.http.EngineGoneException;
import io.pantala.proxy.http.Exchange;
import io.pantala.proxy.http.RegistryCall;
import io.pantala.proxy.http.RegistryException;
import io.pantala.proxy.http.ReplyBody;
import io.pantala.registry.RegistryRequest;
import io.pantala.registry.RegistryResponse;
import io.pantala.registry.UpstreamException;
import io.vertx.core.http.HttpMethod;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.function.LongPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A blob's bytes straight from its registry, with one engine's credential and for that engine alone. Where a transfer
 * breaks, it goes on at that very byte, since engines differ in what they make of a broken one.
 */
final class Straight {
    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

    /** These may pass; any other refusal is the registry's last word. */
    private static final Set<Integer> PASSING = Set.of(408, 425, 429, 500, 502, 503, 504);

    private static final Pattern CONTENT_RANGE =
            Pattern.compile("bytes (?<from>[0-9]{1,18})-(?<last>[0-9]{1,18})/(?<size>[0-9]{1,18}|\\*)");

    /** What decides about the range of a request, and so has no place in one for another range. */
    private static final String[] CONDITIONS = {
        "Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"
    };

    private final RegistryCall.Blob call;
    private final Exchange exchange;
    private final ReplyBody body;
    private final Relay relay;
    private final PullConfig config;
    private final PullListener listener;
    private final Proof proof;
    private final LongConsumer onBytes;

    private Span span = new Span(0, 0, OptionalLong.empty());
    private LongPredicate enough = _ -> false;
    private long position;
    private boolean refused;
    private boolean rangesIgnored;

    /**
     * Nothing is sent yet.
     *
     * @param proof of the whole of which these bytes are the next; where it says no, the last of them are not sent
     * @param onBytes hears of bytes that are on their way to the engine
     */
    Straight(
            RegistryCall.Blob call,
            Exchange exchange,
            ReplyBody body,
            Relay relay,
            PullConfig config,
            PullListener listener,
            Proof proof,
            LongConsumer onBytes) {
        this.call = call;
        this.exchange = exchange;
        this.body = body;
        this.relay = relay;
        this.config = config;
        this.listener = listener;
        this.proof = proof;
        this.onBytes = onBytes;
    }

    /**
     * Bytes {@code from} to before {@code to} of a blob.
     *
     * @param size of the whole blob, as far as it is known
     */
    record Span(long from, long to, OptionalLong size) {
        /** What a response brings; empty if the rest of it could not be asked for when it breaks. */
        static Optional<Span> of(RegistryResponse response) {
            OptionalLong length = response.contentLength();
            if (length.isEmpty() || response.encoded()) {
                return Optional.empty();
            }
            if (response.status() == 200) {
                return Optional.of(new Span(0, length.getAsLong(), length));
            }
            return range(response).filter(range -> range.to - range.from == length.getAsLong());
        }

        private static Optional<Span> range(RegistryResponse response) {
            String header = response.headers().get("Content-Range");
            Matcher matcher = CONTENT_RANGE.matcher(header == null ? "" : header);
            if (response.status() != 206 || !matcher.matches()) {
                return Optional.empty();
            }
            String size = matcher.group("size");
            return Optional.of(new Span(
                    Long.parseLong(matcher.group("from")),
                    Long.parseLong(matcher.group("last")) + 1,
                    size.equals("*") ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(size))));
        }

        private boolean fits(OptionalLong otherSize) {
            return size.isEmpty() || otherSize.isEmpty() || size.equals(otherSize);
        }
    }

    /**
     * Sends these bytes.
     *
     * @param begun a response that brings the first of them, which is left open; null to ask for it
     * @param enough asked now and then whether no more are needed, from the byte of this position on
     * @return the end of what was sent
     */
    long send(Span wanted, @Nullable RegistryResponse begun, LongPredicate enough)
            throws EngineGoneException, InterruptedException {
        span = wanted;
        this.enough = enough;
        position = wanted.from();
        refused = false;
        if (begun != null) {
            attempt(() -> take(begun, 0));
        }
        long lastBytes = System.nanoTime();
        Duration pause = FIRST_PAUSE;
        while (wantsMore()
                && !refused
                && !proof.refuted()
                && System.nanoTime() - lastBytes < config.gap().toNanos()) {
            long before = position;
            attempt(this::askForRest);
            if (position > before) {
                lastBytes = System.nanoTime();
                pause = FIRST_PAUSE;
            } else if (!refused && !proof.refuted()) {
                exchange.pause(pause);
                Duration doubled = pause.multipliedBy(2);
                pause = doubled.compareTo(LONGEST_PAUSE) < 0 ? doubled : LONGEST_PAUSE;
            }
        }
        return position;
    }

    /** Whether the registry's last word was that this engine gets nothing. */
    boolean refused() {
        return refused;
    }

    /** Whether the registry has sent all of the blob where a part was asked for. */
    boolean rangesIgnored() {
        return rangesIgnored;
    }

    private boolean wantsMore() {
        return position < span.to() && !enough.test(position);
    }

    private interface Attempt {
        void run() throws UpstreamException, RegistryException, EngineGoneException, InterruptedException;
    }

    private void attempt(Attempt attempt) throws EngineGoneException, InterruptedException {
        try {
            attempt.run();
        } catch (UpstreamException e) {
            listener.failed("upstream_" + e.kind().name().toLowerCase(Locale.ROOT));
        } catch (RegistryException e) {
            // Told to the listener already; the next attempt may find the registry there.
        }
    }

    private void askForRest() throws UpstreamException, RegistryException, EngineGoneException, InterruptedException {
        List<Map.Entry<String, String>> headers = new ArrayList<>(Headers.without(exchange.headers(), CONDITIONS));
        headers.add(Map.entry("Range", "bytes=" + position + "-" + (span.to() - 1)));
        try (RegistryResponse response = relay.ask(call, exchange, RegistryRequest.BLOB, HttpMethod.GET, headers)) {
            refused = isRefusal(response);
            long skip = skip(response);
            if (skip >= 0) {
                take(response, skip);
            }
        }
    }

    /** Whether it makes no sense to ask again. */
    static boolean isRefusal(RegistryResponse response) {
        return response.status() >= 400 && !response.redirected() && !PASSING.contains(response.status());
    }

    /** How many bytes come before those asked for; negative when they don't come at all. */
    private long skip(RegistryResponse response) {
        if (response.encoded()) {
            return -1;
        }
        if (response.status() == 200) {
            rangesIgnored = true;
            return span.fits(response.contentLength()) ? position : -1;
        }
        return Span.range(response)
                        .filter(range -> range.from() == position && span.fits(range.size()))
                        .isPresent()
                ? 0
                : -1;
    }

    private void take(RegistryResponse response, long skip)
            throws UpstreamException, EngineGoneException, InterruptedException {
        long skipping = skip;
        while (wantsMore()) {
            ByteBuffer next = relay.next(response, exchange);
            if (!next.hasRemaining() || enough.test(position)) {
                return;
            }
            int skipped = (int) Math.min(skipping, next.remaining());
            skipping -= skipped;
            next.position(next.position() + skipped);
            next.limit(next.position() + (int) Math.min(next.remaining(), span.to() - position));
            if (next.hasRemaining()) {
                if (!proof.accepts(next)) {
                    return;
                }
                int length = next.remaining();
                body.send(Relay.copy(next));
                position += length;
                onBytes.accept(length);
            }
        }
    }
}
