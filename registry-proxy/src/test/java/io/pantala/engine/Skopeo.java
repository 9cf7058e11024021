package io.pantala.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.manifest.Digest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** skopeo, for podman and CRI-O: it pulls by the same library. */
final class Skopeo implements Engine {
    private final Path directory;
    private final Path config;
    private final RefusingProxy elsewhere;
    private int pulls;

    private Skopeo(Path directory, Path config, RefusingProxy elsewhere) {
        this.directory = directory;
        this.config = config;
        this.elsewhere = elsewhere;
    }

    /**
     * @param mirror {@code host:port[/prefix]}
     */
    static Skopeo configure(Path directory, String mirror, RefusingProxy elsewhere) throws IOException {
        Programs.find("skopeo");
        Path config = directory.resolve("registries.conf");
        Files.writeString(config, """
                [[registry]]
                prefix = "docker.io"
                location = "docker.io"
                [[registry.mirror]]
                location = "%s"
                insecure = true
                """.formatted(mirror));
        return new Skopeo(directory, config, elsewhere);
    }

    @Override
    public void pull(TestImage image) throws IOException {
        Path copy = directory.resolve("copy" + pulls++);
        Command.run(
                        elsewhere.environment(),
                        List.of(
                                Programs.find("skopeo"),
                                "--insecure-policy",
                                "--registries-conf",
                                config.toString(),
                                "--override-os",
                                "linux",
                                "--override-arch",
                                "amd64",
                                "copy",
                                "docker://" + image.name(),
                                "dir:" + copy))
                .orFail();
        for (Map.Entry<Digest, Long> blob : image.amd64().blobs().entrySet()) {
            Path file = copy.resolve(blob.getKey().encoded());
            assertThat(Digest.sha256(Files.readAllBytes(file))).isEqualTo(blob.getKey());
        }
        assertThat(Digest.sha256(Files.readAllBytes(copy.resolve("manifest.json"))))
                .isEqualTo(image.amd64().manifest());
    }

    @Override
    public void forget(TestImage image) {
        // It remembers nothing.
    }

    @Override
    public void close() {}
}
