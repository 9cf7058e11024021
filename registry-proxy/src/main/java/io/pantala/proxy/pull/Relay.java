package io.pantala.proxy.pull;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.pantala.proxy.http.EngineGoneException;
import io.pantala.proxy.http.Exchange;
import io.pantala.proxy.http.RegistryCall;
import io.pantala.proxy.http.RegistryError;
import io.pantala.proxy.http.RegistryException;
import io.pantala.proxy.http.ReplyBody;
import io.pantala.registry.RegistryClient;
import io.pantala.registry.RegistryRequest;
import io.pantala.registry.RegistryResponse;
import io.pantala.registry.UpstreamException;
import io.pantala.swarm.UpstreamRefusal;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Asks an upstream in an engine's place and passes its answer on, untouched. */
final class Relay {
    private static final ByteBufAllocator BUFFERS = PooledByteBufAllocator.DEFAULT;
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);
    private static final Pattern TOTAL = Pattern.compile("bytes [^/]*/([0-9]{1,18})");

    /** What a registry answers while it, or what stands before it, is busy with itself. */
    private static final Set<Integer> PASSING = Set.of(502, 503, 504);

    private static final List<Duration> PAUSES = List.of(Duration.ofMillis(200), Duration.ofSeconds(1));

    private final RegistryClient registry;
    private final PullConfig config;
    private final PullListener listener;

    Relay(RegistryClient registry, PullConfig config, PullListener listener) {
        this.registry = registry;
        this.config = config;
        this.listener = listener;
    }

    /** Passes a request on and its answer back. */
    void pass(RegistryCall call, Exchange exchange, String kind)
            throws RegistryException, EngineGoneException, InterruptedException {
        try (RegistryResponse response = ask(call, exchange, kind)) {
            pass(response, call, exchange, _ -> {});
        }
    }

    /** Sends an engine's request on as it is. */
    RegistryResponse ask(RegistryCall call, Exchange exchange, String kind)
            throws RegistryException, EngineGoneException, InterruptedException {
        return ask(call, exchange, kind, exchange.head() ? HttpMethod.HEAD : HttpMethod.GET, exchange.headers());
    }

    /** Asks for what an engine's request is about in another way. */
    RegistryResponse ask(
            RegistryCall call,
            Exchange exchange,
            String kind,
            HttpMethod method,
            List<Map.Entry<String, String>> headers)
            throws RegistryException, EngineGoneException, InterruptedException {
        RegistryRequest request = request(call, exchange, kind, method, headers);
        return send(call, exchange, () -> registry.send(request, left(call, exchange)));
    }

    /** How long the upstream may take to answer, for the engine to be answered in time. */
    Duration left(RegistryCall call, Exchange exchange) {
        if (exchange.replying()) {
            return config.idle();
        }
        Duration most = call instanceof RegistryCall.Ping ? config.ping() : config.answer();
        return most.minus(exchange.elapsed());
    }

    private static RegistryRequest request(
            RegistryCall call,
            Exchange exchange,
            String kind,
            HttpMethod method,
            List<Map.Entry<String, String>> headers) {
        return new RegistryRequest(
                call.route().upstream(), method, call.target(), headers, exchange.authorization(), kind);
    }

    /** Sends what changes nothing; again after a while, if the registry has trouble and the engine no other way. */
    RegistryResponse send(
            RegistryCall call, Exchange exchange, Exchange.Wait<RegistryResponse, UpstreamException> sending)
            throws RegistryException, EngineGoneException, InterruptedException {
        for (Duration pause : call.route().proxied() ? PAUSES : List.<Duration>of()) {
            try {
                RegistryResponse response = exchange.whileConnected(sending);
                if (!PASSING.contains(response.status()) || response.headers().contains(HttpHeaders.RETRY_AFTER)) {
                    return response;
                }
                response.close();
            } catch (UpstreamException e) {
                if (e.kind() != UpstreamException.Kind.UNREACHABLE && e.kind() != UpstreamException.Kind.CUT) {
                    throw unavailable(call, e);
                }
            }
            exchange.whileConnected(() -> {
                Thread.sleep(pause);
                return true;
            });
        }
        try {
            return exchange.whileConnected(sending);
        } catch (UpstreamException e) {
            throw unavailable(call, e);
        }
    }

    /**
     * Answers a HEAD of a blob. Registries that redirect sign their URLs for GET, so where the answer is a redirect the
     * first byte is asked for, which tells the length too.
     */
    void headOfBlob(RegistryCall.Blob call, Exchange exchange)
            throws RegistryException, EngineGoneException, InterruptedException {
        RegistryRequest request = request(call, exchange, RegistryRequest.BLOB, HttpMethod.HEAD, exchange.headers());
        try (RegistryResponse response =
                send(call, exchange, () -> registry.sendUnfollowed(request, left(call, exchange)))) {
            if (response.status() / 100 != 3 || response.status() == 304) {
                pass(response, call, exchange, _ -> {});
                return;
            }
        }
        List<Map.Entry<String, String>> headers =
                new ArrayList<>(Headers.without(exchange.headers(), "Range", "If-Range"));
        headers.add(Map.entry("Range", "bytes=0-0"));
        try (RegistryResponse response = ask(call, exchange, RegistryRequest.BLOB, HttpMethod.GET, headers)) {
            OptionalLong length = lengthOfWhole(response);
            if (length.isEmpty()) {
                pass(response, call, exchange, _ -> {});
                return;
            }
            List<Map.Entry<String, String>> reply = new ArrayList<>(
                    Headers.without(Headers.endToEnd(response.headers(), call), "Content-Range", "Content-Length"));
            reply.add(Map.entry("Content-Length", Long.toString(length.getAsLong())));
            exchange.reply(200, reply);
        }
    }

    private static OptionalLong lengthOfWhole(RegistryResponse response) {
        if (response.status() == 200) {
            return response.contentLength();
        }
        String range = response.headers().get("Content-Range");
        Matcher matcher = range == null ? null : TOTAL.matcher(range);
        if (matcher == null || !matcher.matches() || (response.status() != 206 && response.status() != 416)) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(Long.parseLong(matcher.group(1)));
    }

    /** Passes an answer back; {@code passed} hears how many bytes went through. */
    void pass(RegistryResponse response, RegistryCall call, Exchange exchange, LongConsumer passed)
            throws EngineGoneException, InterruptedException {
        List<Map.Entry<String, String>> headers = Headers.endToEnd(response.headers(), call);
        if (response.status() >= 400 && !inWords(headers)) {
            reword(response.status(), headers, call, exchange);
        } else {
            pass(response, headers, exchange, passed);
        }
    }

    /** Passes an answer back under these headers. */
    void pass(
            RegistryResponse response, List<Map.Entry<String, String>> headers, Exchange exchange, LongConsumer passed)
            throws EngineGoneException, InterruptedException {
        if (exchange.head() || response.status() == 204 || response.status() == 304) {
            exchange.reply(response.status(), headers);
            return;
        }
        try (ReplyBody body = exchange.begin(
                response.status(), Headers.without(headers, "Content-Length"), response.contentLength())) {
            pump(response, exchange, body, passed);
        }
    }

    /** Sends what is left of an answer's body, and ends the reply if that came to its right end. */
    void pump(RegistryResponse response, Exchange exchange, ReplyBody body, LongConsumer passed)
            throws EngineGoneException, InterruptedException {
        pump(response, exchange, body, Proof.none(), passed);
    }

    /** The same; does not end the reply where the proof says no. */
    void pump(RegistryResponse response, Exchange exchange, ReplyBody body, Proof proof, LongConsumer passed)
            throws EngineGoneException, InterruptedException {
        try {
            ByteBuffer next = next(response, exchange);
            while (next.hasRemaining() && proof.accepts(next)) {
                int length = next.remaining();
                body.send(copy(next));
                passed.accept(length);
                next = next(response, exchange);
            }
            if (proof.matches()) {
                body.end();
            }
        } catch (UpstreamException e) {
            listener.failed("upstream_" + e.kind().name().toLowerCase(Locale.ROOT));
        }
    }

    /** The next bytes of an answer; none at its right end. */
    ByteBuffer next(RegistryResponse response, Exchange exchange)
            throws UpstreamException, EngineGoneException, InterruptedException {
        return exchange.<ByteBuffer, UpstreamException>whileConnected(() -> {
            ByteBuffer next = response.next(config.idle());
            return next == null ? NOTHING : next;
        });
    }

    /** Passes on what a registry refused someone with. */
    void refuse(UpstreamRefusal refusal, RegistryCall call, Exchange exchange) throws EngineGoneException {
        List<Map.Entry<String, String>> headers =
                Headers.without(Headers.endToEnd(refusal.headers(), call), "Content-Length");
        if (!inWords(headers)) {
            reword(refusal.status(), headers, call, exchange);
        } else if (exchange.head()) {
            exchange.reply(refusal.status(), headers);
        } else {
            exchange.reply(refusal.status(), headers, refusal.body());
        }
    }

    /** Whether an error is told as registries do; pages of what stands before them, and of storages, are not. */
    private static boolean inWords(List<Map.Entry<String, String>> headers) {
        return headers.stream()
                .anyMatch(header -> header.getKey().equalsIgnoreCase("Content-Type")
                        && header.getValue().toLowerCase(Locale.ROOT).contains("json"));
    }

    /** Tells an error in place of a body that no engine understands. */
    private static void reword(
            int status, List<Map.Entry<String, String>> headers, RegistryCall call, Exchange exchange)
            throws EngineGoneException {
        List<Map.Entry<String, String>> reworded =
                new ArrayList<>(Headers.without(headers, "Content-Type", "Content-Length", "Content-Encoding", "ETag"));
        reworded.add(Map.entry("Content-Type", RegistryError.MEDIA_TYPE));
        exchange.reply(status, reworded, RegistryError.refused(status, call).body());
    }

    /** What an engine is told when its upstream can't be asked. */
    RegistryException unavailable(RegistryCall call, UpstreamException why) {
        return unavailable(call.route().upstream().value(), why);
    }

    /** What an engine is told when a host can't be asked. */
    RegistryException unavailable(String host, UpstreamException why) {
        listener.failed("upstream_" + why.kind().name().toLowerCase(Locale.ROOT));
        int status = why.kind() == UpstreamException.Kind.TIMEOUT ? 504 : 502;
        return new RegistryException(RegistryError.unavailable(status, host + ": " + why.getMessage()));
    }

    /** A response's bytes are only lent: the copy goes where the network wants it anyway. */
    static ByteBuf copy(ByteBuffer bytes) {
        return BUFFERS.directBuffer(bytes.remaining()).writeBytes(bytes);
    }
}
