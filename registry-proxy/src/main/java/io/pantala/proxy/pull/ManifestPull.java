package io.pantala.proxy.pull;

import io.netty.buffer.Unpooled;
import io.pantala.manifest.Digest;
import io.pantala.manifest.Manifest;
import io.pantala.manifest.ManifestException;
import io.pantala.manifest.Reference;
import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.grant.Asker;
import io.pantala.proxy.grant.Grants;
import io.pantala.proxy.grant.Standing;
import io.pantala.proxy.http.EngineGoneException;
import io.pantala.proxy.http.Exchange;
import io.pantala.proxy.http.RegistryCall;
import io.pantala.proxy.http.RegistryError;
import io.pantala.proxy.http.RegistryException;
import io.pantala.proxy.http.ReplyBody;
import io.pantala.registry.RegistryResponse;
import io.pantala.registry.UpstreamException;
import io.pantala.swarm.UpstreamRefusal;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Gives manifests: what a tag stands for by the word of its upstream, the bytes by their digest from where they are to be
 * had. What can't be had so is passed on, unchanged. While the upstream has trouble, those who could be given something
 * of a repository before are given what is known of it.
 */
final class ManifestPull {
    private static final String KIND = "manifest";
    private static final int OK = 200;

    /** What need not be asked again for the sake of its words. */
    private static final Set<Integer> TOLD_BY_HEAD = Set.of(401, 429);

    private static final int UNIT = 1 << 10;

    /** All manifests that are held in memory at once, in units of 1 KiB. */
    private static final int ROOM = 24 << 10;

    /** What a manifest has at most that is nothing out of the ordinary. */
    private static final int USUAL = 256 << 10;

    private static final long PATIENCE_SECONDS = 20;

    private final Relay relay;
    private final Grants grants;
    private final Heads heads;
    private final Bodies bodies;
    private final Optional<Lookahead> lookahead;
    private final Standing standing;
    private final LastKnown lastKnown;
    private final Troubles troubles;
    private final PullConfig config;
    private final PullListener listener;
    private final Semaphore room = new Semaphore(ROOM, true);

    ManifestPull(
            Relay relay,
            Grants grants,
            Heads heads,
            Bodies bodies,
            Optional<Lookahead> lookahead,
            Standing standing,
            LastKnown lastKnown,
            Troubles troubles,
            PullConfig config,
            PullListener listener) {
        this.relay = relay;
        this.grants = grants;
        this.heads = heads;
        this.bodies = bodies;
        this.lookahead = lookahead;
        this.standing = standing;
        this.lastKnown = lastKnown;
        this.troubles = troubles;
        this.config = config;
        this.listener = listener;
    }

    void answer(RegistryCall.Manifest call, Exchange exchange)
            throws RegistryException, EngineGoneException, InterruptedException {
        Asker asker = asker(call, exchange);
        switch (call.reference()) {
            case Reference.ByDigest(Digest digest) when !digest.isSha256() -> passOn(call, exchange);
            case Reference.ByDigest(Digest digest)
            when !exchange.head() && grants.hasManifest(asker, digest) -> {
                if (!give(call, exchange, asker, digest, List.of(), USUAL)) {
                    passOn(call, exchange);
                }
            }
            case Reference.ByDigest _, Reference.ByTag _ -> ask(call, exchange, asker);
        }
    }

    private void ask(RegistryCall.Manifest call, Exchange exchange, Asker asker)
            throws RegistryException, EngineGoneException, InterruptedException {
        UpstreamName upstream = asker.upstream();
        if (troubles.has(upstream) && giveLastKnown(call, exchange, asker)) {
            return;
        }
        CompletableFuture<Head> asked = heads.ask(call, exchange);
        Optional<Head> soon = await(asked, exchange, config.grant());
        if (soon.isEmpty() && giveLastKnown(call, exchange, asker)) {
            troubles.late(upstream);
            return;
        }
        Optional<Head> head =
                soon.isPresent() ? soon : await(asked, exchange, config.answer().minus(exchange.elapsed()));
        head.ifPresent(said -> troubles.learn(upstream, said));
        if ((head.isEmpty() || head.get().isTrouble()) && giveLastKnown(call, exchange, asker)) {
            return;
        }
        if (head.isEmpty()) {
            passOn(call, exchange);
            return;
        }
        switch (head.get()) {
            case Head.Found found when fits(call, found) -> found(call, exchange, asker, found);
            // It doesn't say all that an engine needs to hear: the manifest itself does.
            case Head.Other other when other.status() == OK -> passOn(call, exchange, HttpMethod.GET);
            case Head.Other(int status, List<Map.Entry<String, String>> headers) -> {
                refused(call, asker, status);
                if (TOLD_BY_HEAD.contains(status) || (exchange.head() && status < 500)) {
                    relay.refuse(refusal(status, headers), call, exchange);
                } else {
                    passOn(call, exchange);
                }
            }
            case Head.Found _, Head.Unreachable _ -> passOn(call, exchange);
        }
    }

    private Optional<Head> await(CompletableFuture<Head> asked, Exchange exchange, Duration most)
            throws EngineGoneException, InterruptedException {
        try {
            return exchange.<Optional<Head>, ExecutionException>whileConnected(() -> {
                try {
                    return Optional.of(asked.get(Math.max(0, most.toMillis()), TimeUnit.MILLISECONDS));
                } catch (TimeoutException e) {
                    return Optional.empty();
                }
            });
        } catch (ExecutionException e) {
            throw new IllegalStateException("a question is answered normally", e.getCause());
        }
    }

    private static boolean fits(RegistryCall.Manifest call, Head.Found found) {
        return found.length() <= Manifest.LARGEST
                && switch (call.reference()) {
                    case Reference.ByDigest(Digest wanted) -> wanted.equals(found.digest());
                    case Reference.ByTag _ -> true;
                };
    }

    private void found(RegistryCall.Manifest call, Exchange exchange, Asker asker, Head.Found found)
            throws RegistryException, EngineGoneException, InterruptedException {
        standing.given(asker);
        grants.learnOf(asker, found.digest());
        lastKnown.tag(call, exchange, found);
        if (exchange.head()) {
            List<Map.Entry<String, String>> headers = Headers.endToEnd(found.headers(), call);
            if (Headers.isHeld(exchange, found.digest())) {
                exchange.reply(304, Headers.without(headers, "Content-Length"));
            } else {
                exchange.reply(OK, headers);
            }
        } else if (!give(call, exchange, asker, found.digest(), found.headers(), (int) found.length())) {
            passOn(call, exchange);
        }
    }

    private void refused(RegistryCall.Manifest call, Asker asker, int status) {
        switch (status) {
            case 401, 403 -> standing.refused(asker);
            case 404 -> lastKnown.forgetTag(call);
            default -> {
                // It says nothing about who asks, or of what.
            }
        }
    }

    /** An answer to a HEAD has no words: these are put in their place. */
    private static UpstreamRefusal refusal(int status, List<Map.Entry<String, String>> headers) {
        List<Map.Entry<String, String>> kept =
                new ArrayList<>(Headers.without(headers, "Content-Length", "Content-Type", "ETag"));
        kept.add(Map.entry("Content-Type", RegistryError.MEDIA_TYPE));
        return new UpstreamRefusal(
                status, kept, RegistryError.refusedBlob(status).body());
    }

    /** Gives what the upstream gave before, if this engine may have it; false if not, or if it isn't here any more. */
    private boolean giveLastKnown(RegistryCall.Manifest call, Exchange exchange, Asker asker)
            throws RegistryException, EngineGoneException, InterruptedException {
        Optional<LastKnown.Tag> tag = lastKnown.tag(call, exchange);
        Optional<Digest> known = switch (call.reference()) {
            case Reference.ByDigest(Digest digest) -> Optional.of(digest);
            case Reference.ByTag _ -> tag.map(LastKnown.Tag::digest);
        };
        if (known.isEmpty() || !standing.vouchesFor(asker, known.get())) {
            return false;
        }
        List<Map.Entry<String, String>> headers = new ArrayList<>();
        tag.ifPresent(last -> {
            headers.add(Map.entry("Content-Type", last.mediaType()));
            headers.add(LastKnown.warning(asker.upstream(), last.said()));
        });
        return give(call, exchange, asker, known.get(), headers, USUAL);
    }

    /**
     * Gives the manifest of this digest; false if it can't be had without passing the request on.
     *
     * @param headers what the upstream says of it, as far as it has said anything
     */
    private boolean give(
            RegistryCall.Manifest call,
            Exchange exchange,
            Asker asker,
            Digest digest,
            List<Map.Entry<String, String>> headers,
            int length)
            throws RegistryException, EngineGoneException, InterruptedException {
        int units = length / UNIT + 1;
        takeRoom(units, exchange);
        try {
            Optional<byte[]> read = bodies.read(asker, digest, exchange);
            if (read.isEmpty()) {
                return false;
            }
            byte[] body = read.get();
            List<Map.Entry<String, String>> reply =
                    new ArrayList<>(Headers.without(Headers.endToEnd(headers, call), "Content-Length"));
            addUnsaid(reply, "Docker-Distribution-Api-Version", "registry/2.0");
            addUnsaid(reply, "Docker-Content-Digest", digest.toString());
            addUnsaid(reply, "ETag", '"' + digest.toString() + '"');
            addUnsaid(reply, "Content-Type", Manifest.mediaType(body));
            learn(body, digest, asker);
            exchange.source("manifest:store");
            if (Headers.isHeld(exchange, digest)) {
                exchange.reply(304, reply);
            } else if (exchange.head()) {
                reply.add(Map.entry("Content-Length", Integer.toString(body.length)));
                exchange.reply(OK, reply);
            } else {
                exchange.reply(OK, reply, body);
            }
            return true;
        } catch (ManifestException e) {
            return false;
        } finally {
            room.release(units);
        }
    }

    private static void addUnsaid(List<Map.Entry<String, String>> headers, String name, String value) {
        if (headers.stream().noneMatch(header -> header.getKey().equalsIgnoreCase(name))) {
            headers.add(Map.entry(name, value));
        }
    }

    private void takeRoom(int units, Exchange exchange)
            throws RegistryException, EngineGoneException, InterruptedException {
        if (!exchange.whileConnected(() -> room.tryAcquire(units, PATIENCE_SECONDS, TimeUnit.SECONDS))) {
            throw new RegistryException(RegistryError.unavailable(503, "too many manifests at once"));
        }
    }

    private void passOn(RegistryCall.Manifest call, Exchange exchange)
            throws RegistryException, EngineGoneException, InterruptedException {
        passOn(call, exchange, exchange.head() ? HttpMethod.HEAD : HttpMethod.GET);
    }

    private void passOn(RegistryCall.Manifest call, Exchange exchange, HttpMethod method)
            throws RegistryException, EngineGoneException, InterruptedException {
        try (RegistryResponse response = relay.ask(call, exchange, KIND, method, exchange.headers())) {
            OptionalLong said = response.encoded() ? OptionalLong.empty() : response.contentLength();
            long length = said.orElse(Manifest.LARGEST);
            if (method.equals(HttpMethod.HEAD) || response.status() != OK || length > Manifest.LARGEST) {
                refused(call, asker(call, exchange), response.status());
                relay.pass(response, call, exchange, _ -> {});
                return;
            }
            int units = (int) (length / UNIT) + 1;
            takeRoom(units, exchange);
            try {
                buffer(response, call, exchange);
            } finally {
                room.release(units);
            }
        }
    }

    private static Asker asker(RegistryCall.Manifest call, Exchange exchange) {
        return new Asker(call.route().upstream(), call.repository(), exchange.authorization());
    }

    private void buffer(RegistryResponse response, RegistryCall.Manifest call, Exchange exchange)
            throws RegistryException, EngineGoneException, InterruptedException {
        var bytes = new ByteArrayOutputStream();
        try {
            for (ByteBuffer next = relay.next(response, exchange);
                    next.hasRemaining();
                    next = relay.next(response, exchange)) {
                byte[] part = new byte[next.remaining()];
                next.get(part);
                bytes.writeBytes(part);
                if (bytes.size() > Manifest.LARGEST) {
                    stream(bytes.toByteArray(), response, call, exchange);
                    return;
                }
            }
        } catch (UpstreamException e) {
            throw relay.unavailable(call, e);
        }
        reply(plain(bytes.toByteArray(), response, call), response, call, exchange);
    }

    /** The bytes that the digest is of, also where someone compressed them who was not asked to. */
    private byte[] plain(byte[] bytes, RegistryResponse response, RegistryCall.Manifest call) throws RegistryException {
        boolean asked = call.reference() instanceof Reference.ByDigest(Digest wanted)
                && wanted.isSha256()
                && Digest.sha256(bytes).equals(wanted);
        if (asked || !isCompressed(response)) {
            return bytes;
        }
        try (var in = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
            byte[] plain = in.readNBytes(Manifest.LARGEST + 1);
            if (plain.length > Manifest.LARGEST) {
                throw new IOException("it is larger than " + Manifest.LARGEST + " bytes");
            }
            return plain;
        } catch (IOException e) {
            listener.failed("manifest_compressed");
            throw new RegistryException(RegistryError.unavailable(
                    502,
                    "%s sent a compressed manifest that can't be unpacked: %s"
                            .formatted(call.route().upstream(), e.getMessage())));
        }
    }

    private static boolean isCompressed(RegistryResponse response) {
        return "gzip".equalsIgnoreCase(response.headers().get(HttpHeaders.CONTENT_ENCODING));
    }

    /** It is larger than anything an engine takes for a manifest. */
    private void stream(byte[] start, RegistryResponse response, RegistryCall.Manifest call, Exchange exchange)
            throws EngineGoneException, InterruptedException {
        List<Map.Entry<String, String>> headers = Headers.endToEnd(response.headers(), call);
        if (exchange.head()) {
            exchange.reply(OK, headers);
            return;
        }
        try (ReplyBody body = exchange.begin(OK, headers, OptionalLong.empty())) {
            body.send(Unpooled.wrappedBuffer(start));
            relay.pump(response, exchange, body, _ -> {});
        }
    }

    private void reply(byte[] bytes, RegistryResponse response, RegistryCall.Manifest call, Exchange exchange)
            throws RegistryException, EngineGoneException {
        String mediaType = response.headers().get(HttpHeaders.CONTENT_TYPE);
        if (call.reference() instanceof Reference.ByDigest(Digest wanted)
                && wanted.isSha256()
                && !signedApart(mediaType)) {
            Digest got = Digest.sha256(bytes);
            if (!got.equals(wanted)) {
                listener.failed("manifest_mismatch");
                throw new RegistryException(RegistryError.unavailable(
                        502,
                        "%s sent another manifest than asked for: wanted %s, got %s"
                                .formatted(call.route().upstream(), wanted, got)));
            }
        }
        List<Map.Entry<String, String>> reply =
                new ArrayList<>(Headers.without(Headers.endToEnd(response.headers(), call), "Content-Length"));
        if (isCompressed(response)) {
            reply.removeIf(header -> header.getKey().equalsIgnoreCase("Content-Encoding"));
        }
        if (!signedApart(mediaType)) {
            Asker asker = asker(call, exchange);
            Digest digest = Digest.sha256(bytes);
            standing.given(asker);
            grants.learnOf(asker, digest);
            learn(bytes, digest, asker);
            addUnsaid(reply, "Docker-Content-Digest", digest.toString());
        }
        if (exchange.head()) {
            reply.add(Map.entry("Content-Length", Integer.toString(bytes.length)));
        }
        exchange.reply(OK, reply, bytes);
    }

    /** The digest of a manifest of Docker's first schema leaves out its signatures. */
    static boolean signedApart(@Nullable String mediaType) {
        if (mediaType == null) {
            return false;
        }
        String lower = mediaType.toLowerCase(Locale.ROOT);
        return lower.contains("prettyjws") || lower.startsWith("text/plain");
    }

    private void learn(byte[] bytes, Digest digest, Asker asker) {
        try {
            Manifest manifest = Manifest.parse(bytes);
            grants.learn(asker, digest, manifest);
            lookahead.ifPresent(has -> has.learn(asker, digest, manifest));
            standing.holds(asker.upstream(), asker.repository(), digest, manifest);
        } catch (ManifestException e) {
            // Whatever it is, the engine gets it; its blobs are asked for one by one.
        }
    }
}
