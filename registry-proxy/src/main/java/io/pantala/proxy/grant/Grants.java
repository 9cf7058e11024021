package io.pantala.proxy.grant;

import com.github.benmanes.caffeine.cache.AsyncCache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import io.pantala.manifest.Descriptor;
import io.pantala.manifest.Digest;
import io.pantala.manifest.Manifest;
import io.pantala.proxy.http.RegistryError;
import io.pantala.registry.RegistryClient;
import io.pantala.registry.RegistryRequest;
import io.pantala.registry.RegistryResponse;
import io.pantala.registry.UpstreamException;
import io.pantala.swarm.UpstreamRefusal;
import io.vertx.core.http.HttpMethod;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Knows who may read which blob: the word of the upstream itself, per credential, repository and blob, remembered for a
 * minute at most, and not beyond the end of a token that says when that is. A yes is either the upstream's answer for this
 * very blob, or a manifest which it gave to this credential from this repository and which lists the blob.
 */
public final class Grants {
    private static final Duration YES = Duration.ofSeconds(60);
    private static final Duration NO = Duration.ofSeconds(5);

    /** How long an upstream may take for each of its answers; nobody waits for all of them. */
    private static final Duration MOST = Duration.ofSeconds(20);

    /** What else a manifest lists is asked for one by one. */
    public static final int MOST_BLOBS_OF_A_MANIFEST = 2_000;

    private static final int MOST_WEIGHT = 100_000;
    private static final int WEIGHT_OF_REFUSAL = 10;

    /** Registries that know blobs by GET alone answer a HEAD like this, public.ecr.aws with 401. */
    private static final Set<Integer> HEAD_MAY_BE_BROKEN = Set.of(400, 401, 405, 501);

    /** What can be relayed but belongs to the body of another answer. */
    private static final Set<String> OF_THE_BODY = Set.of(
            "connection",
            "keep-alive",
            "transfer-encoding",
            "content-length",
            "content-type",
            "content-encoding",
            "etag");

    /** What a repository gives as the one it may not give as the other. */
    private static final String BLOB = "blob";

    private static final String MANIFEST = "manifest";
    private static final Verdict GRANTED = new Verdict.Granted();

    private final RegistryClient registry;
    private final Ticker ticker;
    private final InstantSource clock;
    private final VerdictKey.Maker keys = new VerdictKey.Maker();
    private final AsyncCache<VerdictKey, Known> verdicts;
    private final AtomicLong pushes = new AtomicLong();

    /**
     * A verdict, and how long it is one.
     *
     * @param until by the ticker, in nanoseconds
     * @param pushes how many there had been when the upstream was asked
     */
    private record Known(Verdict verdict, long until, long pushes) {}

    /** @param clock shows when tokens end */
    public Grants(RegistryClient registry, InstantSource clock) {
        this(registry, Ticker.systemTicker(), clock);
    }

    /** With a clock of its own for verdicts, too. */
    public Grants(RegistryClient registry, Ticker ticker, InstantSource clock) {
        this.registry = registry;
        this.ticker = ticker;
        this.clock = clock;
        this.verdicts = Caffeine.newBuilder()
                .maximumWeight(MOST_WEIGHT)
                .<VerdictKey, Known>weigher(
                        (_, known) -> known.verdict instanceof Verdict.Granted ? 1 : WEIGHT_OF_REFUSAL)
                .expireAfterWrite(YES)
                .ticker(ticker)
                .executor(task -> Thread.ofVirtual().name("grant").start(task))
                .buildAsync();
    }

    /**
     * Whether this asker may read this blob. Askers who ask the same while the upstream is being asked share its answer;
     * one that stops waiting ends it for nobody else. Completes normally, always, and within the bounds of the registry
     * client.
     */
    public CompletableFuture<Verdict> check(Asker asker, Digest blob) {
        VerdictKey key = keys.make(asker, BLOB, blob);
        CompletableFuture<Known> last = verdicts.getIfPresent(key);
        if (last != null && last.isDone() && isOver(last.join())) {
            verdicts.asMap().remove(key, last);
        }
        return verdicts.get(
                        key,
                        (_, executor) -> CompletableFuture.supplyAsync(
                                () -> {
                                    long before = pushes.get();
                                    return known(asker, ask(asker, blob), before);
                                },
                                executor))
                .thenApply(Known::verdict);
    }

    /** Whether the upstream has just given this manifest, or said that it would, to this asker. */
    public boolean hasManifest(Asker asker, Digest manifest) {
        return given(asker, manifest).isPresent();
    }

    private Optional<Known> given(Asker asker, Digest manifest) {
        return Optional.ofNullable(verdicts.getIfPresent(keys.make(asker, MANIFEST, manifest)))
                .filter(CompletableFuture::isDone)
                .map(CompletableFuture::join)
                .filter(known -> !isOver(known));
    }

    /** The upstream gives this manifest to this asker. */
    public void learnOf(Asker asker, Digest manifest) {
        verdicts.synchronous().put(keys.make(asker, MANIFEST, manifest), known(asker, GRANTED, pushes.get()));
    }

    /** What a manifest lists is granted with it, and not a moment longer, however often it is given from here. */
    public void learn(Asker asker, Digest digest, Manifest manifest) {
        Optional<Known> given = given(asker, digest);
        if (given.isPresent() && manifest instanceof Manifest.Image image) {
            image.blobs().stream()
                    .filter(Grants::isInRepository)
                    .limit(MOST_BLOBS_OF_A_MANIFEST)
                    .forEach(blob -> verdicts.synchronous().put(keys.make(asker, BLOB, blob.digest()), given.get()));
        }
    }

    /** Something was pushed through here: what was not there may be there now. */
    public void pushed() {
        pushes.incrementAndGet();
    }

    /** The upstream has refused what it was thought to grant. */
    public void forget(Asker asker, Digest blob) {
        verdicts.synchronous().invalidate(keys.make(asker, BLOB, blob));
    }

    /**
     * Registries check that they hold what a manifest lists, but for layers to be had elsewhere: those anyone who may
     * push could list, so that they say nothing about access.
     */
    public static boolean isInRepository(Descriptor blob) {
        String mediaType = blob.mediaType().toLowerCase(Locale.ROOT);
        return blob.urls().isEmpty()
                && !mediaType.contains("foreign")
                && !mediaType.contains("nondistributable")
                && blob.digest().isSha256();
    }

    private boolean isOver(Known known) {
        boolean outdated = known.verdict instanceof Verdict.Refused && known.pushes != pushes.get();
        return outdated || known.until - ticker.read() <= 0;
    }

    private Known known(Asker asker, Verdict verdict, long pushes) {
        return new Known(verdict, ticker.read() + lifetime(asker, verdict).toNanos(), pushes);
    }

    private Duration lifetime(Asker asker, Verdict verdict) {
        return switch (verdict) {
            case Verdict.Granted _ ->
                TokenEnd.of(asker.authorization())
                        .map(end -> Duration.between(clock.instant(), end))
                        .filter(left -> left.compareTo(YES) < 0)
                        .map(left -> left.isNegative() ? Duration.ZERO : left)
                        .orElse(YES);
            case Verdict.Refused(UpstreamRefusal refusal) ->
                switch (refusal.status()) {
                    case 401, 403, 404 -> NO;
                    default -> Duration.ZERO;
                };
            case Verdict.Unreachable _ -> Duration.ZERO;
        };
    }

    private Verdict ask(Asker asker, Digest blob) {
        try {
            try (RegistryResponse head =
                    registry.sendUnfollowed(request(asker, blob, HttpMethod.HEAD, List.of()), MOST)) {
                if (grants(head.status())) {
                    return GRANTED;
                }
                if (!HEAD_MAY_BE_BROKEN.contains(head.status()) && !redirects(head.status())) {
                    return refused(head);
                }
            }
            return askByGet(asker, blob);
        } catch (UpstreamException e) {
            return new Verdict.Unreachable(e);
        }
    }

    private Verdict askByGet(Asker asker, Digest blob) throws UpstreamException {
        RegistryRequest firstByte = request(asker, blob, HttpMethod.GET, List.of(Map.entry("Range", "bytes=0-0")));
        try (RegistryResponse get = registry.sendUnfollowed(firstByte, MOST)) {
            if (grants(get.status()) || isEmpty(get, blob)) {
                return GRANTED;
            }
            if (!redirects(get.status())) {
                return refused(get);
            }
        }
        // Other redirects may as well lead to a page to log in at: only a part of the blob itself is a yes.
        try (RegistryResponse followed = registry.send(firstByte, MOST)) {
            return followed.status() == 206 || isEmpty(followed, blob) ? GRANTED : refused(followed);
        }
    }

    /** A blob of no byte has no first one either (RFC 9110, section 15.5.17). */
    private static boolean isEmpty(RegistryResponse response, Digest blob) {
        return response.status() == 416
                && blob.equals(Digest.EMPTY_SHA256)
                && "bytes */0".equals(response.headers().get("Content-Range"));
    }

    private static boolean grants(int status) {
        return status == 200 || status == 206 || status == 307;
    }

    private static boolean redirects(int status) {
        return status == 301 || status == 302 || status == 303 || status == 308;
    }

    private static RegistryRequest request(
            Asker asker, Digest blob, HttpMethod method, List<Map.Entry<String, String>> headers) {
        String target = "/v2/" + asker.repository() + "/blobs/" + blob;
        return new RegistryRequest(
                asker.upstream(), method, target, headers, asker.authorization(), RegistryRequest.BLOB);
    }

    /** An answer to a HEAD has no words, and one to a GET of a byte not the right ones: these are put in its place. */
    private static Verdict refused(RegistryResponse response) {
        int status = response.status() >= 400 ? response.status() : 502;
        List<Map.Entry<String, String>> headers = new ArrayList<>();
        for (Map.Entry<String, String> header : response.headers()) {
            if (!OF_THE_BODY.contains(header.getKey().toLowerCase(Locale.ROOT))) {
                headers.add(Map.entry(header.getKey(), header.getValue()));
            }
        }
        headers.add(Map.entry("Content-Type", RegistryError.MEDIA_TYPE));
        byte[] body = RegistryError.refusedBlob(status).body();
        return new Verdict.Refused(new UpstreamRefusal(status, headers, body));
    }
}
