package io.pantala.proxy.config;

import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.http.Access;
import io.pantala.proxy.http.Users;
import io.pantala.transport.NodeAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a host's proxy is told.
 *
 * @param listen where engines connect
 * @param links to its cluster, if it is one of any
 * @param access who may use it
 * @param serveStale whether engines are given what an upstream said last while it doesn't answer
 * @param lookahead whether layers are fetched ahead
 * @param defaultUpstream what a request means that names no registry; one of the upstreams
 */
public record HostConfig(
        NodeAddress listen,
        LinksConfig links,
        UpstreamName defaultUpstream,
        ProxyMode proxyMode,
        Access access,
        boolean serveStale,
        boolean lookahead,
        NodeConfig node) {
    static final int PORT = 6460;

    public HostConfig {
        if (node.upstreams().find(defaultUpstream).isEmpty()) {
            throw new IllegalArgumentException("the default upstream " + defaultUpstream + " is none of the upstreams");
        }
    }

    /** With plain links to seeds on this machine, or alone without any; a proxy for engines in the usual way. */
    public HostConfig(NodeAddress listen, List<NodeAddress> seeds, UpstreamName defaultUpstream, NodeConfig node) {
        this(listen, LinksConfig.local(seeds), defaultUpstream, ProxyMode.DEFAULT, Access.open(), true, true, node);
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
                LinksConfig.read(settings),
                settings.get(Key.DEFAULT_UPSTREAM).parse(text -> Registries.oneOf(node.upstreams(), text)),
                ProxyMode.read(settings),
                access(settings),
                settings.get(Key.SERVE_STALE).parse(Truth::parse),
                settings.get(Key.LOOKAHEAD).parse(Truth::parse),
                node);
    }

    /**
     * What must be known as well by whoever is to judge a running proxy, by the names of keys. Nothing of it is secret, and
     * nothing of it depends on how it was written.
     */
    public SortedMap<String, String> essentials() {
        SortedMap<String, String> said = new TreeMap<>();
        said.put(Key.LISTEN.path(), listen.toString());
        said.put(
                Key.SEEDS.path(),
                String.join(
                        ",",
                        links.seeds().stream()
                                .map(NodeAddress::toString)
                                .sorted()
                                .toList()));
        said.put(
                Key.DATA_DIR.path(),
                node.directory().toAbsolutePath().normalize().toString());
        said.put(Key.DEFAULT_UPSTREAM.path(), defaultUpstream.value());
        for (UpstreamName name : node.upstreams().names()) {
            said.put(
                    Key.UPSTREAM_URL.pathFor(name.value()),
                    node.upstreams().find(name).orElseThrow().url().toString());
        }
        said.put(
                Key.INTERCEPT_CA.path(),
                proxyMode
                        .authority()
                        .map(supplied -> supplied.certificate()
                                .toAbsolutePath()
                                .normalize()
                                .toString())
                        .orElse(""));
        return said;
    }

    private static Access access(Settings settings) {
        return new Access(
                settings.find(Key.ACCESS_CIDRS)
                        .map(set -> set.parseEach(Access::network))
                        .orElse(List.of()),
                settings.find(Key.ACCESS_BASIC).map(set -> set.parse(text -> Users.read(Path.of(text)))));
    }
}
