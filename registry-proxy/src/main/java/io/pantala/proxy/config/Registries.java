package io.pantala.proxy.config;

import io.pantala.manifest.UpstreamName;
import io.pantala.registry.HeldCredential;
import io.pantala.registry.Reach;
import io.pantala.registry.Upstream;
import io.pantala.registry.Upstreams;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Reads which registries may be dialled. */
final class Registries {
    private Registries() {}

    private static final Set<Key> OF_REACH =
            EnumSet.of(Key.UPSTREAM_CA, Key.UPSTREAM_CLIENT_CERT, Key.UPSTREAM_CLIENT_KEY, Key.UPSTREAM_PROXY);

    static Upstreams upstreams(Settings settings) {
        Map<UpstreamName, Setting> urls = byName(settings.perUpstream(Key.UPSTREAM_URL));
        Map<UpstreamName, Map<Key, Setting>> reaches = new TreeMap<>();
        for (Key key : OF_REACH) {
            byName(settings.perUpstream(key))
                    .forEach((name, set) -> reaches.computeIfAbsent(name, _ -> new EnumMap<>(Key.class))
                            .put(key, set));
        }
        List<Upstream> configured = new ArrayList<>();
        urls.forEach((name, url) -> configured.add(url.parse(
                text -> new Upstream(name, uri(text), reach(reaches.getOrDefault(name, Map.of()))))));
        reaches.forEach((name, reach) -> {
            if (!urls.containsKey(name)) {
                URI url = wellKnown(name, reach.values().iterator().next());
                configured.add(new Upstream(name, url, reach(reach)));
            }
        });
        return Upstreams.wellKnownAnd(configured);
    }

    /** What this node has for itself, by the registry that it is for. */
    static Map<UpstreamName, HeldCredential> credentials(Settings settings, Upstreams upstreams) {
        Map<UpstreamName, HeldCredential> held = new TreeMap<>();
        byName(settings.perUpstream(Key.UPSTREAM_CREDENTIALS)).forEach((name, set) -> {
            Upstream upstream = upstreams
                    .find(name)
                    .orElseThrow(() -> set.wrong(
                            set.values().getFirst(), "needs a url too: " + Key.UPSTREAM_URL.pathFor(name.value())));
            held.put(name, set.parse(text -> HeldCredential.read(text, upstream)));
        });
        return held;
    }

    private static URI wellKnown(UpstreamName name, Setting reason) {
        return new Upstreams(Upstreams.WELL_KNOWN)
                .find(name)
                .orElseThrow(() -> reason.wrong(
                        reason.values().getFirst(), "needs a url too: " + Key.UPSTREAM_URL.pathFor(name.value())))
                .url();
    }

    private static Reach reach(Map<Key, Setting> set) {
        Optional<Setting> certificate = Optional.ofNullable(set.get(Key.UPSTREAM_CLIENT_CERT));
        Optional<Setting> key = Optional.ofNullable(set.get(Key.UPSTREAM_CLIENT_KEY));
        if (certificate.isPresent() != key.isPresent()) {
            Setting lonely = certificate.or(() -> key).orElseThrow();
            throw lonely.wrong(lonely.values().getFirst(), "a certificate needs its key, and a key its certificate");
        }
        Optional<Path> ca = Optional.ofNullable(set.get(Key.UPSTREAM_CA)).map(Registries::file);
        Optional<Reach.ClientCertificate> client =
                certificate.map(shown -> new Reach.ClientCertificate(file(shown), file(key.orElseThrow())));
        return Optional.ofNullable(set.get(Key.UPSTREAM_PROXY))
                .map(proxy -> proxy.parse(text -> new Reach(ca, client, Optional.of(uri(text)))))
                .orElseGet(() -> new Reach(ca, client, Optional.empty()));
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

    private static Path file(Setting setting) {
        return setting.parse(text -> {
            Path file = Path.of(text);
            if (!Files.isReadable(file)) {
                throw new IllegalArgumentException("is no file that can be read");
            }
            return file;
        });
    }
}
