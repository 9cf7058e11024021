package io.pantala.seed.backfill;

import io.pantala.registry.RegistryResponse;
import io.pantala.registry.UpstreamException;
import io.pantala.swarm.UpstreamRefusal;
import io.vertx.core.http.HttpHeaders;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a registry's answer to a request for a range of a blob comes to. */
sealed interface Reply {
    Pattern CONTENT_RANGE = Pattern.compile("bytes (?<from>[0-9]{1,18})-(?<last>[0-9]{1,18})/(?<size>[0-9]{1,18})");
    Set<Integer> PASSING = Set.of(408, 425, 429, 500, 502, 503, 504);
    Set<String> NOT_RELAYED = Set.of(
            "connection",
            "keep-alive",
            "proxy-authenticate",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "content-length");
    int LARGEST_REFUSAL = 64 << 10;
    String RETRY_AFTER = "Retry-After";

    /**
     * Bytes {@code from} to before {@code to} of a blob of {@code size}.
     *
     * @param whole whether it is all of the blob, whatever was asked for
     */
    record Bytes(RegistryResponse response, long from, long to, long size, boolean whole) implements Reply {}

    /** All of the blob, of a length that its end will tell. */
    record Unsized(RegistryResponse response) implements Reply {}

    /**
     * A no.
     *
     * @param retryAfter how long the registry asks to be left alone; zero if it doesn't say
     * @param byStorage whether it comes from where the registry redirects to, of a URL that may just have expired
     */
    record Refused(UpstreamRefusal refusal, Duration retryAfter, boolean byStorage) implements Reply {
        /** Whether the same request may be granted a little later. */
        boolean passing() {
            return byStorage || PASSING.contains(refusal.status());
        }

        /** The same, told when only so much of the time is left. */
        Refused with(Duration left) {
            List<Map.Entry<String, String>> headers = new ArrayList<>(refusal.headers());
            headers.removeIf(header -> header.getKey().equalsIgnoreCase(RETRY_AFTER));
            headers.add(
                    Map.entry(RETRY_AFTER, Long.toString(left.plusMillis(999).toSeconds())));
            return new Refused(new UpstreamRefusal(refusal.status(), headers, refusal.body()), left, byStorage);
        }

        /** Whether the registry wants fewer requests. */
        boolean tooMuch() {
            return refusal.status() == 429 || refusal.status() == 503;
        }
    }

    /** An answer that does not fit the question. */
    record Unusable(String why) implements Reply {}

    /** No answer. */
    record Failed(UpstreamException why) implements Reply {}

    /**
     * Reads the answer to a request for bytes {@code from} to before {@code to}.
     *
     * @param ranged whether a range was asked for at all
     */
    static Reply of(RegistryResponse response, long from, long to, boolean ranged, Duration idle, Instant now) {
        return switch (response.status()) {
            case 200 -> whole(response);
            case 206 -> ranged ? part(response, from, to) : unusable(response, "206 to a request for the whole");
            case 416 -> {
                boolean empty =
                        from == 0 && "bytes */0".equals(response.headers().get(HttpHeaders.CONTENT_RANGE));
                yield empty ? new Bytes(response, 0, 0, 0, true) : unusable(response, "416 to a range that exists");
            }
            default ->
                response.status() >= 300 ? refused(response, idle, now) : unusable(response, "" + response.status());
        };
    }

    private static Reply whole(RegistryResponse response) {
        OptionalLong length = response.contentLength();
        return length.isEmpty() || response.encoded()
                ? new Unsized(response)
                : new Bytes(response, 0, length.getAsLong(), length.getAsLong(), true);
    }

    private static Reply part(RegistryResponse response, long from, long to) {
        String header = response.headers().get(HttpHeaders.CONTENT_RANGE);
        Matcher range = CONTENT_RANGE.matcher(header == null ? "" : header);
        if (!range.matches() || response.encoded()) {
            return unusable(response, "206 with the range \"" + header + "\"");
        }
        long first = Long.parseLong(range.group("from"));
        long end = Long.parseLong(range.group("last")) + 1;
        long size = Long.parseLong(range.group("size"));
        boolean fits = first == from
                && end > first
                && end <= Math.min(to, size)
                && response.contentLength().orElse(end - first) == end - first;
        return fits
                ? new Bytes(response, first, end, size, false)
                : unusable(response, "206 with the range \"" + header + "\" when asked for " + from + "-" + (to - 1));
    }

    private static Reply refused(RegistryResponse response, Duration idle, Instant now) {
        byte[] body;
        try (response) {
            body = response.readAll(LARGEST_REFUSAL, idle);
        } catch (UpstreamException _) {
            // The status says enough.
            body = new byte[0];
        }
        List<Map.Entry<String, String>> headers = new ArrayList<>();
        for (Map.Entry<String, String> header : response.headers()) {
            if (!NOT_RELAYED.contains(header.getKey().toLowerCase(Locale.ROOT))) {
                headers.add(Map.entry(header.getKey(), header.getValue()));
            }
        }
        return new Refused(
                new UpstreamRefusal(response.status(), headers, body),
                retryAfter(response.headers().get(RETRY_AFTER), now),
                response.redirected());
    }

    /** Seconds, or a date (RFC 9110, 10.2.3). */
    static Duration retryAfter(@Nullable String header, Instant now) {
        if (header == null) {
            return Duration.ZERO;
        }
        try {
            if (header.strip().matches("[0-9]{1,9}")) {
                return Duration.ofSeconds(Long.parseLong(header.strip()));
            }
            Instant then = ZonedDateTime.parse(header.strip(), DateTimeFormatter.RFC_1123_DATE_TIME)
                    .toInstant();
            return then.isAfter(now) ? Duration.between(now, then) : Duration.ZERO;
        } catch (DateTimeParseException _) {
            return Duration.ZERO;
        }
    }

    private static Reply unusable(RegistryResponse response, String why) {
        response.close();
        return new Unusable("the registry answered " + why);
    }
}
