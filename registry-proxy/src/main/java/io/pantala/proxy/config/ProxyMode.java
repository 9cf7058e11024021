package io.pantala.proxy.config;

import io.pantala.proxy.intercept.HostPattern;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * How engines are served that use this as their proxy.
 *
 * @param authority who signs what they are shown in the place of registries; empty: one that is made here
 * @param tunnel hosts that are never intercepted
 */
public record ProxyMode(Optional<Authority> authority, List<HostPattern> tunnel) {
    public static final ProxyMode DEFAULT = new ProxyMode(Optional.empty(), List.of());

    /**
     * An authority that was made elsewhere.
     *
     * @param certificate PEM
     * @param key PEM
     */
    public record Authority(Path certificate, Path key) {}

    public ProxyMode {
        tunnel = List.copyOf(tunnel);
    }

    static ProxyMode read(Settings settings) {
        Optional<Setting> certificate = settings.find(Key.INTERCEPT_CA);
        Optional<Setting> key = settings.find(Key.INTERCEPT_CA_KEY);
        if (certificate.isPresent() != key.isPresent()) {
            Setting lonely = certificate.or(() -> key).orElseThrow();
            throw lonely.wrong(
                    lonely.values().getFirst(),
                    "needs the other one too: " + Key.INTERCEPT_CA.path() + " and " + Key.INTERCEPT_CA_KEY.path());
        }
        return new ProxyMode(
                certificate.map(set -> new Authority(
                        set.parse(ProxyMode::readable), key.orElseThrow().parse(ProxyMode::readable))),
                settings.find(Key.TUNNEL)
                        .map(set -> set.parseEach(HostPattern::parse))
                        .orElse(List.of()));
    }

    private static Path readable(String text) {
        Path file = Path.of(text);
        if (!Files.isReadable(file)) {
            throw new IllegalArgumentException("is no file that can be read");
        }
        return file;
    }
}
