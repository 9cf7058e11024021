package io.pantala.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Pulls and pushes of engines that use a host as their proxy. */
class ProxyTest extends EngineTest {
    @ParameterizedTest
    @EnumSource
    void pullsAsIfNothingStoodBetween(Kind kind) throws Exception {
        List<String> direct = directRequests(kind);
        try (Nodes nodes = Nodes.alone(directory, tap.port());
                Engine engine = proxied(kind, nodes.proxyEnvironment(0), "")) {
            engine.pull(image);

            assertSentOnce();
            assertThat(tap.requestsButBlobs()).isEqualTo(askedThroughAHost(direct, false));

            engine.forget(image);
            tap.forget();
            engine.pull(image);

            assertNoBlobSent();
            assertThat(askedThroughAHost(direct, true)).containsAll(tap.requestsButBlobs());
        }
    }

    @ParameterizedTest
    @EnumSource
    void pullsOnceFromTheRegistryForTwoHosts(Kind kind) throws Exception {
        try (Nodes nodes = Nodes.swarm(directory, tap.port(), 2)) {
            try (Engine engine = proxied(kind, nodes.proxyEnvironment(0), "")) {
                engine.pull(image);
            }
            assertSentOnce();
            tap.forget();
            try (Engine engine = proxied(kind, nodes.proxyEnvironment(1), "")) {
                engine.pull(image);
            }
            assertNoBlobSent();
        }
    }

    @ParameterizedTest
    @EnumSource
    void pullsWhileTheRegistryIsDownWhatWasPulledBefore(Kind kind) throws Exception {
        try (Nodes nodes = Nodes.alone(directory, tap.port());
                Engine engine = proxied(kind, nodes.proxyEnvironment(0), "")) {
            engine.pull(image);
            engine.forget(image);
            tap.close();

            engine.pull(image);
        }
    }

    @ParameterizedTest
    @EnumSource
    void pullsOnAnotherHostWhileTheRegistryIsDownWhatWasPulledBefore(Kind kind) throws Exception {
        try (Nodes nodes = Nodes.swarm(directory, tap.port(), 2)) {
            try (Engine engine = proxied(kind, nodes.proxyEnvironment(0), "")) {
                engine.pull(image);
            }
            tap.close();
            try (Engine engine = proxied(kind, nodes.proxyEnvironment(1), "")) {
                engine.pull(image);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void pullsForAnotherPlatformByDigest(Kind kind) throws Exception {
        try (Nodes nodes = Nodes.alone(directory, tap.port());
                Engine engine = proxied(kind, nodes.proxyEnvironment(0), "")) {
            assertPullsAnotherPlatformByDigest(engine);
        }
    }

    @ParameterizedTest
    // Jib pushes what it builds, and never what it has pulled.
    @EnumSource(names = "JIB", mode = EnumSource.Mode.EXCLUDE)
    void pushesAndPullsWhatWasPushed(Kind kind) throws Exception {
        TestImage next = TestImage.write(directory.resolve("next"), "library/next", "1", 2, 3_000_000, 0);
        registry.push(next);
        try (Nodes nodes = Nodes.alone(directory, registry.port());
                Engine engine = proxied(kind, nodes.proxyEnvironment(0), "")) {
            for (TestImage each : List.of(image, next)) {
                engine.pull(each);
                engine.push(each, "docker.io/library/pushed:1");

                String pushed = Command.run(
                                nodes.proxyEnvironment(0),
                                List.of(
                                        Programs.find("skopeo"),
                                        "inspect",
                                        "--raw",
                                        "docker://docker.io/library/pushed:1"))
                        .orFail();
                // skopeo pushes all platforms, the others the one that they have.
                assertThat(pushed)
                        .contains((kind == Kind.SKOPEO
                                        ? each.amd64().manifest()
                                        : each.amd64().config())
                                .toString());
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "SKOPEO, true",
        "SKOPEO, false",
        "CONTAINERD, true",
        "CONTAINERD, false",
        "DOCKERD, true",
        "DOCKERD, false",
        "PODMAN, true",
        "PODMAN, false",
        "BUILDAH, true",
        "BUILDAH, false",
        "JIB, true",
        "JIB, false"
    })
    void pullsWhatIsPrivateForWhoMayReadItAlone(Kind kind, boolean bearer) throws Exception {
        assertGivesWhatIsPrivateToItsUserAlone(bearer, (nodes, user) -> proxied(kind, nodes.proxyEnvironment(0), user));
    }

    private Engine proxied(Kind kind, Map<String, String> environment, String user) throws IOException {
        Path own = Files.createTempDirectory(directory, "engine");
        return switch (kind) {
            case SKOPEO -> Skopeo.proxied(own, environment, user);
            case CONTAINERD -> Containerd.proxied(own, environment, user);
            case DOCKERD -> Dockerd.proxied(own, environment, user);
            case PODMAN -> Podman.in("podman", own, environment, user);
            case BUILDAH -> Podman.in("buildah", own, environment, user);
            case JIB -> Jib.proxied(own, environment, user);
        };
    }
}
