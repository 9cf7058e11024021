package io.pantala.seed.http;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;

/** An answer that says what is wrong (RFC 9457). */
public final class Problem {
    private Problem() {}

    /**
     * Answers.
     *
     * @param detail a sentence for people
     */
    public static void answer(HttpServerResponse response, int status, String detail) {
        response.setStatusCode(status)
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/problem+json")
                .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                .end(JsonNodeFactory.instance
                        .objectNode()
                        .put("title", HttpResponseStatus.valueOf(status).reasonPhrase())
                        .put("status", status)
                        .put("detail", detail)
                        .toString());
    }

    /** The same where a part of the request is unread: nothing more can be said on this connection. */
    public static void refuse(HttpServerResponse response, int status, String detail) {
        response.putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
        answer(response, status, detail);
    }
}
