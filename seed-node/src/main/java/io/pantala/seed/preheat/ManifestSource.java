package io.pantala.seed.preheat;

import io.pantala.manifest.Digest;
import io.pantala.manifest.Manifest;
import io.pantala.manifest.ManifestException;
import io.pantala.manifest.Reference;
import io.pantala.manifest.RepositoryName;
import io.pantala.manifest.UpstreamName;
import io.pantala.registry.RegistryClient;
import io.pantala.registry.RegistryRequest;
import io.pantala.registry.RegistryResponse;
import io.pantala.registry.TokenAnswer;
import io.pantala.registry.TokenExchange;
import io.pantala.registry.UpstreamException;
import io.pantala.swarm.Authorization;
import io.vertx.core.http.HttpMethod;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Reads manifests from one registry with one party's credentials. Blocks, on a virtual thread. */
final class ManifestSource {
    private static final List<Map.Entry<String, String>> ACCEPT = List.of(
            Map.entry("Accept", "application/vnd.oci.image.index.v1+json"),
            Map.entry("Accept", "application/vnd.docker.distribution.manifest.list.v2+json"),
            Map.entry("Accept", "application/vnd.oci.image.manifest.v1+json"),
            Map.entry("Accept", "application/vnd.docker.distribution.manifest.v2+json"));
    private static final Duration BODY_IDLE = Duration.ofSeconds(30);
    private static final int TRIES = 4;

    private final RegistryClient registry;
    private final UpstreamName upstream;
    private final TokenExchange credentials;
    private final Duration retryPause;

    ManifestSource(RegistryClient registry, UpstreamName upstream, TokenExchange credentials, Duration retryPause) {
        this.registry = registry;
        this.upstream = upstream;
        this.credentials = credentials;
        this.retryPause = retryPause;
    }

    /** A manifest, and the digest of its bytes. */
    record Read(Digest digest, Manifest manifest) {}

    /** What came of asking once. */
    private sealed interface Answer {
        @SuppressWarnings("ArrayRecordComponent")
        record Body(byte[] bytes, String digestHeader) implements Answer {}

        record Challenged(String challenge) implements Answer {}

        /** It may go better later. */
        record Busy(String reason) implements Answer {}
    }

    Read read(RepositoryName repository, Reference reference) throws PreheatException, InterruptedException {
        Duration pause = retryPause;
        for (int tries = 1; ; tries++) {
            switch (askWithCredentials(repository, reference)) {
                case Answer.Body body -> {
                    return verified(reference, body);
                }
                case Answer.Challenged challenged ->
                    throw new PreheatException("no access to " + repository + " with these credentials");
                case Answer.Busy busy -> {
                    if (tries == TRIES) {
                        throw new PreheatException(busy.reason());
                    }
                    Thread.sleep(pause);
                    pause = pause.multipliedBy(2);
                }
            }
        }
    }

    private Answer askWithCredentials(RepositoryName repository, Reference reference)
            throws PreheatException, InterruptedException {
        Authorization authorization = credentials.current(repository);
        Answer answer = ask(repository, reference, authorization);
        return answer instanceof Answer.Challenged challenged
                ? ask(repository, reference, answer(repository, authorization, challenged.challenge()))
                : answer;
    }

    private Answer ask(RepositoryName repository, Reference reference, Authorization authorization)
            throws PreheatException, InterruptedException {
        var request = new RegistryRequest(
                upstream,
                HttpMethod.GET,
                "/v2/" + repository + "/manifests/" + reference,
                ACCEPT,
                authorization,
                "manifest");
        try (RegistryResponse response = registry.send(request)) {
            int status = response.status();
            if (status == 200) {
                String digest = response.headers().get("Docker-Content-Digest");
                return new Answer.Body(response.readAll(Manifest.LARGEST + 1, BODY_IDLE), digest == null ? "" : digest);
            }
            if (status == 401) {
                return new Answer.Challenged(
                        String.join(", ", response.headers().getAll("WWW-Authenticate")));
            }
            if (status == 408 || status == 429 || status >= 500) {
                return new Answer.Busy("the registry answered " + status + " for the manifest " + reference);
            }
            throw new PreheatException(
                    switch (status) {
                        case 403 -> "the registry does not allow reading " + repository;
                        case 404 -> "the registry has no manifest " + reference + " in " + repository;
                        default -> "the registry answered " + status + " for the manifest " + reference;
                    });
        } catch (UpstreamException e) {
            if (e.kind() == UpstreamException.Kind.INTERRUPTED) {
                Thread.interrupted();
                throw new InterruptedException();
            }
            return new Answer.Busy("the registry does not answer: " + e.getMessage());
        }
    }

    private Authorization answer(RepositoryName repository, Authorization rejected, String challenge)
            throws PreheatException {
        return switch (credentials.answer(repository, rejected, challenge)) {
            case TokenAnswer.Granted granted -> granted.authorization();
            case TokenAnswer.Refused refused ->
                throw new PreheatException("no access to " + repository + ": " + refused.reason());
        };
    }

    private static Read verified(Reference reference, Answer.Body body) throws PreheatException {
        String wanted = switch (reference) {
            case Reference.ByDigest byDigest -> byDigest.digest().toString();
            case Reference.ByTag byTag -> body.digestHeader();
        };
        Digest digest = Digest.sha256(body.bytes());
        if (!wanted.isEmpty() && !wanted.equals(digest.toString())) {
            throw new PreheatException(
                    "the manifest " + reference + " is not what it is called: wanted " + wanted + ", got " + digest);
        }
        try {
            return new Read(digest, Manifest.parse(body.bytes()));
        } catch (ManifestException e) {
            throw new PreheatException("the manifest " + reference + " can't be read: " + e.getMessage());
        }
    }
}
