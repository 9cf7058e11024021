package io.pantala.proxy.pull;

import io.pantala.manifest.BlobKey;
import io.pantala.proxy.grant.Asker;
import io.pantala.proxy.grant.Grants;
import io.pantala.proxy.grant.Standing;
import io.pantala.proxy.grant.Verdict;
import io.pantala.proxy.http.EngineGoneException;
import io.pantala.proxy.http.Exchange;
import io.pantala.proxy.http.RegistryCall;
import io.pantala.proxy.http.RegistryError;
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
import io.pantala.store.BlobStore;
import io.pantala.store.StoredBlob;
import io.pantala.swarm.BlobFiller;
import io.pantala.swarm.CredentialSource;
import io.pantala.swarm.FillRequest;
import io.pantala.swarm.Opening;
import io.pantala.swarm.UpstreamRefusal;
import io.vertx.core.http.HttpHeaders;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;

/** Answers requests for blobs: whether the asker may have it, then from where, then which part of it. */
final class BlobPulls {
    private static final Duration CREDENTIAL_PATIENCE = Duration.ofSeconds(5);
    private static final List<Duration> PAUSES = List.of(Duration.ofMillis(200), Duration.ofSeconds(1));
    private static final int TIMED_OUT = 504;

    private final BlobStore store;
    private final Relay relay;
    private final Grants grants;
    private final List<BlobFiller> fillers;
    private final Optional<Lookahead> lookahead;
    private final Standing standing;
    private final Troubles troubles;
    private final PullConfig config;
    private final PullListener listener;
    private final Credentials credentials = new Credentials(CREDENTIAL_PATIENCE);

    BlobPulls(
            BlobStore store,
            Relay relay,
            Grants grants,
            List<BlobFiller> fillers,
            Optional<Lookahead> lookahead,
            Standing standing,
            Troubles troubles,
            PullConfig config,
            PullListener listener) {
        this.lookahead = lookahead;
        this.standing = standing;
        this.troubles = troubles;
        this.store = store;
        this.relay = relay;
        this.grants = grants;
        this.fillers = fillers;
        this.config = config;
        this.listener = listener;
    }

    void answer(RegistryCall.Blob call, Exchange exchange)
            throws RegistryException, EngineGoneException, InterruptedException {
        if (!call.digest().isSha256()) {
            straight(call, exchange, Reason.OTHER_DIGEST);
            return;
        }
        if (exchange.head() && call.route().proxied()) {
            // Whoever pushes asks so whether this repository has it: what is stored here says nothing about that.
            relay.headOfBlob(call, exchange);
            return;
        }
        var asker = new Asker(call.route().upstream(), call.repository(), exchange.authorization());
        switch (check(asker, call, exchange)) {
            case Verdict.Refused(UpstreamRefusal refusal)
            when refusal.status() < 500 -> {
                if (refusal.status() == 401 || refusal.status() == 403) {
                    standing.refused(asker);
                }
                relay.refuse(refusal, call, exchange);
            }
            // It may do better when it is asked for the blob itself.
            case Verdict.Refused _, Verdict.Unreachable _ -> straight(call, exchange, Reason.UNPROVED);
            case Verdict.Granted _ -> {
                if (Headers.isHeld(exchange, call.digest())) {
                    exchange.reply(304, headers(call));
                } else if (exchange.head()) {
                    head(call, exchange);
                } else {
                    get(call, exchange, asker);
                }
            }
        }
    }

    /** The upstream's word, or while it has none to give, what is known of it. */
    private Verdict check(Asker asker, RegistryCall.Blob call, Exchange exchange)
            throws EngineGoneException, InterruptedException {
        if (troubles.has(asker.upstream()) && standing.vouchesFor(asker, call.digest())) {
            exchange.source("stale");
            return new Verdict.Granted();
        }
        Verdict verdict = asked(asker, call, exchange);
        boolean trouble = switch (verdict) {
            case Verdict.Granted _ -> false;
            case Verdict.Refused(UpstreamRefusal refusal) -> refusal.status() == 429 || refusal.status() >= 500;
            case Verdict.Unreachable _ -> {
                troubles.late(asker.upstream());
                yield true;
            }
        };
        if (trouble && standing.vouchesFor(asker, call.digest())) {
            exchange.source("stale");
            return new Verdict.Granted();
        }
        return verdict;
    }

    private Verdict asked(Asker asker, RegistryCall.Blob call, Exchange exchange)
            throws EngineGoneException, InterruptedException {
        try {
            CompletableFuture<Verdict> verdict = grants.check(asker, call.digest());
            return exchange.<Verdict, ExecutionException>whileConnected(() -> {
                try {
                    return verdict.get(config.grant().toMillis(), TimeUnit.MILLISECONDS);
                } catch (TimeoutException e) {
                    return new Verdict.Unreachable(new UpstreamException(
                            UpstreamException.Kind.TIMEOUT, "it doesn't say who may read the blob"));
                }
            });
        } catch (ExecutionException e) {
            throw new IllegalStateException("a check completes normally", e.getCause());
        }
    }

    private void head(RegistryCall.Blob call, Exchange exchange)
            throws RegistryException, EngineGoneException, InterruptedException {
        Optional<StoredBlob> found = store.find(key(call));
        if (found.isEmpty()) {
            relay.headOfBlob(call, exchange);
            return;
        }
        try (StoredBlob blob = found.get()) {
            List<Map.Entry<String, String>> headers = headers(call);
            headers.add(Map.entry("Content-Type", Reply.OCTETS));
            headers.add(Map.entry("Content-Length", Long.toString(blob.layout().size())));
            exchange.source("store");
            exchange.reply(200, headers);
        }
    }

    private void get(RegistryCall.Blob call, Exchange exchange, Asker asker)
            throws RegistryException, EngineGoneException, InterruptedException {
        listener.asked(key(call), call.repository());
        try (Credentials.Asking asking = credentials.enter(asker);
                Supply supply = new Supply(
                        store,
                        fillers,
                        new FillRequest(key(call), call.repository(), asking, exchange.id()),
                        exchange,
                        config.opening())) {
            switch (supply.next(config.answer().minus(exchange.elapsed()).minus(config.grant()))) {
                case Opening.Opened(StoredBlob blob) -> {
                    try (var _ = ahead(asker, call, exchange, asking)) {
                        awaitProof(call, exchange, blob);
                        reply(call, exchange, asker, blob, supply);
                    }
                }
                case Opening.Refused(UpstreamRefusal refusal) -> refused(call, exchange, asker, refusal);
                case Opening.Unsized _ -> straight(call, exchange, Reason.NO_LENGTH);
                case Opening.PassThrough(Opening.PassThrough.Reason reason) ->
                    straight(
                            call,
                            exchange,
                            switch (reason) {
                                case NO_LENGTH -> Reason.NO_LENGTH;
                                case LARGER_THAN_QUOTA -> Reason.LARGER_THAN_QUOTA;
                                case NO_ROOM -> Reason.NO_ROOM;
                                case DISK_ERROR -> Reason.DISK_ERROR;
                            });
                case Opening.Unavailable _ -> straight(call, exchange, Reason.UNAVAILABLE);
            }
        }
    }

    private Lookahead.Ahead ahead(
            Asker asker, RegistryCall.Blob call, Exchange exchange, CredentialSource credentials) {
        return lookahead
                .filter(_ -> exchange.header("Range") == null)
                .map(has -> has.from(asker, call.digest(), credentials, exchange.id()))
                .orElse(Lookahead.NOTHING);
    }

    /**
     * A blob of one block has no byte to give before it is proved, so its head waits for that: what comes in its place,
     * such as a page to log in at, can be told as an error then.
     */
    private void awaitProof(RegistryCall.Blob call, Exchange exchange, StoredBlob blob)
            throws RegistryException, EngineGoneException, InterruptedException {
        long size = blob.layout().size();
        if (blob.layout().count() != 1 || blob.sealed()) {
            return;
        }
        Duration most = config.answer().minus(exchange.elapsed());
        try (BlobReader reader = blob.reader(0, size)) {
            var _ = exchange.<Long, BlobFailedException>whileConnected(() -> {
                try {
                    return reader.awaitReadable(most.compareTo(config.stall()) < 0 ? most : config.stall());
                } catch (TimeoutException e) {
                    return 0L;
                }
            });
        } catch (BlobFailedException e) {
            if (e.failure() instanceof BlobFailure.DigestMismatch) {
                listener.mismatch(key(call));
                throw new RegistryException(RegistryError.unavailable(
                        502, call.route().upstream() + " sent something else in place of blob " + call.digest()));
            }
            // Whatever else happened, the reply finds another source.
        }
    }

    /** The transfer may have been another engine's: about access, the registry answers this one itself. */
    private void refused(RegistryCall.Blob call, Exchange exchange, Asker asker, UpstreamRefusal refusal)
            throws RegistryException, EngineGoneException, InterruptedException {
        switch (refusal.status()) {
            case 401, 403, 404 -> {
                grants.forget(asker, call.digest());
                straight(call, exchange, Reason.OTHER_CREDENTIAL);
            }
            default -> relay.refuse(refusal, call, exchange);
        }
    }

    private void straight(RegistryCall.Blob call, Exchange exchange, Reason reason)
            throws RegistryException, EngineGoneException, InterruptedException {
        if (exchange.head()) {
            relay.headOfBlob(call, exchange);
            return;
        }
        exchange.source("registry:" + reason.name().toLowerCase(Locale.ROOT));
        try (RegistryResponse response = askAgain(call, exchange)) {
            if (response.status() != 200 && response.status() != 206) {
                relay.pass(response, call, exchange, _ -> {});
                return;
            }
            var passed = new AtomicLong();
            LongConsumer count = bytes -> {
                listener.bytesToEngine(Source.REGISTRY, bytes);
                if (passed.getAndAdd(bytes) == 0) {
                    listener.firstByte(exchange.elapsed());
                }
            };
            try {
                pass(response, call, exchange, count);
            } finally {
                listener.passedThrough(call.route().upstream(), call.digest(), reason, passed.get());
            }
        }
    }

    /** Asks for the blob, and again after a while where that may help: there is nobody else to ask. */
    private RegistryResponse askAgain(RegistryCall.Blob call, Exchange exchange)
            throws RegistryException, EngineGoneException, InterruptedException {
        for (Duration pause : PAUSES) {
            try {
                RegistryResponse response = relay.ask(call, exchange, RegistryRequest.BLOB);
                if (response.status() < 400
                        || Straight.isRefusal(response)
                        || response.headers().contains(HttpHeaders.RETRY_AFTER)) {
                    return response;
                }
                response.close();
            } catch (RegistryException e) {
                if (e.error().status() == TIMED_OUT) {
                    throw e;
                }
            }
            exchange.pause(pause);
        }
        return relay.ask(call, exchange, RegistryRequest.BLOB);
    }

    private void pass(RegistryResponse response, RegistryCall.Blob call, Exchange exchange, LongConsumer count)
            throws EngineGoneException, InterruptedException {
        Optional<Straight.Span> span = Straight.Span.of(response);
        boolean whole = response.status() == 200 && !response.encoded();
        Proof proof = whole ? proof(call, response.contentLength()) : Proof.none();
        List<Map.Entry<String, String>> headers =
                Headers.without(Headers.endToEnd(response.headers(), call), "Content-Length");
        try (ReplyBody body = exchange.begin(response.status(), headers, response.contentLength())) {
            if (span.isEmpty()) {
                relay.pump(response, exchange, body, proof, count);
            } else {
                var straight = new Straight(call, exchange, body, relay, config, listener, proof, count);
                if (straight.send(span.get(), response, _ -> false)
                        == span.get().to()) {
                    body.end();
                }
            }
            if (proof.refuted()) {
                listener.mismatch(key(call));
                exchange.source("mismatch");
            }
        }
    }

    private static Proof proof(RegistryCall.Blob call, OptionalLong size) {
        return size.isPresent() ? Proof.of(call.digest(), size.getAsLong()) : Proof.ofUnsized(call.digest());
    }

    private void reply(RegistryCall.Blob call, Exchange exchange, Asker asker, StoredBlob blob, Supply supply)
            throws EngineGoneException, InterruptedException {
        long size = blob.layout().size();
        String ifRange = exchange.header("If-Range");
        String range = ifRange == null || ifRange.equals(etag(call)) ? exchange.header("Range") : null;
        List<Map.Entry<String, String>> headers = headers(call);
        ByteRanges ranges = ByteRanges.parse(range, size);
        if (ranges instanceof ByteRanges.Unsatisfiable) {
            headers.add(Map.entry("Content-Range", "bytes */" + size));
            headers.add(Map.entry("Content-Type", RegistryError.MEDIA_TYPE));
            var error = new RegistryError(416, "RANGE_INVALID", "the blob has " + size + " bytes");
            exchange.reply(416, headers, error.body());
            return;
        }
        Reply reply = Reply.of(ranges, size);
        reply.addHeaders(headers);
        try (ReplyBody body = exchange.begin(reply.status(), headers, OptionalLong.of(reply.length()))) {
            var bytes = new BlobBody(call, exchange, body, blob, supply, relay, config, listener);
            if (reply.send(body, bytes)) {
                body.end();
            } else if (bytes.refused()) {
                // An engine that comes back for the rest is told so, and can get itself another credential.
                grants.forget(asker, call.digest());
            }
        }
    }

    private static List<Map.Entry<String, String>> headers(RegistryCall.Blob call) {
        List<Map.Entry<String, String>> headers = Headers.own(call);
        headers.add(Map.entry("Docker-Distribution-Api-Version", "registry/2.0"));
        headers.add(Map.entry("Docker-Content-Digest", call.digest().toString()));
        headers.add(Map.entry("ETag", etag(call)));
        headers.add(Map.entry("Accept-Ranges", "bytes"));
        return headers;
    }

    private static String etag(RegistryCall.Blob call) {
        return "\"" + call.digest() + "\"";
    }

    private static BlobKey key(RegistryCall.Blob call) {
        return new BlobKey(call.route().upstream(), call.digest());
    }
}
