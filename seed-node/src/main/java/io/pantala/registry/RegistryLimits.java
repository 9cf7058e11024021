package io.pantala.registry;

import io.pantala.manifest.UpstreamName;
import io.pantala.transport.RateLimit;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** How fast bytes may come from registries: from each of them, and from all together. */
public final class RegistryLimits {
    /** As fast as they come. */
    public static final RegistryLimits NONE = new RegistryLimits(Long.MAX_VALUE, RateLimit.NONE);

    private final long each;
    private final RateLimit all;
    private final Map<UpstreamName, RateLimit> byUpstream = new ConcurrentHashMap<>();

    /**
     * Both.
     *
     * @param each bytes per second of one registry, wherever it redirects to
     * @param all of all of them, and of whatever else shares this
     */
    public RegistryLimits(long each, RateLimit all) {
        this.each = each;
        this.all = all;
    }

    /** Bytes have come: waits before more are read. */
    void pay(UpstreamName upstream, int bytes) {
        byUpstream.computeIfAbsent(upstream, _ -> RateLimit.of(each)).pay(bytes);
        all.pay(bytes);
    }
}
