package io.pantala.registry;

import io.pantala.manifest.UpstreamName;
import java.net.URI;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The registries that may be dialled, by name. Nothing else ever is, but for where these redirect to. */
public final class Upstreams {
    /** The large public registries, each at its own name; Docker Hub where it really is. */
    public static final List<Upstream> WELL_KNOWN = Stream.concat(
                    Stream.of(new Upstream(UpstreamName.DOCKER_HUB, URI.create("https://registry-1.docker.io"))),
                    Stream.of(
                                    "ghcr.io",
                                    "quay.io",
                                    "gcr.io",
                                    "us.gcr.io",
                                    "eu.gcr.io",
                                    "asia.gcr.io",
                                    "registry.k8s.io",
                                    "public.ecr.aws",
                                    "mcr.microsoft.com",
                                    "nvcr.io",
                                    "registry.gitlab.com",
                                    "registry.access.redhat.com",
                                    "registry.redhat.io",
                                    "docker.elastic.co",
                                    "registry.suse.com",
                                    "lscr.io",
                                    "cgr.dev")
                            .map(host -> new Upstream(UpstreamName.parse(host), URI.create("https://" + host))))
            .toList();

    private final Map<UpstreamName, Upstream> byName;

    /** Exactly these; of several with one name the last. */
    public Upstreams(Collection<Upstream> upstreams) {
        this.byName = upstreams.stream()
                .collect(Collectors.toMap(Upstream::name, upstream -> upstream, (_, last) -> last, LinkedHashMap::new));
    }

    /** The well-known ones, and these, which win over them. */
    public static Upstreams wellKnownAnd(Collection<Upstream> configured) {
        return new Upstreams(
                Stream.concat(WELL_KNOWN.stream(), configured.stream()).toList());
    }

    public Optional<Upstream> find(UpstreamName name) {
        return Optional.ofNullable(byName.get(name));
    }

    /**
     * The one that is meant by a host and port: by its name, or because it is there.
     *
     * @param tls whether it is spoken to over TLS there
     */
    public Optional<Upstream> at(String host, int port, boolean tls) {
        Optional<Upstream> named = named(host, port, tls);
        return named.isPresent()
                ? named
                : byName.values().stream()
                        .filter(upstream -> Location.of(upstream.url(), "/")
                                .sameOrigin(new Location(tls, host.toLowerCase(Locale.ROOT), port, "/")))
                        .findFirst();
    }

    private Optional<Upstream> named(String host, int port, boolean tls) {
        String bare = host.contains(":") ? "[" + host + "]" : host;
        try {
            return find(UpstreamName.parse(port == (tls ? 443 : 80) ? bare : bare + ":" + port));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** Their names, in order. */
    public SortedSet<UpstreamName> names() {
        return new TreeSet<>(byName.keySet());
    }
}
