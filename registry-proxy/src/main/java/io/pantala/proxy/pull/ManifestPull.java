package io.pantala.proxy.pull;

import io.netty.buffer.Unpooled;
import io.pantala.manifest.Digest;
import io.pantala.manifest.Manifest;
import io.pantala.manifest.ManifestException;
import io.pantala.manifest.Reference;
import io.pantala.proxy.grant.Asker;
import io.pantala.proxy.grant.Grants;
import io.pantala.proxy.http.EngineGoneException;
import io.pantala.proxy.http.Exchange;
import io.pantala.proxy.http.RegistryCall;
import io.pantala.proxy.http.RegistryError;
import io.pantala.proxy.http.RegistryException;
import io.pantala.proxy.http.ReplyBody;
import io.pantala.registry.RegistryResponse;
import io.pantala.registry.UpstreamException;
import io.vertx.core.http.HttpHeaders;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Passes manifests on, unchanged. One that was asked for by its digest is held back unless its bytes are the digest's;
 * what it lists is noted as readable by whom it was given to.
 */
final class ManifestPull {
    private static final String KIND = "manifest";
    private static final int OK = 200;
    private static final int UNIT = 1 << 10;

    /** All manifests that are held in memory at once, in units of 1 KiB. */
    private static final int ROOM = 24 << 10;

    private static final long PATIENCE_SECONDS = 20;

    private final Relay relay;
    private final Grants grants;
    private final PullListener listener;
    private final Semaphore room = new Semaphore(ROOM, true);

    ManifestPull(Relay relay, Grants grants, PullListener listener) {
        this.relay = relay;
        this.grants = grants;
        this.listener = listener;
    }

    void answer(RegistryCall.Manifest call, Exchange exchange)
            throws RegistryException, EngineGoneException, InterruptedException {
        try (RegistryResponse response = relay.ask(call, exchange, KIND)) {
            long length = response.contentLength().orElse(Manifest.LARGEST);
            if (exchange.head() || response.status() != OK || length > Manifest.LARGEST) {
                relay.pass(response, call, exchange, _ -> {});
                return;
            }
            int units = (int) (length / UNIT) + 1;
            if (!exchange.whileConnected(() -> room.tryAcquire(units, PATIENCE_SECONDS, TimeUnit.SECONDS))) {
                throw new RegistryException(RegistryError.unavailable(503, "too many manifests at once"));
            }
            try {
                buffer(response, call, exchange);
            } finally {
                room.release(units);
            }
        }
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
        reply(bytes.toByteArray(), response, call, exchange);
    }

    /** It is larger than anything an engine takes for a manifest. */
    private void stream(byte[] start, RegistryResponse response, RegistryCall.Manifest call, Exchange exchange)
            throws EngineGoneException, InterruptedException {
        List<Map.Entry<String, String>> headers = Headers.endToEnd(response.headers(), call);
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
        learn(bytes, call, exchange);
        exchange.reply(OK, Headers.without(Headers.endToEnd(response.headers(), call), "Content-Length"), bytes);
    }

    /** The digest of a manifest of Docker's first schema leaves out its signatures. */
    private static boolean signedApart(@Nullable String mediaType) {
        if (mediaType == null) {
            return false;
        }
        String lower = mediaType.toLowerCase(Locale.ROOT);
        return lower.contains("prettyjws") || lower.startsWith("text/plain");
    }

    private void learn(byte[] bytes, RegistryCall.Manifest call, Exchange exchange) {
        try {
            grants.learn(
                    new Asker(call.route().upstream(), call.repository(), exchange.authorization()),
                    Manifest.parse(bytes));
        } catch (ManifestException e) {
            // Whatever it is, the engine gets it; its blobs are asked for one by one.
        }
    }
}
