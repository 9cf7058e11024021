package io.pantala.registry;

import io.pantala.manifest.UpstreamName;
import java.time.Duration;

/**
 * What goes on between this process and the registries. Called on any thread, event loops included: quick and
 * non-blocking.
 */
public interface RegistryListener {
    /** One that isn't interested. */
    RegistryListener NONE = new RegistryListener() {};

    /** A response's headers came, those of a redirect too. */
    default void responded(UpstreamName upstream, String kind, int status, Duration took) {}

    /** A request got no response, or its body ended early. */
    default void failed(UpstreamName upstream, String kind, UpstreamException.Kind error) {}

    /** Bytes of a blob's body came. */
    default void received(UpstreamName upstream, long bytes) {}
}
