package io.pantala.seed.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pantala.seed.http.Problem;
import io.pantala.seed.http.Routes;
import io.pantala.seed.http.SmallBody;
import io.pantala.seed.preheat.PreheatStatus;
import io.pantala.seed.preheat.Preheats;
import io.pantala.seed.preheat.Submission;
import io.pantala.swarm.Authorization;
import io.pantala.transport.link.Access;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What a seed answers below {@code /api/}: preheats are asked for, watched and stopped. Errors are problem documents
 * (RFC 9457). {@code docs/api.md} describes it.
 */
public final class PreheatApi {
    private static final String PREHEATS = "/api/v1/preheats";
    private static final String CREDENTIALS = "X-Registry-Authorization";
    private static final Pattern CREDENTIAL = Pattern.compile("(?i:Basic|Bearer) [\\x21-\\x7e]{1,32768}");
    private static final int LARGEST_BODY = 64 << 10;
    private static final String RETRY_AFTER_SECONDS = "60";

    private final Vertx vertx;
    private final Preheats preheats;

    public PreheatApi(Vertx vertx, Preheats preheats) {
        this.vertx = vertx;
        this.preheats = preheats;
    }

    /** Mounts all of it. */
    public void mount(Routes routes) {
        routes.below(PREHEATS, Access.OPERATORS, (request, caller) -> handle(request));
    }

    private void handle(HttpServerRequest request) {
        String path = request.path() == null ? "" : request.path();
        if (path.equals(PREHEATS)) {
            all(request);
        } else if (path.startsWith(PREHEATS + "/")) {
            one(request, path.substring(PREHEATS.length() + 1));
        } else {
            Problem.answer(request.response(), 404, "there is nothing at this path");
        }
    }

    private void all(HttpServerRequest request) {
        switch (request.method().name()) {
            case "GET" -> answer(request.response(), 200, PreheatDocuments.write(preheats.list()));
            case "POST" -> SmallBody.receive(vertx, request, LARGEST_BODY, body -> submit(request, body));
            default -> notAllowed(request.response(), HttpMethod.GET, HttpMethod.POST);
        }
    }

    private void one(HttpServerRequest request, String id) {
        switch (request.method().name()) {
            case "GET" -> answer(request.response(), preheats.find(id));
            case "DELETE" -> answer(request.response(), preheats.cancel(id));
            default -> notAllowed(request.response(), HttpMethod.GET, HttpMethod.DELETE);
        }
    }

    private void submit(HttpServerRequest request, byte[] body) {
        HttpServerResponse response = request.response();
        String credentials = request.getHeader(CREDENTIALS);
        if (credentials != null && !CREDENTIAL.matcher(credentials).matches()) {
            Problem.answer(response, 400, CREDENTIALS + " must read 'Basic …' or 'Bearer …'");
            return;
        }
        try {
            switch (preheats.submit(PreheatDocuments.read(body, Authorization.of(credentials)))) {
                case Submission.Accepted accepted -> {
                    response.putHeader(
                            HttpHeaders.LOCATION,
                            PREHEATS + "/" + accepted.preheat().id());
                    answer(response, 202, PreheatDocuments.write(accepted.preheat()));
                }
                case Submission.UnknownUpstream unknown ->
                    Problem.answer(
                            response,
                            403,
                            unknown.upstream() + " is not a registry this seed may ask: upstreams." + unknown.upstream()
                                    + ".url in its settings would allow it");
                case Submission.Full full -> {
                    response.putHeader(HttpHeaders.RETRY_AFTER, RETRY_AFTER_SECONDS);
                    Problem.answer(
                            response,
                            429,
                            full.unfinished() + " preheats are unfinished, which is as many as are taken");
                }
            }
        } catch (BadRequestException e) {
            Problem.answer(response, 400, e.reason());
        }
    }

    private static void answer(HttpServerResponse response, Optional<PreheatStatus> preheat) {
        if (preheat.isPresent()) {
            answer(response, 200, PreheatDocuments.write(preheat.get()));
        } else {
            Problem.answer(response, 404, "there is no such preheat; those that ended are forgotten after a day");
        }
    }

    private static void answer(HttpServerResponse response, int status, ObjectNode document) {
        response.setStatusCode(status)
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                .end(document.toString());
    }

    private static void notAllowed(HttpServerResponse response, HttpMethod... allowed) {
        String names = String.join(
                ", ", List.of(allowed).stream().map(HttpMethod::name).toList());
        response.putHeader(HttpHeaders.ALLOW, names);
        Problem.answer(response, 405, "here one can only " + names);
    }
}
