package io.pantala.proxy.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pantala.proxy.config.SeedConfig;
import io.pantala.seed.cluster.ClusterOperator;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.ClusterTls;
import io.pantala.transport.identity.Fingerprint;
import io.pantala.transport.identity.NodeIdentity;
import io.pantala.transport.identity.Role;
import io.pantala.transport.identity.Token;
import io.pantala.transport.join.Joining;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Route;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What can be asked of a seed over a network, and by whom. */
@Timeout(120)
class RoutesTest {
    private static final String BLOCK = "/pantala/v1/blobs/sha256:" + "0".repeat(64) + "/blocks/0?upstream=docker.io";
    private static final String JOIN = "/pantala/v1/join";
    private static final String NOTES = "/pantala/v1/notes";
    private static final String PROOFS = "/pantala/v1/proofs";
    private static final Set<String> CLUSTER =
            Set.of(JOIN, BLOCK, NOTES, PROOFS, "/pantala/v1/control", "/pantala/v1/cluster");

    @TempDir
    private Path directory;

    private final Vertx vertx = Vertx.vertx();
    private Fleet fleet;
    private Seed seed;
    private ClusterOperator operator;

    @BeforeEach
    void open() throws Exception {
        fleet = new Fleet(directory);
        Path tokens = Files.writeString(directory.resolve("tokens"), "# nobody yet\n");
        seed = start(Optional.of(tokens), false);
        operator = fleet.operator("seed");
    }

    private Seed start(Optional<Path> tokens, boolean plaintext) throws StartException {
        return fleet.seed(
                new SeedConfig(
                        Fleet.ANY,
                        List.of(),
                        Optional.empty(),
                        Optional.empty(),
                        plaintext,
                        tokens,
                        fleet.node("seed")),
                Fleet.remote());
    }

    @AfterEach
    void close() throws Exception {
        fleet.close();
        vertx.close().await(10, TimeUnit.SECONDS);
    }

    @Test
    void everyRouteIsClosedToStrangers() throws Exception {
        SSLContext stranger = ClusterTls.pinned(seedsAuthority(), InstantSource.system());
        Map<String, Integer> plain = walk(null);
        Map<String, Integer> encrypted = walk(stranger);

        assertThat(plain.keySet())
                .contains("GET " + BLOCK, "POST " + JOIN, "POST " + NOTES, "POST " + PROOFS)
                .contains("POST /pantala/v1/cluster", "GET /pantala/v1/control")
                .contains("GET /api/v1/preheats/x", "GET /api/v1/nodes", "PUT /api/v1/shut-outs/x");
        plain.forEach((route, status) -> assertThat(status).as(route).isEqualTo(403));
        encrypted.forEach((route, status) ->
                assertThat(status).as(route).isEqualTo(route.contains("/api/") || route.contains(JOIN) ? 401 : 403));
    }

    @Test
    void aHostsCertificateOpensWhatHostsNeedAndNothingElse() throws Exception {
        walk(certified(Role.HOST)).forEach((route, status) -> {
            if (route.contains("/api/")) {
                assertThat(status).as(route).isEqualTo(401);
            } else if (route.contains("/pantala/v1/cluster")) {
                assertThat(status).as(route).isEqualTo(403);
            } else if (route.contains(BLOCK)) {
                assertThat(status).as("without a ticket, " + route).isEqualTo(403);
            } else if (route.contains(NOTES) || route.contains(PROOFS)) {
                assertThat(status).as("asking for no note, " + route).isEqualTo(200);
            } else {
                assertThat(status).as(route).isIn(400, 426, 501);
            }
        });
        assertThat(fleet.metric(seed.admin(), "pantala_blocks_denied_total{reason=\"missing\"}"))
                .isEqualTo(1);
        assertThat(fleet.metric(seed.admin(), "pantala_requests_denied_total{access=\"seeds\",reason=\"wrong_role\"}"))
                .isEqualTo(1);
    }

    @Test
    void aSeedsCertificateOpensTheClusterAndLinksButNoApi() throws Exception {
        Map<String, Integer> seeds = walk(certified(Role.SEED));

        assertThat(seeds.get("POST /pantala/v1/cluster")).isEqualTo(400);
        assertThat(seeds.get("GET /pantala/v1/control"))
                .as("which this is no request for")
                .isEqualTo(400);
        assertThat(seeds.get("POST " + NOTES)).isEqualTo(403);
        assertThat(seeds.get("POST " + PROOFS)).isEqualTo(403);
        assertThat(seeds.get("GET /api/v1/nodes")).isEqualTo(401);
    }

    @Test
    void anApiTokenOpensTheApiAloneFromTheMomentItIsInTheFile() throws Exception {
        Token token = operator.newApiToken();
        SSLContext pinned = ClusterTls.pinned(token.authority(), InstantSource.system());
        assertThat(status(pinned, "GET", "/api/v1/nodes", token.secret())).isEqualTo(401);

        Files.writeString(directory.resolve("tokens"), token.hash() + " ann\n");
        await().until(() -> status(pinned, "GET", "/api/v1/nodes", token.secret()) == 200);

        assertThat(status(pinned, "GET", "/api/v1/preheats", token.secret())).isEqualTo(200);
        assertThat(status(pinned, "GET", "/api/v1/nodes", token.secret() + "x")).isEqualTo(401);
        assertThat(status(pinned, "GET", BLOCK, token.secret())).isEqualTo(403);
        assertThat(status(pinned, "POST", "/pantala/v1/cluster", token.secret()))
                .isEqualTo(403);

        Files.writeString(directory.resolve("tokens"), "");
        await().until(() -> status(pinned, "GET", "/api/v1/nodes", token.secret()) == 401);
    }

    @Test
    void anApiTokenThatComesInPlainTextIsNotTaken() throws Exception {
        Token token = operator.newApiToken();
        Files.writeString(directory.resolve("tokens"), token.hash() + " ann\n");
        SSLContext pinned = ClusterTls.pinned(token.authority(), InstantSource.system());
        await().until(() -> status(pinned, "GET", "/api/v1/nodes", token.secret()) == 200);

        assertThat(status(null, "GET", "/api/v1/nodes", token.secret())).isEqualTo(403);
        assertThat(fleet.metric(
                        seed.admin(), "pantala_requests_denied_total{access=\"operators\",reason=\"not_encrypted\"}"))
                .isEqualTo(1);
    }

    @Test
    void withoutAFileOfTokensNobodyUsesTheApiOverANetwork() throws Exception {
        seed.close();
        seed = start(Optional.empty(), false);
        SSLContext pinned = ClusterTls.pinned(seedsAuthority(), InstantSource.system());

        assertThat(status(pinned, "GET", "/api/v1/nodes", operator.newApiToken().secret()))
                .isEqualTo(401);
    }

    @Test
    void inPlaintextTheApiAndTheClusterStayClosedAndNotesAreNotKept() throws Exception {
        seed.close();
        seed = start(Optional.of(directory.resolve("tokens")), true);

        Map<String, Integer> routes = walk(null);

        assertThat(routes).doesNotContainKeys("POST " + NOTES, "POST " + PROOFS);
        routes.forEach((route, status) -> {
            if (route.contains("/api/")) {
                assertThat(status).as(route).isEqualTo(401);
            } else if (route.contains("/pantala/v1/control")) {
                assertThat(status).as(route).isIn(400, 426, 501);
            } else {
                // A block lacks its ticket.
                assertThat(status).as(route).isEqualTo(403);
            }
        });
    }

    @Test
    void whatIsNotThereIsNotThereForAnybody() throws Exception {
        for (SSLContext tls : new SSLContext[] {certified(Role.HOST), certified(Role.SEED)}) {
            assertThat(status(tls, "GET", "/", null)).isEqualTo(404);
            assertThat(status(tls, "GET", "/pantala/v1/", null)).isEqualTo(404);
            assertThat(status(tls, "GET", "/api/v1/nodes/x", null)).isEqualTo(404);
        }
    }

    private Fingerprint seedsAuthority() throws IOException {
        return operator.newApiToken().authority();
    }

    /** What a node of this role shows. */
    private SSLContext certified(Role role) throws Exception {
        Token token = operator.newToken(role, Optional.empty());
        Joining joining = new Joining(vertx, new NodeIdentity(role, role.text() + "-1"), InstantSource.system());
        List<Joining.Joined> joined = new ArrayList<>();
        await().ignoreExceptions().until(() -> joined.add(joining.join(seed.listen(), token)));
        return new ClusterTls(joined.getFirst()::certificate, joined.getFirst()::roots, InstantSource.system())
                .toSeeds();
    }

    /** Tries every route of the seed with each of its methods, and tells what came of it. */
    private Map<String, Integer> walk(SSLContext tls) throws IOException, InterruptedException {
        Map<String, Integer> found = new TreeMap<>();
        for (Route route : seed.routes().getRoutes()) {
            if (route.getPath() == null && !route.isRegexPath()) {
                // What answers that there is nothing.
                continue;
            }
            String path = example(route);
            Set<HttpMethod> methods = route.methods();
            List<String> names = methods == null || methods.isEmpty()
                    ? List.of("GET", "PUT", "POST", "DELETE")
                    : methods.stream().map(HttpMethod::name).toList();
            for (String method : names) {
                found.put(method + " " + path, status(tls, method, path, null));
            }
        }
        assertThat(found.keySet())
                .allMatch(route ->
                        route.contains("/api/v1/") || CLUSTER.contains(route.substring(route.indexOf(' ') + 1)));
        return found;
    }

    private static String example(Route route) {
        if (route.isRegexPath()) {
            return BLOCK;
        }
        // Those with all that is below them lose the star.
        return route.getPath().matches(".*/(preheats|shut-outs|swarms)/?")
                ? route.getPath().replaceFirst("/?$", "/x")
                : route.getPath();
    }

    private int status(SSLContext tls, String method, String path, String secret)
            throws IOException, InterruptedException {
        NodeAddress address = seed.listen();
        HttpClient.Builder client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1);
        if (tls != null) {
            client.sslContext(tls);
        }
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create((tls == null ? "http://" : "https://") + address + path))
                .header("Content-Type", "application/json")
                .method(
                        method,
                        HttpRequest.BodyPublishers.ofString(
                                method.equals("GET")
                                        ? ""
                                        : "{\"role\":\"host\",\"node\":\"host-1\",\"request\":\"AAAA\"}"));
        if (secret != null) {
            request.header("Authorization", "Bearer " + secret);
        }
        try (HttpClient http = client.build()) {
            return http.send(request.build(), HttpResponse.BodyHandlers.discarding())
                    .statusCode();
        }
    }
}
