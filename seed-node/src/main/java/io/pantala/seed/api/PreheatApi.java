package io.pantala.seed.api;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.pantala.seed.preheat.PreheatStatus;
import io.pantala.seed.preheat.Preheats;
import io.pantala.seed.preheat.Submission;
import io.pantala.swarm.Authorization;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import java.util.List;
import java.util.Locale;
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
    private static final long BODY_WITHIN_MILLIS = 10_000;
    private static final String RETRY_AFTER_SECONDS = "60";

    private final Vertx vertx;
    private final Preheats preheats;

    public PreheatApi(Vertx vertx, Preheats preheats) {
        this.vertx = vertx;
        this.preheats = preheats;
    }

    /** Mounts all below {@code /api/}. */
    public void mount(Router router) {
        router.route("/api/*").handler(context -> handle(context.request()));
    }

    private void handle(HttpServerRequest request) {
        String path = request.path() == null ? "" : request.path();
        if (path.equals(PREHEATS)) {
            all(request);
        } else if (path.startsWith(PREHEATS + "/")) {
            one(request, path.substring(PREHEATS.length() + 1));
        } else {
            problem(request.response(), 404, "there is nothing at this path");
        }
    }

    private void all(HttpServerRequest request) {
        switch (request.method().name()) {
            case "GET" -> answer(request.response(), 200, PreheatDocuments.write(preheats.list()));
            case "POST" -> receive(request);
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

    /** Takes the body, of bounded size and within bounded time. */
    private void receive(HttpServerRequest request) {
        HttpServerResponse response = request.response();
        String type = request.getHeader(HttpHeaders.CONTENT_TYPE);
        // No form or script of a foreign web page can send this type without asking first.
        if (type == null || !type.toLowerCase(Locale.ROOT).startsWith("application/json")) {
            refuse(response, 415, "the body must be application/json");
            return;
        }
        Buffer body = Buffer.buffer();
        long deadline =
                vertx.setTimer(BODY_WITHIN_MILLIS, timer -> refuse(response, 408, "the body did not come within 10 s"));
        request.exceptionHandler(cut -> vertx.cancelTimer(deadline));
        request.handler(bytes -> {
            if (body.length() + bytes.length() <= LARGEST_BODY) {
                body.appendBuffer(bytes);
            } else if (!response.ended()) {
                vertx.cancelTimer(deadline);
                refuse(response, 413, "the body is larger than " + LARGEST_BODY + " bytes");
            }
        });
        request.endHandler(end -> {
            vertx.cancelTimer(deadline);
            if (!response.ended()) {
                submit(request, body.getBytes());
            }
        });
    }

    private void submit(HttpServerRequest request, byte[] body) {
        HttpServerResponse response = request.response();
        String credentials = request.getHeader(CREDENTIALS);
        if (credentials != null && !CREDENTIAL.matcher(credentials).matches()) {
            problem(response, 400, CREDENTIALS + " must read 'Basic …' or 'Bearer …'");
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
                    problem(
                            response,
                            403,
                            unknown.upstream() + " is not a registry this seed may ask: upstreams." + unknown.upstream()
                                    + ".url in its settings would allow it");
                case Submission.Full full -> {
                    response.putHeader(HttpHeaders.RETRY_AFTER, RETRY_AFTER_SECONDS);
                    problem(
                            response,
                            429,
                            full.unfinished() + " preheats are unfinished, which is as many as are taken");
                }
            }
        } catch (BadRequestException e) {
            problem(response, 400, e.reason());
        }
    }

    private static void answer(HttpServerResponse response, Optional<PreheatStatus> preheat) {
        if (preheat.isPresent()) {
            answer(response, 200, PreheatDocuments.write(preheat.get()));
        } else {
            problem(response, 404, "there is no such preheat; those that ended are forgotten after a day");
        }
    }

    private static void answer(HttpServerResponse response, int status, ObjectNode document) {
        end(response, status, "application/json", document);
    }

    private static void notAllowed(HttpServerResponse response, HttpMethod... allowed) {
        String names = String.join(
                ", ", List.of(allowed).stream().map(HttpMethod::name).toList());
        response.putHeader(HttpHeaders.ALLOW, names);
        problem(response, 405, "here one can only " + names);
    }

    /** A problem that leaves a part of the request unread: nothing more can be said on this connection. */
    private static void refuse(HttpServerResponse response, int status, String detail) {
        response.putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
        problem(response, status, detail);
    }

    private static void problem(HttpServerResponse response, int status, String detail) {
        end(
                response,
                status,
                "application/problem+json",
                JsonNodeFactory.instance
                        .objectNode()
                        .put("title", HttpResponseStatus.valueOf(status).reasonPhrase())
                        .put("status", status)
                        .put("detail", detail));
    }

    private static void end(HttpServerResponse response, int status, String type, ObjectNode document) {
        response.setStatusCode(status)
                .putHeader(HttpHeaders.CONTENT_TYPE, type)
                .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                .end(document.toString());
    }
}
