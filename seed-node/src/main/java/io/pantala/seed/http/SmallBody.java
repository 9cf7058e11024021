package io.pantala.seed.http;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.Locale;
import java.util.function.Consumer;

/** Takes a request's body of JSON, of bounded size and within bounded time. */
public final class SmallBody {
    private static final long WITHIN_MILLIS = 10_000;

    private SmallBody() {}

    /**
     * Receives it, or answers what is wrong with it.
     *
     * @param largest bytes
     * @param received called on the event loop once it is whole
     */
    public static void receive(Vertx vertx, HttpServerRequest request, int largest, Consumer<byte[]> received) {
        HttpServerResponse response = request.response();
        String type = request.getHeader(HttpHeaders.CONTENT_TYPE);
        // No form or script of a foreign web page can send this type without asking first.
        if (type == null || !type.toLowerCase(Locale.ROOT).startsWith("application/json")) {
            Problem.refuse(response, 415, "the body must be application/json");
            return;
        }
        Buffer body = Buffer.buffer();
        long deadline = vertx.setTimer(
                WITHIN_MILLIS, timer -> Problem.refuse(response, 408, "the body did not come within 10 s"));
        request.exceptionHandler(cut -> vertx.cancelTimer(deadline));
        request.handler(bytes -> {
            if (body.length() + bytes.length() <= largest) {
                body.appendBuffer(bytes);
            } else if (!response.ended()) {
                vertx.cancelTimer(deadline);
                Problem.refuse(response, 413, "the body is larger than " + largest + " bytes");
            }
        });
        request.endHandler(end -> {
            vertx.cancelTimer(deadline);
            if (!response.ended()) {
                received.accept(body.getBytes());
            }
        });
    }
}
