package io.pantala.seed.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.Digest;
import io.pantala.manifest.UpstreamName;
import io.pantala.seed.http.SeedServer;
import io.pantala.seed.tracker.SwarmStatus;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.TestCluster;
import io.pantala.transport.identity.Role;
import io.vertx.core.Vertx;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SwarmsApiTest {
    private static final List<SwarmStatus> SWARMS = List.of(swarm(1), swarm(2));

    private final Vertx vertx = Vertx.vertx();
    private SeedServer server;

    @BeforeEach
    void open() throws Exception {
        SwarmsApi api = new SwarmsApi(vertx, SwarmsApiTest::swarms);
        server = SeedServer.start(
                vertx,
                new NodeAddress("127.0.0.1", 0),
                new TestCluster().tls(Role.SEED, "seed"),
                TestCluster.open(),
                List.of(api::mount));
    }

    @AfterEach
    void close() throws Exception {
        server.close(Duration.ZERO);
        vertx.close().await(10, TimeUnit.SECONDS);
    }

    /** A blob of which a host receives a block from another, and one from the seed. */
    private static SwarmStatus swarm(int size) {
        return new SwarmStatus(
                new BlobKey(UpstreamName.parse("reg.test"), Digest.sha256(new byte[size])),
                new BlockLayout(10_000, 1000),
                10,
                9,
                1,
                List.of(new SwarmStatus.HostStatus(
                        "to",
                        Optional.empty(),
                        "",
                        5,
                        true,
                        0,
                        0,
                        List.of(
                                new SwarmStatus.Transfer(6, Optional.of("from")),
                                new SwarmStatus.Transfer(7, Optional.empty())))));
    }

    private static CompletableFuture<List<SwarmStatus>> swarms(Predicate<BlobKey> which) {
        return CompletableFuture.completedFuture(
                SWARMS.stream().filter(swarm -> which.test(swarm.key())).toList());
    }

    @Test
    void tellsOfOneBlobWhoSendsToWhom() throws Exception {
        String digest = SWARMS.getLast().key().digest().toString();

        assertThat(new ObjectMapper().readTree(get("/" + digest)).path("swarms"))
                .singleElement()
                .satisfies(swarm -> {
                    assertThat(swarm.path("digest").asText()).isEqualTo(digest);
                    assertThat(swarm.path("transfers").asInt()).isEqualTo(2);
                    assertThat(swarm.path("hosts").path(0).path("receives"))
                            .hasToString("[{\"block\":6,\"from\":\"from\"},{\"block\":7,\"from\":\"seed\"}]");
                });
    }

    @Test
    void tellsOfAllBlobsInShort() throws Exception {
        assertThat(new ObjectMapper().readTree(get("")).path("swarms"))
                .hasSize(2)
                .noneMatch(swarm -> swarm.has("hosts"));
    }

    private String get(String below) throws Exception {
        try (HttpClient http = HttpClient.newHttpClient()) {
            URI uri = URI.create("http://127.0.0.1:" + server.port() + "/api/v1/swarms" + below);
            return http.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString())
                    .body();
        }
    }
}
