package io.pantala.proxy.pull;

import com.github.benmanes.caffeine.cache.Ticker;
import io.pantala.manifest.UpstreamName;
import io.pantala.registry.UpstreamException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Which upstreams are not to be asked for a while, since they have just failed or have asked for that: as far as there is
 * another answer. Who has no other asks them all the same.
 */
final class Troubles {
    private static final Duration FAILED = Duration.ofSeconds(10);
    private static final Duration LONGEST = Duration.ofMinutes(5);

    private final Ticker ticker;
    private final ConcurrentMap<UpstreamName, Long> until = new ConcurrentHashMap<>();

    Troubles(Ticker ticker) {
        this.ticker = ticker;
    }

    boolean has(UpstreamName upstream) {
        Long end = until.get(upstream);
        return end != null && end - ticker.read() > 0;
    }

    /** Learns from an answer, or from none. */
    void learn(UpstreamName upstream, Head head) {
        switch (head) {
            case Head.Unreachable(UpstreamException why)
            when why.kind() != UpstreamException.Kind.INTERRUPTED -> begin(upstream, FAILED);
            case Head.Other(int status, List<Map.Entry<String, String>> headers)
            when status == 429 || status == 503 -> begin(upstream, retryAfter(headers));
            case Head.Other _, Head.Found _, Head.Unreachable _ -> {
                if (!head.isTrouble()) {
                    until.remove(upstream);
                }
            }
        }
    }

    /** It has not answered while someone waited who has another answer. */
    void late(UpstreamName upstream) {
        begin(upstream, FAILED);
    }

    private void begin(UpstreamName upstream, Duration length) {
        until.merge(upstream, ticker.read() + length.toNanos(), (one, other) -> one - other > 0 ? one : other);
    }

    private static Duration retryAfter(List<Map.Entry<String, String>> headers) {
        return headers.stream()
                .filter(header -> header.getKey().equalsIgnoreCase("retry-after"))
                .map(Map.Entry::getValue)
                .filter(value -> value.matches("[0-9]{1,6}"))
                .map(value -> Duration.ofSeconds(Long.parseLong(value)))
                .map(asked -> asked.compareTo(LONGEST) < 0 ? asked : LONGEST)
                .findFirst()
                .orElse(FAILED);
    }
}
