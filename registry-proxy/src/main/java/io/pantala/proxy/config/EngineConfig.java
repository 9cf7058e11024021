package io.pantala.proxy.config;

import io.pantala.registry.Upstreams;
import io.pantala.transport.NodeAddress;
import java.nio.file.Path;

/**
 * What of a host's settings matters to its engines.
 *
 * @param listen where they connect
 * @param upstreams the registries that they can be given
 * @param directory the host's own
 */
public record EngineConfig(NodeAddress listen, Upstreams upstreams, Path directory, ProxyMode proxyMode) {
    /**
     * Reads it alone, so that nothing else has to be in order.
     *
     * @throws ConfigException on the first wrong setting
     */
    public static EngineConfig read(Settings settings) {
        return new EngineConfig(
                settings.get(Key.LISTEN).parse(text -> Addresses.any(text, HostConfig.PORT)),
                Registries.upstreams(settings),
                Disk.directory(settings),
                ProxyMode.read(settings));
    }
}
