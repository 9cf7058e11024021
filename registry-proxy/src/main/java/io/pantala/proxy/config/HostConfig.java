package io.pantala.proxy.config;

import io.pantala.manifest.UpstreamName;
import io.pantala.transport.NodeAddress;
import java.util.List;

/**
 * What a host's proxy is told.
 *
 * @param listen where engines connect
 * @param seeds their control links; empty: this host works alone, with a seed inside
 * @param defaultUpstream what a request means that names no registry; one of the upstreams
 */
public record HostConfig(
        NodeAddress listen,
        List<NodeAddress> seeds,
        UpstreamName defaultUpstream,
        ProxyMode proxyMode,
        NodeConfig node) {
    private static final int PORT = 6460;

    public HostConfig {
        seeds = List.copyOf(seeds);
        if (node.upstreams().find(defaultUpstream).isEmpty()) {
            throw new IllegalArgumentException("the default upstream " + defaultUpstream + " is none of the upstreams");
        }
    }

    /** One that serves engines that use it as their proxy in the usual way. */
    public HostConfig(NodeAddress listen, List<NodeAddress> seeds, UpstreamName defaultUpstream, NodeConfig node) {
        this(listen, seeds, defaultUpstream, ProxyMode.DEFAULT, node);
    }

    /**
     * Reads the settings of a host.
     *
     * @throws ConfigException on the first wrong one
     */
    public static HostConfig read(Settings settings) {
        NodeConfig node = NodeConfig.read(settings);
        return new HostConfig(
                settings.get(Key.LISTEN).parse(text -> Addresses.any(text, PORT)),
                settings.find(Key.SEEDS)
                        .map(seeds -> seeds.parseEach(Addresses::ofSeed))
                        .orElse(List.of()),
                settings.get(Key.DEFAULT_UPSTREAM).parse(text -> Registries.oneOf(node.upstreams(), text)),
                ProxyMode.read(settings),
                node);
    }
}
