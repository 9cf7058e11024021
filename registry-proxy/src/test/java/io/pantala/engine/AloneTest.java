package io.pantala.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Pulls through a host without seeds. */
class AloneTest extends EngineTest {
    @ParameterizedTest
    @EnumSource
    void pullsAsIfNothingStoodBetween(Kind kind) throws Exception {
        List<String> direct = directRequests(kind);
        try (Nodes nodes = Nodes.alone(directory, tap.port());
                Engine engine = engineBehind(kind, nodes.mirror(0))) {
            engine.pull(image);

            assertSentOnce();
            assertThat(tap.requestsButBlobs()).isEqualTo(askedThroughAHost(direct, false));

            engine.forget(image);
            tap.forget();
            engine.pull(image);

            assertNoBlobSent();
            // An engine may remember more than it was told to forget, and then asks for less.
            assertThat(askedThroughAHost(direct, true)).containsAll(tap.requestsButBlobs());
            assertNothingWentAstray();
        }
    }

    @ParameterizedTest
    // Jib shows mirrors no credentials.
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
        "BUILDAH, false"
    })
    void pullsWhatIsPrivateForWhoMayReadItAlone(Kind kind, boolean bearer) throws Exception {
        assertGivesWhatIsPrivateToItsUserAlone(bearer, (nodes, user) -> engineBehind(kind, nodes.mirror(0), user));
    }

    @ParameterizedTest
    @EnumSource
    void pullsForAnotherPlatformByDigest(Kind kind) throws Exception {
        try (Nodes nodes = Nodes.alone(directory, tap.port());
                Engine engine = engineBehind(kind, nodes.mirror(0))) {
            assertPullsAnotherPlatformByDigest(engine);
            assertNothingWentAstray();
        }
    }
}
