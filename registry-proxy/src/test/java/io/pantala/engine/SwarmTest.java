package io.pantala.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Pulls through hosts that have a seed. */
class SwarmTest extends EngineTest {
    @ParameterizedTest
    @EnumSource
    void pullsOnceFromTheRegistryForAllHosts(Kind kind) throws Exception {
        List<String> direct = directRequests(kind);
        try (Nodes nodes = Nodes.swarm(directory, tap.port(), 2)) {
            try (Engine engine = engineBehind(kind, nodes.mirror(0))) {
                engine.pull(image);

                assertSentOnce();
                assertThat(tap.requestsButBlobs()).isEqualTo(askedThroughAHost(direct, false));

                engine.forget(image);
                tap.forget();
                engine.pull(image);

                assertNoBlobSent();
                assertThat(askedThroughAHost(direct, true)).containsAll(tap.requestsButBlobs());
            }
            tap.forget();
            try (Engine engine = engineBehind(kind, nodes.mirror(1))) {
                engine.pull(image);

                assertNoBlobSent();
                assertThat(tap.requestsButBlobs()).isEqualTo(askedThroughAHost(direct, true));
            }
        }
        assertNothingWentAstray();
    }

    @ParameterizedTest
    @EnumSource
    void pullsOnAnotherHostWhileTheRegistryIsDownWhatWasPulledBefore(Kind kind) throws Exception {
        try (Nodes nodes = Nodes.swarm(directory, tap.port(), 2)) {
            try (Engine engine = engineBehind(kind, nodes.mirror(0))) {
                engine.pull(image);
            }
            tap.close();
            try (Engine engine = engineBehind(kind, nodes.mirror(1))) {
                engine.pull(image);
            }
        }
        assertNothingWentAstray();
    }

    @Test
    void pullsOnceFromTheRegistryForEnginesThatPullAtTheSameTime() throws Exception {
        try (Nodes nodes = Nodes.swarm(directory, tap.port(), 2);
                Engine skopeo = engineBehind(Kind.SKOPEO, nodes.mirror(0));
                Engine another = engineBehind(Kind.SKOPEO, nodes.mirror(1));
                Engine containerd = engineBehind(Kind.CONTAINERD, nodes.mirror(0));
                Engine dockerd = engineBehind(Kind.DOCKERD, nodes.mirror(1));
                ExecutorService pulls = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Void>> pulled = List.of(skopeo, another, containerd, dockerd).stream()
                    .map(engine -> pulls.submit((Callable<Void>) () -> {
                        engine.pull(image);
                        return null;
                    }))
                    .toList();
            for (Future<Void> pull : pulled) {
                pull.get(2, TimeUnit.MINUTES);
            }
            assertSentOnce();
            assertNothingWentAstray();
        }
    }

    @ParameterizedTest
    @EnumSource
    void readsNoBlobFromTheRegistryAfterAPreheat(Kind kind) throws Exception {
        List<String> direct = directRequests(kind);
        try (Nodes nodes = Nodes.swarm(directory, tap.port(), 1);
                Engine engine = engineBehind(kind, nodes.mirror(0))) {
            assertThat(preheat(nodes)).contains(image.name() + " is there: 6 blobs");
            assertSentOnce();
            tap.forget();

            engine.pull(image);

            assertNoBlobSent();
            assertThat(tap.requestsButBlobs()).isEqualTo(askedThroughAHost(direct, false));
            assertNothingWentAstray();
        }
    }

    @Test
    void readsNothingButManifestsForASecondPreheat() throws Exception {
        try (Nodes nodes = Nodes.swarm(directory, tap.port(), 1)) {
            preheat(nodes);
            assertSentOnce();
            tap.forget();

            assertThat(preheat(nodes)).contains(image.name() + " is there: 6 blobs");

            assertThat(tap.exchanges())
                    .allSatisfy(exchange -> assertThat(exchange.target()).contains("/manifests/"));
        }
    }

    private String preheat(Nodes nodes) {
        return Command.run(
                        Map.of(),
                        Program.command("preheat", image.name(), "--seed", nodes.seed(), "--platform", "linux/amd64"))
                .orFail();
    }
}
