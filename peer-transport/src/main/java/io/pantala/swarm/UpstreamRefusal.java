package io.pantala.swarm;

import java.util.List;
import java.util.Map;

/**
 * A registry's own answer to a request that it did not grant, to be relayed as it is.
 *
 * @param status the HTTP status, 300 or above
 * @param headers in order, repeated ones apart, without hop-by-hop ones
 * @param body at most 64 KiB of it
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record UpstreamRefusal(int status, List<Map.Entry<String, String>> headers, byte[] body) {
    public UpstreamRefusal {
        headers = List.copyOf(headers);
    }
}
