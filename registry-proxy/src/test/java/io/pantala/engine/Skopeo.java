package io.pantala.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.manifest.Digest;
import io.pantala.manifest.Platform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** skopeo, for podman and CRI-O: it pulls by the same library. */
final class Skopeo implements Engine {
    private final Path directory;
    private final Path config;
    private final Map<String, String> environment;
    private final List<String> credentials;
    private int pulls;

    private Skopeo(Path directory, Path config, Map<String, String> environment, List<String> credentials) {
        this.directory = directory;
        this.config = config;
        this.environment = environment;
        this.credentials = credentials;
    }

    /**
     * One without a mirror.
     *
     * @param environment that says which proxy to use
     * @param user {@code name:password}; empty for nobody
     */
    static Skopeo proxied(Path directory, Map<String, String> environment, String user) throws IOException {
        Programs.find("skopeo");
        Path config = Files.writeString(directory.resolve("registries.conf"), "unqualified-search-registries = []\n");
        return new Skopeo(directory, config, environment, user.isEmpty() ? List.of() : List.of("--src-creds", user));
    }

    /**
     * @param mirror {@code host:port[/prefix]}
     * @param user {@code name:password} for that mirror; empty for nobody
     */
    static Skopeo configure(Path directory, String mirror, RefusingProxy elsewhere, String user) throws IOException {
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
        return new Skopeo(directory, config, Podman.loggedIn(directory, mirror, elsewhere, user), List.of());
    }

    @Override
    public void pull(TestImage image, String name, Platform platform) throws IOException {
        Path copy = directory.resolve("copy" + pulls++);
        skopeo(platform, credentials, "docker://" + name, "dir:" + copy);
        TestImage.OnePlatform pulled = image.platforms().get(platform);
        for (Map.Entry<Digest, Long> blob : pulled.blobs().entrySet()) {
            Path file = copy.resolve(blob.getKey().encoded());
            assertThat(Digest.sha256(Files.readAllBytes(file))).isEqualTo(blob.getKey());
        }
        assertThat(Digest.sha256(Files.readAllBytes(copy.resolve("manifest.json"))))
                .isEqualTo(pulled.manifest());
    }

    @Override
    public void push(TestImage image, String name) {
        skopeo(
                TestImage.AMD64,
                List.of("--all", "--preserve-digests"),
                "oci:" + image.layout() + ":" + image.tag(),
                "docker://" + name);
    }

    private void skopeo(Platform platform, List<String> options, String from, String to) {
        List<String> command = new ArrayList<>(List.of(
                Programs.find("skopeo"),
                "--insecure-policy",
                "--registries-conf",
                config.toString(),
                "--override-os",
                platform.os(),
                "--override-arch",
                platform.architecture(),
                "copy"));
        command.addAll(options);
        command.add(from);
        command.add(to);
        Command.run(environment, command).orFail();
    }

    @Override
    public void forget(TestImage image) {
        // It remembers nothing.
    }

    @Override
    public void close() {}
}
