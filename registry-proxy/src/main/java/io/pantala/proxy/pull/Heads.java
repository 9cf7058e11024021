package io.pantala.proxy.pull;

import io.pantala.manifest.Digest;
import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.http.Exchange;
import io.pantala.proxy.http.RegistryCall;
import io.pantala.registry.RegistryClient;
import io.pantala.registry.RegistryRequest;
import io.pantala.registry.RegistryResponse;
import io.pantala.registry.UpstreamException;
import io.pantala.swarm.Authorization;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/**
 * Asks upstreams what a tag stands for, always anew: but those who ask the same, as the same, while the upstream is being
 * asked, get the one answer.
 */
final class Heads {
    private static final String KIND = "manifest";
    private static final int OK = 200;

    /** What the answer may depend on. */
    private static final List<String> SAID_ON = List.of("accept", "user-agent");

    private final RegistryClient registry;
    private final Duration most;
    private final ConcurrentMap<Question, CompletableFuture<Head>> asked = new ConcurrentHashMap<>();

    private record Question(UpstreamName upstream, String target, Authorization authorization, List<String> accepted) {}

    /** @param most how long an upstream may take; who waits may be less patient */
    Heads(RegistryClient registry, Duration most) {
        this.registry = registry;
        this.most = most;
    }

    /** Completes normally, always; nobody's leaving ends it for another. */
    CompletableFuture<Head> ask(RegistryCall.Manifest call, Exchange exchange) {
        List<Map.Entry<String, String>> headers = exchange.headers().stream()
                .filter(header -> SAID_ON.contains(header.getKey().toLowerCase(Locale.ROOT)))
                .toList();
        var question = new Question(
                call.route().upstream(),
                call.target(),
                exchange.authorization(),
                headers.stream()
                        .filter(header -> header.getKey().equalsIgnoreCase("accept"))
                        .map(Map.Entry::getValue)
                        .sorted()
                        .toList());
        return asked.computeIfAbsent(question, _ -> {
            var answer = new CompletableFuture<Head>();
            Thread.ofVirtual().name("head").start(() -> {
                Head head = ask(question, headers);
                // From here on the upstream is asked anew.
                asked.remove(question, answer);
                answer.complete(head);
            });
            return answer;
        });
    }

    /** Something was pushed there: what is being asked now may be answered with what was before. */
    void forget(UpstreamName upstream) {
        asked.keySet().removeIf(question -> question.upstream.equals(upstream));
    }

    private Head ask(Question question, List<Map.Entry<String, String>> headers) {
        var request = new RegistryRequest(
                question.upstream, HttpMethod.HEAD, question.target, headers, question.authorization, KIND);
        try (RegistryResponse response = registry.send(request, most)) {
            return read(response);
        } catch (UpstreamException e) {
            return new Head.Unreachable(e);
        } catch (RuntimeException e) {
            return new Head.Unreachable(new UpstreamException(
                    UpstreamException.Kind.PROTOCOL, "no answer that makes sense: " + e.getMessage(), e));
        }
    }

    private static Head read(RegistryResponse response) {
        List<Map.Entry<String, String>> headers = Headers.endToEnd(response.headers(), List.of());
        Optional<Digest> digest = digest(response.headers().get("Docker-Content-Digest"));
        String mediaType = response.headers().get(HttpHeaders.CONTENT_TYPE);
        String length = response.headers().get(HttpHeaders.CONTENT_LENGTH);
        boolean usable = response.status() == OK
                && digest.isPresent()
                && mediaType != null
                && !ManifestPull.signedApart(mediaType)
                && !response.encoded()
                && length != null
                && length.matches("[0-9]{1,9}");
        return usable
                ? new Head.Found(digest.get(), mediaType, Long.parseLong(length), headers)
                : new Head.Other(response.status(), headers);
    }

    private static Optional<Digest> digest(@Nullable String text) {
        if (text == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(Digest.parse(text)).filter(Digest::isSha256);
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
