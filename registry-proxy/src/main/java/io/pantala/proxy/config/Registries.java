package io.pantala.proxy.config;

import io.pantala.manifest.UpstreamName;
import io.pantala.registry.Upstream;
import io.pantala.registry.Upstreams;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Reads which registries may be dialled. */
final class Registries {
    private Registries() {}

    static Upstreams upstreams(Settings settings) {
        Map<UpstreamName, Setting> urls = byName(settings.perUpstream(Key.UPSTREAM_URL));
        Map<UpstreamName, Setting> cas = byName(settings.perUpstream(Key.UPSTREAM_CA));
        Upstreams wellKnown = new Upstreams(Upstreams.WELL_KNOWN);
        List<Upstream> configured = new ArrayList<>();
        urls.forEach((name, url) -> configured.add(
                url.parse(text -> new Upstream(name, uri(text), ca(Optional.ofNullable(cas.get(name)))))));
        cas.forEach((name, ca) -> {
            if (!urls.containsKey(name)) {
                URI url = wellKnown
                        .find(name)
                        .orElseThrow(() -> ca.wrong(
                                ca.values().getFirst(), "needs a url too: " + Key.UPSTREAM_URL.pathFor(name.value())))
                        .url();
                configured.add(new Upstream(name, url, ca(Optional.of(ca))));
            }
        });
        return Upstreams.wellKnownAnd(configured);
    }

    static UpstreamName oneOf(Upstreams upstreams, String text) {
        UpstreamName name = UpstreamName.parse(text);
        if (upstreams.find(name).isEmpty()) {
            throw new IllegalArgumentException("is no upstream; add " + Key.UPSTREAM_URL.pathFor(name.value())
                    + " or name one of " + upstreams.names());
        }
        return name;
    }

    private static Map<UpstreamName, Setting> byName(Map<String, Setting> settings) {
        Map<UpstreamName, Setting> found = new TreeMap<>();
        settings.forEach((name, setting) -> {
            UpstreamName parsed = parseName(name, setting);
            Setting before = found.putIfAbsent(parsed, setting);
            if (before != null) {
                throw new ConfigException(setting.path() + " (" + setting.origin() + "): the same registry as "
                        + before.path() + " (" + before.origin() + ")");
            }
        });
        return found;
    }

    private static UpstreamName parseName(String name, Setting setting) {
        try {
            return UpstreamName.parse(name);
        } catch (IllegalArgumentException e) {
            throw new ConfigException(setting.path() + " (" + setting.origin() + "): " + e.getMessage());
        }
    }

    private static URI uri(String text) {
        URI uri;
        try {
            uri = URI.create(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("must read https://host[:port] or http://host[:port]", e);
        }
        return uri;
    }

    private static Optional<Path> ca(Optional<Setting> setting) {
        return setting.map(set -> set.parse(text -> {
            Path file = Path.of(text);
            if (!Files.isReadable(file)) {
                throw new IllegalArgumentException("is no file that can be read");
            }
            return file;
        }));
    }
}
