package io.pantala.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.cloud.tools.jib.api.Containerizer;
import com.google.cloud.tools.jib.api.RegistryImage;
import com.google.cloud.tools.jib.api.TarImage;
import io.pantala.manifest.Digest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** jib-core in this process, with a registry mirror. */
final class Jib implements Engine {
    private final Path directory;
    private final String mirror;
    private int pulls;

    private Jib(Path directory, String mirror) {
        this.directory = directory;
        this.mirror = mirror;
    }

    /**
     * @param mirror {@code host:port}
     */
    static Jib configure(Path directory, String mirror) {
        return new Jib(directory, mirror);
    }

    @Override
    public void pull(TestImage image) throws Exception {
        Path cache = directory.resolve("cache" + pulls++);
        com.google.cloud.tools.jib.api.Jib.from(RegistryImage.named(image.name()))
                .containerize(Containerizer.to(
                                TarImage.at(directory.resolve("image.tar")).named("probe"))
                        .setBaseImageLayersCache(cache)
                        .setApplicationLayersCache(directory.resolve("application"))
                        .setAllowInsecureRegistries(true)
                        .addRegistryMirrors("registry-1.docker.io", List.of(mirror)));
        for (Map.Entry<Digest, Long> layer : image.amd64().layers().entrySet()) {
            Path entry = cache.resolve("layers").resolve(layer.getKey().encoded());
            try (Stream<Path> files = Files.list(entry)) {
                assertThat(Digest.sha256(Files.readAllBytes(files.findFirst().orElseThrow())))
                        .isEqualTo(layer.getKey());
            }
        }
    }

    @Override
    public void forget(TestImage image) throws IOException {
        // Each pull has a cache of its own.
    }

    @Override
    public void close() {}
}
