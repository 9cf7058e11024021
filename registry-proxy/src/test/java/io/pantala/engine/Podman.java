package io.pantala.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.manifest.Platform;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Podman or Buildah, with storage and a home of its own. */
final class Podman implements Engine {
    private final String program;
    private final Path directory;

    /** In a place of its own: Podman takes no long path for it. */
    private final Path runtime;

    private final Map<String, String> environment;
    private final List<String> credentials;

    private Podman(String program, Path directory, Map<String, String> environment, String user) throws IOException {
        this.program = Programs.find(program);
        Programs.needRoot();
        this.directory = directory;
        this.runtime = Files.createTempDirectory("podman");
        this.environment = new HashMap<>(environment);
        this.environment.putIfAbsent("HOME", directory.resolve("home").toString());
        this.credentials = user.isEmpty() ? List.of() : List.of("--creds", user);
    }

    /**
     * One whose configuration is in its environment.
     *
     * @param program podman or buildah
     * @param environment that says which proxy to use, or which home
     * @param user {@code name:password}; empty for nobody
     */
    static Podman in(String program, Path directory, Map<String, String> environment, String user) throws IOException {
        return new Podman(program, directory, environment, user);
    }

    /**
     * @param mirror {@code host:port[/prefix]}
     * @param user {@code name:password} for that mirror; empty for nobody
     */
    static Podman configure(String program, Path directory, String mirror, RefusingProxy elsewhere, String user)
            throws IOException {
        Path config = Files.createDirectories(directory.resolve("home/.config/containers/registries.conf.d"));
        Files.writeString(config.resolve("mirror.conf"), """
                [[registry]]
                prefix = "docker.io"
                location = "docker.io"
                [[registry.mirror]]
                location = "%s"
                insecure = true
                """.formatted(mirror));
        return new Podman(program, directory, loggedIn(directory, mirror, elsewhere, user), "");
    }

    /** What engines of this library are started with that are logged in at a mirror: credentials for others are kept from it. */
    static Map<String, String> loggedIn(Path directory, String mirror, RefusingProxy elsewhere, String user)
            throws IOException {
        Map<String, String> environment = new HashMap<>(elsewhere.environment());
        String server = mirror.split("/", 2)[0];
        Path file = Files.writeString(
                directory.resolve("auth.json"), user.isEmpty() ? "{}" : EngineTest.credentials(server, user));
        environment.put("REGISTRY_AUTH_FILE", file.toString());
        return environment;
    }

    @Override
    public void pull(TestImage image, String name, Platform platform) {
        List<String> pull = new ArrayList<>(List.of("pull", "--platform", platform.toString()));
        pull.addAll(credentials);
        pull.add(name);
        run(pull);
        // The image's id is its config's digest, which names the digest of each layer's content.
        assertThat(run(List.of("images", "--quiet", "--no-trunc")))
                .contains(image.platforms().get(platform).config().encoded());
    }

    @Override
    public void push(TestImage image, String name) {
        run(List.of("push", image.name(), "docker://" + name));
    }

    @Override
    public void forget(TestImage image) {
        run(List.of("rmi", "--all", "--force"));
    }

    private String run(List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(
                program,
                "--root",
                directory.resolve("root").toString(),
                "--runroot",
                runtime.toString(),
                "--storage-driver",
                "vfs"));
        command.addAll(arguments);
        return Command.run(environment, command).orFail();
    }

    @Override
    public void close() {
        try (Stream<Path> left = Files.walk(runtime)) {
            for (Path each : left.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
