package io.pantala.proxy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.Digest;
import io.pantala.manifest.RepositoryName;
import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.admin.AdminServer;
import io.pantala.proxy.history.History;
import io.pantala.swarm.download.SwarmListener.Cause;
import io.pantala.swarm.download.SwarmListener.Source;
import io.pantala.swarm.download.SwarmListener.Trouble;
import io.pantala.transport.NodeAddress;
import io.vertx.core.Vertx;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ExplainCommandTest {
    private static final BlobKey BLOB = new BlobKey(UpstreamName.DOCKER_HUB, Digest.EMPTY_SHA256);
    private static final NodeAddress SEED = new NodeAddress("10.0.0.1", 6462);
    private static final NodeAddress PEER = new NodeAddress("10.0.0.2", 6461);

    private final Vertx vertx = Vertx.vertx();
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final History history = new History(() -> now, 1000);
    private int port;

    @BeforeEach
    void listen() throws Exception {
        port = new AdminServer(
                        vertx, List::of, () -> "", history, _ -> Optional.empty(), Map.of(), Duration.ofSeconds(5))
                .listen(new NodeAddress("127.0.0.1", 0))
                .await(10, TimeUnit.SECONDS);
        history.asked(BLOB, new RepositoryName("library/nginx"));
        history.began(BLOB, "asked of the swarm");
        now = now.plusMillis(120);
        history.received(BLOB, 0, Source.SEED, SEED, 1_000_000, Duration.ofMillis(30), Cause.FIRST);
        history.received(BLOB, 1, Source.SEED, SEED, 1_000_000, Duration.ofMillis(50), Cause.FIRST);
        history.refused(BLOB, 2, Source.PEER, PEER, Trouble.TIMED_OUT);
        history.received(BLOB, 2, Source.PEER, PEER, 500_000, Duration.ofMillis(70), Cause.ORDERED);
    }

    @AfterEach
    void close() throws Exception {
        vertx.close().await(10, TimeUnit.SECONDS);
    }

    @Test
    void showsBlocksThatCameAlikeInOneLineAndRetriesBelowTheirBlock() {
        history.sealed(BLOB);

        assertThat(run(BLOB.digest().toString())).isZero();

        assertThat(out.toString().lines())
                .containsExactly(
                        BLOB.toString(),
                        "  of library/nginx",
                        "  began 2026-01-01T00:00:00Z, whole after 0.12 s",
                        "  500 kB from peers, 2.00 MB from seeds, 0 B from the registry, 0 B from it past the store",
                        "  0–1         seed     10.0.0.1:6462             2.00 MB  by   0.12 s     50 ms  as its seed ordered: no host had it to pass on",
                        "  2           peer     10.0.0.2:6461              500 kB  by   0.12 s     70 ms  as its seed ordered",
                        "              before: peer 10.0.0.2:6461 stood still",
                        "  2026-01-01T00:00:00Z  asked of the swarm");
    }

    @Test
    void showsWhatTheRegistryGaveAndNeverSaysOfAHeldBlockThatItIsMissing() {
        history.refused(BLOB, 3, Source.PEER, PEER, Trouble.BROKEN);
        history.refused(BLOB, 4, Source.PEER, PEER, Trouble.BROKEN);
        assertThat(run("e3b0c4")).isZero();
        assertThat(out.toString().lines())
                .containsSubsequence("  3           has not come yet", "  4           has not come yet");
        out.getBuffer().setLength(0);

        history.withoutSeed(BLOB, "no seed helped: none can be reached");
        history.received(BLOB, 3, 500_000, Duration.ofMillis(20), "no seed gave it");
        history.received(BLOB, 5, 500_000, Duration.ofMillis(30), "no seed gave it");
        history.received(BLOB, 6, 500_000, Duration.ofMillis(40), "no seed gave it");
        history.sealed(BLOB);

        assertThat(run("e3b0c4")).isZero();
        assertThat(out.toString().lines())
                .containsSubsequence(
                        "  3           registry                            500 kB  by   0.12 s     20 ms  no seed helped: none can be reached",
                        "              before: peer 10.0.0.2:6461 was not reached, or cut it short",
                        "  4           came in another way",
                        "              before: peer 10.0.0.2:6461 was not reached, or cut it short",
                        "  5–6         registry                           1.00 MB  by   0.12 s     40 ms  no seed helped: none can be reached");
    }

    @Test
    void takesTheBeginningOfADigestOrAnImage() {
        assertThat(run("e3b0c4")).isZero();
        assertThat(run("nginx:1.27")).isZero();
        assertThat(run("--json", "docker.io/library/nginx")).isZero();
        assertThat(out.toString()).contains("{\"blobs\":[{\"upstream\":\"docker.io\"");
    }

    @Test
    void saysSoWhereNothingIsKnownAndWhereNobodyAnswers() {
        assertThat(run("busybox")).isEqualTo(1);
        assertThat(run("busy box")).isEqualTo(2);
        assertThat(Pantala.commandLine(Map.of(), new PrintWriter(out), new PrintWriter(err, true))
                        .execute("explain", "--admin-listen=127.0.0.1:1", "e3b0c4"))
                .isEqualTo(1);
        assertThat(err.toString().lines())
                .satisfiesExactly(
                        line -> assertThat(line)
                                .startsWith("pantala explain: nothing has happened to busybox since the node at"),
                        line -> assertThat(line).startsWith("pantala explain: busy box is no digest and no image: "),
                        line -> assertThat(line)
                                .startsWith("pantala explain: no node answers at 127.0.0.1:1 (")
                                .endsWith("; --admin-listen says where it is"));
    }

    private int run(String... args) {
        String[] all = new String[args.length + 2];
        all[0] = "explain";
        all[1] = "--admin-listen=127.0.0.1:" + port;
        System.arraycopy(args, 0, all, 2, args.length);
        return Pantala.commandLine(Map.of(), new PrintWriter(out, true), new PrintWriter(err, true))
                .execute(all);
    }
}
