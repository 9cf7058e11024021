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
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A containerd of its own, driven by {@code ctr}, with a {@code hosts.toml} for docker.io. */
final class Containerd implements Engine {
    private static final Pattern READY = Pattern.compile("containerd successfully booted");

    private final Path directory;
    private final List<String> resolving;
    private final Map<String, String> environment;
    private final Daemon daemon;

    private Containerd(Path directory, List<String> resolving, Map<String, String> environment, Daemon daemon) {
        this.directory = directory;
        this.resolving = resolving;
        this.environment = environment;
        this.daemon = daemon;
    }

    /**
     * @param mirror {@code host:port}
     * @param user {@code name:password}, for whoever asks for it; empty for nobody
     */
    static Containerd start(Path directory, String mirror, RefusingProxy elsewhere, String user) throws IOException {
        Programs.find("containerd");
        Path hosts = directory.resolve("certs.d");
        Files.createDirectories(hosts.resolve("docker.io"));
        Files.writeString(hosts.resolve("docker.io/hosts.toml"), """
                server = "https://registry-1.docker.io"
                [host."http://%s"]
                capabilities = ["pull", "resolve"]
                """.formatted(mirror));
        return withHosts(directory, hosts, elsewhere, user);
    }

    /** One whose mirrors are in a directory. */
    static Containerd withHosts(Path directory, Path hosts, RefusingProxy elsewhere) throws IOException {
        return withHosts(directory, hosts, elsewhere, "");
    }

    private static Containerd withHosts(Path directory, Path hosts, RefusingProxy elsewhere, String user)
            throws IOException {
        List<String> resolving = new ArrayList<>(List.of("--hosts-dir", hosts.toString()));
        if (!user.isEmpty()) {
            resolving.addAll(List.of("--user", user));
        }
        return start(directory, resolving, elsewhere.environment());
    }

    /**
     * One without a mirror.
     *
     * @param environment that says which proxy to use
     * @param user {@code name:password}; empty for nobody
     */
    static Containerd proxied(Path directory, Map<String, String> environment, String user) throws IOException {
        return start(directory, user.isEmpty() ? List.of() : List.of("--user", user), environment);
    }

    private static Containerd start(Path directory, List<String> resolving, Map<String, String> environment)
            throws IOException {
        String program = Programs.find("containerd");
        Programs.find("ctr");
        Programs.needRoot();
        Path config = directory.resolve("containerd.toml");
        Files.writeString(config, """
                version = 2
                root = "%1$s/root"
                state = "%1$s/state"
                disabled_plugins = ["io.containerd.grpc.v1.cri"]
                [grpc]
                address = "%1$s/sock"
                [ttrpc]
                address = "%1$s/ttrpc"
                """.formatted(directory));
        Daemon daemon = Daemon.start(directory, environment, List.of(program, "--config", config.toString()));
        try {
            daemon.awaitLine(READY);
        } catch (AssertionError e) {
            daemon.kill();
            throw e;
        }
        return new Containerd(directory, resolving, environment, daemon);
    }

    @Override
    public void pull(TestImage image, String name, Platform platform) throws IOException {
        List<String> pull =
                new ArrayList<>(List.of("image", "pull", "--snapshotter", "native", "--platform", platform.toString()));
        pull.addAll(resolving);
        pull.add(name);
        ctr(pull.toArray(String[]::new));
        for (Map.Entry<Digest, Long> blob :
                image.platforms().get(platform).blobs().entrySet()) {
            Path file = content().resolve(blob.getKey().encoded());
            assertThat(Digest.sha256(Files.readAllBytes(file))).isEqualTo(blob.getKey());
        }
        assertThat(ctr("image", "ls")).contains(name, image.index().toString());
    }

    @Override
    public void push(TestImage image, String name) {
        List<String> push = new ArrayList<>(List.of("image", "push", "--platform", "linux/amd64"));
        push.addAll(resolving);
        push.add(name);
        push.add(image.name());
        ctr(push.toArray(String[]::new));
    }

    @Override
    public void forget(TestImage image) {
        ctr("image", "rm", "--sync", image.name());
        assertThat(content()).isEmptyDirectory();
    }

    /** Bytes of blobs that have begun and not ended. */
    long ingested() throws IOException {
        Path ingest = directory.resolve("root/io.containerd.content.v1.content/ingest");
        try (Stream<Path> files = Files.walk(ingest)) {
            return files.filter(file -> file.endsWith("data"))
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }

    private Path content() {
        return directory.resolve("root/io.containerd.content.v1.content/blobs/sha256");
    }

    private String ctr(String... arguments) {
        List<String> command = new ArrayList<>(
                List.of(Programs.find("ctr"), "-a", directory.resolve("sock").toString()));
        command.addAll(List.of(arguments));
        return Command.run(environment, command).orFail();
    }

    @Override
    public void close() {
        daemon.close();
    }
}
