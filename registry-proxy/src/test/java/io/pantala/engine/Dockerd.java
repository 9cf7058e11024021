package io.pantala.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.manifest.Platform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** A dockerd of its own with one registry mirror, driven by {@code docker}. */
final class Dockerd implements Engine {
    private static final Pattern READY = Pattern.compile("API listen on ");
    private static final Pattern RELOADED = Pattern.compile("Reloaded configuration");

    private final Path directory;
    private final Daemon daemon;

    private Dockerd(Path directory, Daemon daemon) {
        this.directory = directory;
        this.daemon = daemon;
    }

    /**
     * @param mirror {@code host:port}
     */
    static Dockerd start(Path directory, String mirror, RefusingProxy elsewhere) throws IOException {
        return start(directory, mirror, elsewhere, "");
    }

    /** @param user {@code name:password} at Docker Hub, and so at its mirror; empty for nobody */
    static Dockerd start(Path directory, String mirror, RefusingProxy elsewhere, String user) throws IOException {
        if (!user.isEmpty()) {
            Path client = Files.createDirectories(directory.resolve("client"));
            Files.writeString(
                    client.resolve("config.json"), EngineTest.credentials("https://index.docker.io/v1/", user));
        }
        return configured(directory, "{\"registry-mirrors\":[\"http://%s\"]}".formatted(mirror), elsewhere);
    }

    /**
     * @param settings what its {@code daemon.json} holds
     */
    static Dockerd configured(Path directory, String settings, RefusingProxy elsewhere) throws IOException {
        return start(directory, settings, elsewhere.environment());
    }

    /** Reads another {@code daemon.json}, and goes on. */
    void reload(String settings) throws IOException {
        Files.writeString(directory.resolve("daemon.json"), settings);
        daemon.signal("HUP");
        daemon.awaitLine(RELOADED);
    }

    /**
     * One without a mirror.
     *
     * @param environment that says which proxy to use
     * @param user {@code name:password} to log in with; empty for nobody
     */
    static Dockerd proxied(Path directory, Map<String, String> environment, String user) throws IOException {
        Dockerd started = start(directory, "{}", environment);
        if (!user.isEmpty()) {
            int colon = user.indexOf(':');
            started.docker("login", "--username", user.substring(0, colon), "--password", user.substring(colon + 1));
        }
        return started;
    }

    private static Dockerd start(Path directory, String settings, Map<String, String> environment) throws IOException {
        String program = Programs.find("dockerd");
        Programs.find("docker");
        Programs.find("containerd");
        Programs.needRoot();
        Path config = directory.resolve("daemon.json");
        Files.writeString(config, settings);
        Daemon daemon = Daemon.start(
                directory,
                environment,
                List.of(
                        program,
                        "--config-file",
                        config.toString(),
                        "--iptables=false",
                        "--ip6tables=false",
                        "--bridge=none",
                        "--storage-driver=vfs",
                        "--data-root",
                        directory.resolve("data").toString(),
                        "--exec-root",
                        directory.resolve("exec").toString(),
                        "--pidfile",
                        directory.resolve("pid").toString(),
                        "-H",
                        "unix://" + directory.resolve("sock")));
        try {
            daemon.awaitLine(READY);
        } catch (AssertionError e) {
            daemon.kill();
            throw e;
        }
        return new Dockerd(directory, daemon);
    }

    @Override
    public void pull(TestImage image, String name, Platform platform) throws IOException {
        docker("pull", "--platform", platform.toString(), name);
        // The image's id is its config's digest, which names the digest of each layer's content.
        assertThat(docker("image", "inspect", "--format", "{{.Id}}", name))
                .isEqualToIgnoringNewLines(
                        image.platforms().get(platform).config().toString());
        assertThat(docker("image", "inspect", "--format", "{{json .RepoDigests}}", name))
                .contains(image.index().toString());
    }

    @Override
    public void push(TestImage image, String name) {
        docker("tag", image.name(), name);
        docker("push", name);
    }

    @Override
    public void forget(TestImage image) {
        docker("image", "rm", "--force", image.name());
        docker("image", "prune", "--all", "--force");
    }

    private String docker(String... arguments) {
        List<String> command =
                new ArrayList<>(List.of(Programs.find("docker"), "-H", "unix://" + directory.resolve("sock")));
        command.addAll(List.of(arguments));
        Map<String, String> environment = new HashMap<>();
        environment.put("DOCKER_CONFIG", directory.resolve("client").toString());
        return Command.run(environment, command).orFail();
    }

    @Override
    public void close() {
        daemon.close();
    }
}
