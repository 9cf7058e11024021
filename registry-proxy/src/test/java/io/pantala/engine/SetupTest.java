package io.pantala.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Engines that read what {@code pantala setup} wrote, into a system that is mounted elsewhere. */
class SetupTest extends EngineTest {
    private static final Pattern VARIABLE = Pattern.compile("\"([A-Z_]+)=([^\"]*)\"");

    @Test
    void dockerdPullsThroughTheMirrorAfterAReloadAndPastItOnceUndone() throws Exception {
        Path settings = root().resolve("etc/docker/daemon.json");
        Files.createDirectories(settings.getParent());
        Files.writeString(settings, "{\n  \"debug\": false\n}\n");
        Path own = Files.createTempDirectory(directory, "engine");
        try (Nodes nodes = Nodes.alone(directory, tap.port());
                Dockerd engine = Dockerd.configured(own, Files.readString(settings), elsewhere)) {
            setup(nodes, "docker");
            engine.reload(Files.readString(settings));
            engine.pull(image);
            assertSentOnce();
            assertNothingWentAstray();

            setup(nodes, "docker", "--undo");
            assertThat(settings).hasContent("{\n  \"debug\": false\n}\n");
        }
    }

    @Test
    void containerdPullsThroughTheMirror() throws Exception {
        try (Nodes nodes = Nodes.alone(directory, tap.port())) {
            setup(nodes, "containerd");
            Path etc = root().resolve("etc/containerd");
            assertThat(Command.run(
                                    Map.of(),
                                    List.of(
                                            Programs.find("containerd"),
                                            "--config",
                                            etc.resolve("config.toml").toString(),
                                            "config",
                                            "dump"))
                            .orFail())
                    .contains("config_path = \"/etc/containerd/certs.d\"");
            Path own = Files.createTempDirectory(directory, "engine");
            try (Engine engine = Containerd.withHosts(own, etc.resolve("certs.d"), elsewhere)) {
                engine.pull(image);
                assertSentOnce();
                assertNothingWentAstray();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"podman", "buildah"})
    void podmanAndBuildahPullThroughTheMirror(String program) throws Exception {
        try (Nodes nodes = Nodes.alone(directory, tap.port())) {
            setup(nodes, "podman");
            Path own = Files.createTempDirectory(directory, "engine");
            Map<String, String> environment = new HashMap<>(elsewhere.environment());
            environment.put("HOME", homeOf(root().resolve("etc/containers")).toString());
            try (Engine engine = Podman.in(program, own, environment, "")) {
                engine.pull(image);
                assertSentOnce();
                assertNothingWentAstray();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"docker", "containerd"})
    void aServiceTrustsTheProxyByWhatItsUnitIsGiven(String name) throws Exception {
        try (Nodes nodes = Nodes.alone(directory, tap.port())) {
            setup(nodes, name, "--mode=proxy");
            Map<String, String> environment = new HashMap<>();
            Matcher variable = VARIABLE.matcher(
                    Files.readString(root().resolve("etc/systemd/system/" + name + ".service.d/pantala.conf")));
            while (variable.find()) {
                environment.put(
                        variable.group(1),
                        variable.group(2)
                                .replace(
                                        "/etc/pantala",
                                        root().resolve("etc/pantala").toString()));
            }
            assertThat(environment).containsOnlyKeys("HTTP_PROXY", "HTTPS_PROXY", "SSL_CERT_DIR");
            Path own = Files.createTempDirectory(directory, "engine");
            try (Engine engine = name.equals("docker")
                    ? Dockerd.proxied(own, environment, "")
                    : Containerd.proxied(own, environment, "")) {
                engine.pull(image);
                assertSentOnce();
            }
        }
    }

    @Test
    void podmanTrustsTheProxyByItsDirectoryOfCertificates() throws Exception {
        try (Nodes nodes = Nodes.alone(directory, tap.port())) {
            setup(nodes, "podman", "--mode=proxy");
            Path containers = root().resolve("etc/containers");
            Path own = Files.createTempDirectory(directory, "engine");
            Map<String, String> environment = Map.of(
                    "HOME",
                    homeOf(containers).toString(),
                    "CONTAINERS_CONF",
                    containers.resolve("containers.conf.d/pantala-podman.conf").toString());
            try (Engine engine = Podman.in("podman", own, environment, "")) {
                engine.pull(image);
                assertSentOnce();
            }
        }
    }

    /** A home whose configuration this is: engines read it there as they do in /etc. */
    private Path homeOf(Path containers) throws IOException {
        Path home = Files.createTempDirectory(directory, "home");
        Files.createSymbolicLink(
                Files.createDirectories(home.resolve(".config")).resolve("containers"), containers);
        return home;
    }

    private Path root() throws IOException {
        return Files.createDirectories(directory.resolve("system"));
    }

    private void setup(Nodes nodes, String engine, String... flags) throws IOException {
        Path data = Files.createDirectories(root().resolve("data"));
        Files.writeString(data.resolve("intercept-ca.crt"), Files.readString(nodes.authority(0)));
        List<String> command = new ArrayList<>(Program.command(
                "setup", engine, "--root=" + root(), "--data-dir=/data", "--listen=" + nodes.mirror(0)));
        Stream.of(flags).forEach(command::add);
        Command.run(Map.of(), command).orFail();
    }
}
