package io.pantala.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code pantala doctor} finds on hosts in order and out of it. */
class DoctorTest extends EngineTest {
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void dockerdsTrafficIsSeenToArrive(boolean proxied) throws Exception {
        Path own = Files.createTempDirectory(directory, "engine");
        try (Nodes nodes = Nodes.alone(directory, tap.port());
                Engine _ = proxied
                        ? Dockerd.proxied(own, nodes.proxyEnvironment(0), "")
                        : Dockerd.start(own, nodes.mirror(0), elsewhere)) {
            Command found = doctor(nodes, Map.of("DOCKER_HOST", "unix://" + own.resolve("sock")), "--engine=docker");

            assertThat(found.output())
                    .contains(
                            "ok    proxy ",
                            "ok    settings ",
                            "ok    disk ",
                            "ok    registry docker.io",
                            "ok    authority ")
                    .contains("ok    docker traffic")
                    .contains("arrived here, for docker.io, as a " + (proxied ? "proxy" : "mirror") + ", from docker/");
            assertThat(found.exitCode()).isZero();
            assertThat(tap.requestsButBlobs()).noneMatch(request -> request.contains("pantala-doctor"));
        }
    }

    @Test
    void dockerdsTrafficIsMissedWhereItGoesElsewhere() throws Exception {
        Path own = Files.createTempDirectory(directory, "engine");
        try (Nodes nodes = Nodes.alone(directory, tap.port());
                Engine _ = Dockerd.start(own, "127.0.0.1:9", elsewhere)) {
            Command found = doctor(nodes, Map.of("DOCKER_HOST", "unix://" + own.resolve("sock")), "--engine=docker");

            assertThat(found.output()).contains("fail  docker traffic", "which never arrived here", "-> restart it");
            assertThat(found.exitCode()).isEqualTo(1);
        }
    }

    @Test
    void podmansTrafficIsSeenToArrive() throws Exception {
        Path own = Files.createTempDirectory(directory, "engine");
        try (Nodes nodes = Nodes.alone(directory, tap.port());
                Engine _ = Podman.configure("podman", own, nodes.mirror(0) + "/docker.io", elsewhere, "")) {
            Map<String, String> environment = new HashMap<>(elsewhere.environment());
            environment.put("HOME", own.resolve("home").toString());
            Command found = doctor(nodes, environment, "--engine=podman");

            assertThat(found.output()).contains("ok    podman traffic", "arrived here, for docker.io, as a mirror");
            assertThat(found.exitCode()).isZero();
        }
    }

    @Test
    void containerdsTrafficIsSeenToArrive() throws Exception {
        Path own = Files.createTempDirectory(directory, "engine");
        try (Nodes nodes = Nodes.alone(directory, tap.port());
                Engine _ = Containerd.proxied(own, nodes.proxyEnvironment(0), "")) {
            Map<String, String> environment = new HashMap<>(nodes.proxyEnvironment(0));
            environment.put("CONTAINERD_ADDRESS", own.resolve("sock").toString());
            Command found = doctor(nodes, environment, "--engine=containerd");

            assertThat(found.output()).contains("ok    containerd traffic", "arrived here, for docker.io, as a proxy");
            assertThat(found.exitCode()).isZero();
        }
    }

    @Test
    void anEngineThatCanNotBeMadeToPullFailsNoCheck() throws Exception {
        try (Nodes nodes = Nodes.alone(directory, tap.port())) {
            Command found = doctor(nodes, Map.of(), "--engine=buildkit");

            assertThat(found.output()).contains("skip  buildkit traffic", "-> build anything with it");
            assertThat(found.exitCode()).isZero();
        }
    }

    @Test
    void whatIsOutOfOrderIsNamedWithWhatToDo() throws Exception {
        try (Nodes nodes = Nodes.alone(directory, tap.port())) {
            tap.close();
            Command found = doctor(nodes, Map.of("DOCKER_HOST", "unix:///nowhere"), "--engine=docker");

            assertThat(found.output())
                    .contains(
                            "ok    proxy ", "fail  registry docker.io", "fail  docker traffic", "there is no /nowhere");
            assertThat(found.exitCode()).isEqualTo(1);
        }
    }

    @Test
    void otherSettingsThanThoseOfTheRunningProxyAreSaidKeyByKey() throws Exception {
        try (Nodes nodes = Nodes.alone(directory, tap.port())) {
            Command found = doctor(nodes, Map.of(), "--seeds=127.0.0.1:9", "--upstream=other.test=https://other.test");

            assertThat(found.output())
                    .contains(
                            "fail  settings",
                            "seeds is not set there, 127.0.0.1:9 here",
                            "upstreams.other.test.url is not set there, https://other.test here",
                            "-> give doctor what the proxy was given")
                    .doesNotContain("data-dir is");
            assertThat(found.exitCode()).isEqualTo(1);
        }
    }

    @Test
    void aProxyThatDoesNotRunIsTheFirstThingSaid() throws Exception {
        List<String> command = new ArrayList<>(Program.command(
                "doctor", "--listen=127.0.0.1:9", "--admin-listen=127.0.0.1:9", "--data-dir=" + directory));
        Command found = Command.run(Map.of(), command);

        assertThat(found.output()).startsWith("fail  proxy").contains("-> start it: pantala proxy", "skip  engine");
        assertThat(found.exitCode()).isEqualTo(1);
    }

    private Command doctor(Nodes nodes, Map<String, String> environment, String... flags) throws IOException {
        nodes.authority(0);
        List<String> command = new ArrayList<>(Program.command(
                "doctor",
                "--listen=" + nodes.mirror(0),
                "--admin-listen=" + nodes.admin(0),
                "--data-dir=" + directory.resolve("alone"),
                "--upstream=docker.io=http://127.0.0.1:" + tap.port()));
        Stream.of(flags).forEach(command::add);
        return Command.run(environment, command);
    }
}
