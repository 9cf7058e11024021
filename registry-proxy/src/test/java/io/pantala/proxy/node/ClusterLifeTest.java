package io.pantala.proxy.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pantala.manifest.Digest;
import io.pantala.seed.cluster.ClusterConfig;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.Authority;
import io.pantala.transport.identity.NodeIdentity;
import io.pantala.transport.identity.Role;
import io.pantala.transport.identity.Token;
import io.pantala.transport.join.JoinException;
import io.pantala.transport.join.Joining;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What becomes of a cluster over days. */
@Timeout(180)
class ClusterLifeTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String FROM_SEED = "pantala_source_bytes_total{source=\"seed\"}";
    private static final double ALMOST_A_DAY = Duration.ofHours(23).toSeconds();

    @TempDir
    private Path directory;

    private final Vertx vertx = Vertx.vertx();
    private final Fleet.Shifted clock = new Fleet.Shifted();
    private Fleet fleet;

    @BeforeEach
    void open() {
        fleet = new Fleet(directory);
    }

    @AfterEach
    void close() throws Exception {
        fleet.close();
        vertx.close().await(10, TimeUnit.SECONDS);
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void nodesWhoseClocksAreMinutesApartWorkTogether() throws Exception {
        Fleet.Shifted fast = new Fleet.Shifted();
        Fleet.Shifted slow = new Fleet.Shifted();
        fast.to(Duration.ofMinutes(4));
        slow.to(Duration.ofMinutes(-4));
        Seed seed = fleet.seed("seed", Fleet.tuning(fast));
        Host host = fleet.host("host", fleet.token("seed"), Fleet.tuning(slow), seed.listen());

        fleet.awaitLinks(host, 1);
        pullThroughTheSeed(host);
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void certificatesAreRenewedWellBeforeTheyEnd() throws Exception {
        Seed seed = fleet.seed("seed", Fleet.tuning(clock));
        Host host = fleet.host("host", fleet.token("seed"), Fleet.tuning(clock), seed.listen());
        fleet.awaitLinks(host, 1);

        for (int step = 1; step <= 3; step++) {
            clock.to(Duration.ofHours(14).multipliedBy(step));
            awaitFreshCertificates(seed, host);
        }

        fleet.awaitLinks(host, 1);
        pullThroughTheSeed(host);
        assertThat(fleet.metric(seed.admin(), "pantala_joins_total{outcome=\"renewed\"}"))
                .isGreaterThanOrEqualTo(3);
        assertThat(fleet.metric(seed.admin(), "pantala_joins_total{outcome=\"joined\"}"))
                .isEqualTo(1);
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void anAuthorityIsReplacedWhileBothAreTrustedAndThenTheOldOneIsForgotten() throws Exception {
        Seed seed = fleet.seed("seed", Fleet.tuning(clock));
        Token old = fleet.token("seed");
        Host host = fleet.host("host", old, Fleet.tuning(clock), seed.listen());
        fleet.awaitLinks(host, 1);

        fleet.operator("seed").rotate(Duration.ofDays(2));
        Token fresh = fleet.token("seed");
        assertThat(fresh.authority()).isNotEqualTo(old.authority());

        pullThroughTheSeed(host);
        await().atMost(PATIENCE).ignoreExceptions().until(() -> join(seed, "with-the-new", fresh));
        await().atMost(PATIENCE).ignoreExceptions().until(() -> join(seed, "with-the-old", old));

        // Hosts turn to the new authority within minutes, and then live on by it alone.
        clock.to(Duration.ofMinutes(11));
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(fleet.metric(seed.admin(), "pantala_joins_total{outcome=\"renewed\"}"))
                        .isPositive());
        for (int step = 1; step <= 4; step++) {
            clock.to(Duration.ofHours(14).multipliedBy(step));
            awaitFreshCertificates(seed, host);
        }

        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThatThrownBy(() -> join(seed, "late", old))
                        .isInstanceOf(JoinException.class)
                        .hasMessageContaining("does not belong to the authority that the token names"));
        assertThat(join(seed, "later", fresh)).isTrue();
        fleet.awaitLinks(host, 1);
        pullThroughTheSeed(host);
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void aHostThatIsShutOutServesItsEnginesAloneUntilItIsLetInAgain() throws Exception {
        Seed seed = fleet.seed("seed");
        Host host = fleet.host("host", fleet.token("seed"), seed.listen());
        fleet.awaitLinks(host, 1);

        assertThat(shutOut(seed, "PUT")).isEqualTo(204);
        fleet.awaitLinks(host, 0);
        pullPastTheSeed(host);
        assertThat(ask(seed, "GET", "nodes").body()).contains("\"shutOut\":[\"" + fleet.name("host") + "\"]");

        assertThat(shutOut(seed, "DELETE")).isEqualTo(204);
        fleet.awaitLinks(host, 1);
        pullThroughTheSeed(host);
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void aSeedTakesAnAuthorityThatWasMadeElsewhereAndTurnsToTheNextOneItIsGiven() throws Exception {
        Authority first = Authority.create(Instant.now());
        Authority second = Authority.create(Instant.now());
        Seed seed = fleet.seed("seed", Optional.of(given(first, first)));
        Token old = fleet.token("seed");
        assertThat(old.authority()).isEqualTo(first.fingerprint());
        await().atMost(PATIENCE).ignoreExceptions().until(() -> join(seed, "one", old));
        seed.close();

        Seed again = fleet.seed("seed", Optional.of(given(second, second)));

        assertThat(fleet.token("seed").authority()).isEqualTo(second.fingerprint());
        await().atMost(PATIENCE).ignoreExceptions().until(() -> join(again, "two", old));
        again.close();
        assertThatThrownBy(() -> fleet.seed("seed", Optional.of(given(first, second))))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("cluster.ca ")
                .message()
                .doesNotContain("\n");
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void aSeedOnAllAddressesIsReachedByBothFamilies() throws Exception {
        fleet.at("::");
        Seed seed = fleet.seed("seed");

        for (String address : new String[] {"127.0.0.1", "::1"}) {
            Host host = fleet.host(
                    "host-at-" + address.length(),
                    fleet.token("seed"),
                    new NodeAddress(address, seed.listen().port()));
            fleet.awaitLinks(host, 1);
            pullThroughTheSeed(host);
        }
    }

    private ClusterConfig.Given given(Authority certificate, Authority key) throws IOException {
        Path made = Files.createTempDirectory(directory, "authority");
        return new ClusterConfig.Given(
                Files.writeString(made.resolve("ca.pem"), certificate.certificatePem()),
                Files.writeString(made.resolve("ca-key.pem"), key.keyPem()));
    }

    private boolean join(Seed seed, String name, Token token) throws JoinException {
        return new Joining(vertx, new NodeIdentity(Role.HOST, name), clock)
                .join(seed.listen(), token)
                .certificate()
                .identity()
                .name()
                .equals(name);
    }

    private void awaitFreshCertificates(Seed seed, Host host) {
        for (NodeAddress admin : new NodeAddress[] {seed.admin(), host.admin()}) {
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(fleet.metric(admin, "pantala_certificate_remaining_seconds"))
                            .isGreaterThan(ALMOST_A_DAY));
        }
    }

    private void pullThroughTheSeed(Host host) throws Exception {
        double before = fleet.metric(host.admin(), FROM_SEED);
        int size = pull(host);
        fleet.awaitFromSeed(host, before + size);
    }

    private void pullPastTheSeed(Host host) throws Exception {
        double before = fleet.metric(host.admin(), FROM_SEED);
        pull(host);
        assertThat(fleet.metric(host.admin(), FROM_SEED)).isEqualTo(before);
    }

    private int pull(Host host) throws Exception {
        byte[] bytes = fleet.bytes(300_000);
        Digest blob = fleet.registry.blob(Fleet.REPOSITORY, bytes);
        assertThat(fleet.pull(host, blob).body()).isEqualTo(bytes);
        return bytes.length;
    }

    private int shutOut(Seed seed, String method) throws Exception {
        return ask(seed, method, "shut-outs/" + fleet.name("host")).statusCode();
    }

    private HttpResponse<String> ask(Seed seed, String method, String path) throws Exception {
        return fleet.http.send(
                HttpRequest.newBuilder(URI.create("http://" + seed.listen() + "/api/v1/" + path))
                        .timeout(PATIENCE)
                        .method(method, HttpRequest.BodyPublishers.noBody())
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }
}
