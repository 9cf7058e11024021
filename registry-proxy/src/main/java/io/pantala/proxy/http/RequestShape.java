package io.pantala.proxy.http;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.vertx.core.MultiMap;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Requests that are none, or that someone else on their way could read as other requests than this proxy does. */
final class RequestShape {
    private RequestShape() {}

    /** What is said of a request that can't be read. */
    static RegistryError error(@Nullable Throwable why) {
        return switch (why) {
            case TooLongHttpLineException _ ->
                new RegistryError(414, "UNSUPPORTED", "the request line is too long for a registry's");
            case TooLongHttpHeaderException _ ->
                new RegistryError(431, "UNSUPPORTED", "the request's headers are too long");
            case null, default -> new RegistryError(400, "UNSUPPORTED", "this is no HTTP request");
        };
    }

    /** What about a request's headers others could understand in another way; what is no HTTP has been refused before. */
    static Optional<String> ambiguity(MultiMap headers) {
        if (headers.contains("")) {
            return Optional.of("a header must have a name");
        }
        if (headers.getAll(HttpHeaderNames.HOST).size() > 1) {
            return Optional.of("a request is for one host");
        }
        List<String> encodings = headers.getAll(HttpHeaderNames.TRANSFER_ENCODING);
        boolean plain = encodings.isEmpty()
                || (encodings.size() == 1 && HttpHeaderValues.CHUNKED.contentEqualsIgnoreCase(encodings.getFirst()));
        return plain ? Optional.empty() : Optional.of("no transfer encoding but chunked is understood");
    }
}
