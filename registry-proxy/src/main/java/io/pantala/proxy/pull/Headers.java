package io.pantala.proxy.pull;

import io.pantala.manifest.Digest;
import io.pantala.proxy.http.Exchange;
import io.pantala.proxy.http.RegistryCall;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** Header lists of replies. */
final class Headers {
    private static final Set<String> HOP_BY_HOP = Set.of(
            "connection",
            "keep-alive",
            "proxy-authenticate",
            "proxy-authorization",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade");

    private Headers() {}

    /** What of a response's headers concerns the engine: all but those of the connection it came by. */
    static List<Map.Entry<String, String>> endToEnd(Iterable<Map.Entry<String, String>> headers, RegistryCall call) {
        return endToEnd(headers, own(call));
    }

    /**
     * What of a response's headers concerns the engine, behind some of our own that take the place of those of their
     * names; a list to add to.
     */
    static List<Map.Entry<String, String>> endToEnd(
            Iterable<Map.Entry<String, String>> headers, List<Map.Entry<String, String>> own) {
        Set<String> dropped = new HashSet<>(HOP_BY_HOP);
        for (Map.Entry<String, String> header : headers) {
            if (header.getKey().equalsIgnoreCase("connection")) {
                for (String named : header.getValue().split(",", -1)) {
                    dropped.add(named.strip().toLowerCase(Locale.ROOT));
                }
            }
        }
        List<Map.Entry<String, String>> kept = new ArrayList<>(own);
        own.forEach(header -> dropped.add(header.getKey().toLowerCase(Locale.ROOT)));
        for (Map.Entry<String, String> header : headers) {
            if (!dropped.contains(header.getKey().toLowerCase(Locale.ROOT))) {
                kept.add(Map.entry(header.getKey(), header.getValue()));
            }
        }
        return kept;
    }

    /** What this proxy says itself in a reply to this call; a list to add to. */
    static List<Map.Entry<String, String>> own(RegistryCall call) {
        List<Map.Entry<String, String>> headers = new ArrayList<>();
        String namespace = call.route().namespace();
        if (namespace != null) {
            headers.add(Map.entry("OCI-Namespace", namespace));
        }
        return headers;
    }

    /** These without those of a name. */
    static List<Map.Entry<String, String>> without(List<Map.Entry<String, String>> headers, String... names) {
        return headers.stream()
                .filter(header -> Stream.of(names).noneMatch(header.getKey()::equalsIgnoreCase))
                .toList();
    }

    /** Whether the engine has said that it holds this content already (RFC 9110, 13.1.2). */
    static boolean isHeld(Exchange exchange, Digest digest) {
        String ifNoneMatch = exchange.header("If-None-Match");
        if (ifNoneMatch == null) {
            return false;
        }
        String etag = '"' + digest.toString() + '"';
        for (String tag : ifNoneMatch.split(",", -1)) {
            String bare = tag.strip();
            if (bare.equals("*") || (bare.startsWith("W/") ? bare.substring(2) : bare).equals(etag)) {
                return true;
            }
        }
        return false;
    }
}
