package io.pantala.seed.backfill;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.Digest;
import io.pantala.registry.RegistryRequest;
import io.pantala.registry.RegistryResponse;
import io.pantala.registry.UpstreamException;
import io.pantala.swarm.Authorization;
import io.pantala.swarm.FillRequest;
import io.vertx.core.http.HttpMethod;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/** Asks the registry for ranges of one blob, with a newer credential when one has expired. */
final class Asker {
    private static final int NEWER_CREDENTIALS = 3;
    private static final List<Map.Entry<String, String>> OF_BLOBS = List.of(Map.entry("Accept", "*/*"));

    /** A registry gives what the digest is of, but some only if it is among what is said to be understood. */
    private static final List<Map.Entry<String, String>> OF_MANIFESTS = Stream.of(
                    "application/vnd.oci.image.index.v1+json",
                    "application/vnd.oci.image.manifest.v1+json",
                    "application/vnd.docker.distribution.manifest.list.v2+json",
                    "application/vnd.docker.distribution.manifest.v2+json",
                    "*/*")
            .map(type -> Map.entry("Accept", type))
            .toList();

    private final Means means;
    private final BlobKey key;
    private final ReentrantLock renewing = new ReentrantLock();

    /** Guards itself and what follows. */
    private final Set<Thread> waiting = new HashSet<>();

    private boolean over;

    Asker(Means means, BlobKey key) {
        this.means = means;
        this.key = key;
    }

    /**
     * Asks for bytes {@code from} to before {@code to}.
     *
     * @param ranged false to ask for the whole blob
     */
    Reply ask(FillRequest speaker, long from, long to, boolean ranged) {
        Authorization authorization = speaker.credentials().current();
        for (int renewed = 0; ; renewed++) {
            Reply reply = askOnce(speaker, authorization, from, to, ranged);
            if (renewed < NEWER_CREDENTIALS
                    && reply instanceof Reply.Refused refused
                    && refused.refusal().status() == 401
                    && !refused.byStorage()) {
                Optional<Authorization> newer = newerThan(authorization, speaker, challenge(refused));
                if (newer.isPresent()) {
                    authorization = newer.get();
                    continue;
                }
            }
            return reply;
        }
    }

    private Reply askOnce(FillRequest speaker, Authorization authorization, long from, long to, boolean ranged) {
        boolean manifest = speaker.content() == FillRequest.Content.MANIFEST;
        Optional<Reply.Refused> told = means.cooldowns().of(key.upstream(), authorization, speaker.content());
        if (told.isPresent()) {
            return told.get();
        }
        List<Map.Entry<String, String>> headers = new ArrayList<>(manifest ? OF_MANIFESTS : OF_BLOBS);
        if (ranged && !manifest) {
            headers.add(Map.entry("Range", "bytes=" + from + "-" + (to - 1)));
        }
        String target = "/v2/" + speaker.repository() + (manifest ? "/manifests/" : "/blobs/") + key.digest();
        String kind = manifest ? "manifest" : RegistryRequest.BLOB;
        try {
            RegistryResponse response =
                    send(new RegistryRequest(key.upstream(), HttpMethod.GET, target, headers, authorization, kind));
            Reply reply = Reply.of(response, from, to, ranged, means.config().idle(), Instant.now());
            if (reply instanceof Reply.Bytes bytes
                    && bytes.size() == 0
                    && !key.digest().equals(Digest.EMPTY_SHA256)) {
                response.close();
                return new Reply.Unusable("the registry sent nothing in place of what it was asked for");
            }
            if (reply instanceof Reply.Refused refused) {
                means.cooldowns().told(key.upstream(), authorization, speaker.content(), refused);
            }
            return reply;
        } catch (UpstreamException e) {
            return new Reply.Failed(e);
        }
    }

    /** Nobody waits for the head of an answer any more, from now on. On any thread. */
    void end() {
        synchronized (waiting) {
            over = true;
            waiting.forEach(Thread::interrupt);
        }
    }

    private RegistryResponse send(RegistryRequest request) throws UpstreamException {
        synchronized (waiting) {
            if (over) {
                throw new UpstreamException(UpstreamException.Kind.INTERRUPTED, "the backfill ends");
            }
            waiting.add(Thread.currentThread());
        }
        try {
            return means.registry().send(request);
        } finally {
            synchronized (waiting) {
                waiting.remove(Thread.currentThread());
                if (over) {
                    // The interrupt was meant for this wait alone, and may have come just after it.
                    var _ = Thread.interrupted();
                }
            }
        }
    }

    /** One of several transfers that are rejected at once asks for the newer credential; the others find it there. */
    private Optional<Authorization> newerThan(Authorization rejected, FillRequest speaker, String challenge) {
        renewing.lock();
        try {
            Authorization current = speaker.credentials().current();
            return current.equals(rejected)
                    ? speaker.credentials().newerThan(rejected, challenge)
                    : Optional.of(current);
        } finally {
            renewing.unlock();
        }
    }

    private static String challenge(Reply.Refused refused) {
        return refused.refusal().headers().stream()
                .filter(header -> "WWW-Authenticate".equalsIgnoreCase(header.getKey()))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse("");
    }
}
