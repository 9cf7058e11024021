package io.pantala.proxy.grant;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pantala.swarm.Authorization;
import java.io.IOException;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * When a token says itself that it ends. Tokens are opaque, and nobody has checked this one's signature: so it may shorten
 * what its registry has granted, and nothing else that it says is read.
 */
final class TokenEnd {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** A JSON Web Token (RFC 7519): a header, claims and a signature. */
    private static final Pattern TOKEN = Pattern.compile("(?i:bearer) +[^. ]+\\.([A-Za-z0-9_-]+)=*\\.[^. ]*");

    private TokenEnd() {}

    /** Empty where it says nothing that can be understood. */
    static Optional<Instant> of(Authorization authorization) {
        if (authorization.header() == null) {
            return Optional.empty();
        }
        Matcher token = TOKEN.matcher(authorization.header());
        if (!token.matches()) {
            return Optional.empty();
        }
        try {
            JsonNode end =
                    JSON.readTree(Base64.getUrlDecoder().decode(token.group(1))).path("exp");
            return end.isNumber() && end.canConvertToLong()
                    ? Optional.of(Instant.ofEpochSecond(
                            Math.clamp(end.asLong(), Instant.MIN.getEpochSecond(), Instant.MAX.getEpochSecond())))
                    : Optional.empty();
        } catch (IOException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
