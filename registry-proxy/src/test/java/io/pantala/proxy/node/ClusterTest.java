package io.pantala.proxy.node;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pantala.manifest.Digest;
import io.pantala.registry.Fault;
import io.pantala.transport.identity.Authority;
import io.pantala.transport.identity.Role;
import io.pantala.transport.identity.Token;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class ClusterTest {
    private Fleet fleet;

    @BeforeEach
    void open(@TempDir Path directory) {
        fleet = new Fleet(directory);
    }

    @AfterEach
    void close() throws Exception {
        fleet.close();
    }

    @ParameterizedTest
    @Execution(ExecutionMode.CONCURRENT)
    @ValueSource(strings = {"127.0.0.1", "127.0.0.2", "::1"})
    void aHostJoinsWithATokenAndPullsOverTls(String address) throws Exception {
        fleet.at(address);
        Seed seed = fleet.seed("seed");
        Host host = fleet.host("host", fleet.token("seed"), seed.listen());
        byte[] bytes = fleet.bytes(3_000_000);
        Digest blob = fleet.registry.blob(Fleet.REPOSITORY, bytes);

        fleet.awaitLinks(host, 1);
        HttpResponse<byte[]> pulled = fleet.pull(host, blob);

        assertThat(pulled.statusCode()).isEqualTo(200);
        assertThat(pulled.body()).isEqualTo(bytes);
        fleet.awaitFromSeed(host, bytes.length);
        assertThat(fleet.registry.bytesSent(blob)).isEqualTo(bytes.length);
        assertThat(fleet.metric(seed.admin(), "pantala_joins_total{outcome=\"joined\"}"))
                .isEqualTo(1);
        assertThat(fleet.metric(host.admin(), "pantala_certificate_remaining_seconds"))
                .isBetween(86_000.0, 86_400.0);
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void whomTheRegistryGaveToOnOneHostGetsItOnAnotherWhileTheRegistryIsDown() throws Exception {
        String known = "Basic " + Base64.getEncoder().encodeToString("ann:open".getBytes(UTF_8));
        String unknown = "Basic " + Base64.getEncoder().encodeToString("bob:open".getBytes(UTF_8));
        Seed seed = fleet.seed("seed");
        Host one = fleet.host("one", fleet.token("seed"), seed.listen());
        Host other = fleet.host("other", fleet.token("seed"), seed.listen());
        byte[] layer = fleet.bytes(300_000);
        Digest blob = fleet.registry.blob(Fleet.REPOSITORY, layer);
        byte[] manifest = fleet.image("1", blob, layer.length);
        fleet.registry.requireBasic("ann", "open");
        fleet.awaitLinks(one, 1);
        fleet.awaitLinks(other, 1);
        assertThat(fleet.get(one, "manifests/1", "Authorization", known).statusCode())
                .isEqualTo(200);
        assertThat(fleet.pull(one, blob, "Authorization", known).statusCode()).isEqualTo(200);

        fleet.registry.always("", Fault.status(503));

        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(fleet.get(other, "manifests/1", "Authorization", known)
                                .body())
                        .isEqualTo(manifest));
        assertThat(fleet.pull(other, blob, "Authorization", known).body()).isEqualTo(layer);
        for (String[] stranger : new String[][] {{"Authorization", unknown}, {}}) {
            assertThat(fleet.get(other, "manifests/1", stranger).statusCode()).isEqualTo(503);
            assertThat(fleet.pull(other, blob, stranger).statusCode()).isEqualTo(503);
        }
    }

    /** It keeps nothing on disk that says who may read what: hosts tell it again. */
    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void whomTheRegistryGaveToGetsItOnAnotherHostAfterTheOnlySeedWasStartedAnew() throws Exception {
        String known = "Basic " + Base64.getEncoder().encodeToString("ann:open".getBytes(UTF_8));
        String unknown = "Basic " + Base64.getEncoder().encodeToString("bob:open".getBytes(UTF_8));
        Seed seed = fleet.seed("seed");
        Host one = fleet.host("one", fleet.token("seed"), seed.listen());
        Host other = fleet.host("other", fleet.token("seed"), seed.listen());
        byte[] manifest = fleet.image("1", fleet.registry.blob(Fleet.REPOSITORY, fleet.bytes(1_000)), 1_000);
        fleet.registry.requireBasic("ann", "open");
        fleet.awaitLinks(one, 1);
        fleet.awaitLinks(other, 1);
        assertThat(fleet.get(one, "manifests/1", "Authorization", known).statusCode())
                .isEqualTo(200);
        // What the tag stands for, and that the repository holds it, seeds have on disk.
        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(fleet.directory("seed")
                                .resolve("notes")
                                .toFile()
                                .list())
                        .hasSizeGreaterThanOrEqualTo(2));

        seed.close();
        fleet.awaitLinks(one, 0);
        fleet.awaitLinks(other, 0);
        fleet.registry.always("", Fault.status(503));
        fleet.seed("seed", seed.listen());
        fleet.awaitLinks(one, 1);
        fleet.awaitLinks(other, 1);

        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(fleet.get(other, "manifests/1", "Authorization", known)
                                .body())
                        .isEqualTo(manifest));
        assertThat(fleet.get(other, "manifests/1", "Authorization", unknown).statusCode())
                .isEqualTo(503);
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void aHostThatIsNotLetInStillServesItsEngines() throws Exception {
        Seed seed = fleet.seed("seed");
        Token foreign = Token.create(Authority.create(Instant.now()).fingerprint());
        Token unknown = Token.create(fleet.token("seed").authority());
        byte[] bytes = fleet.bytes(300_000);
        Digest blob = fleet.registry.blob(Fleet.REPOSITORY, bytes);

        for (Token token : new Token[] {foreign, unknown}) {
            Host host = fleet.host("host-" + token.authority().hex() + token.hashCode(), token, seed.listen());

            assertThat(fleet.pull(host, blob).body()).isEqualTo(bytes);
            assertThat(fleet.metric(host.admin(), "pantala_seed_links")).isZero();
        }
        assertThat(fleet.metric(seed.admin(), "pantala_joins_total{outcome=\"refused_token\"}"))
                .isPositive();
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void aTokenIsForItsRoleAndItsTimeAlone() throws Exception {
        Seed seed = fleet.seed("seed");
        Token forSeeds = fleet.operator("seed").newToken(Role.SEED, Optional.empty());
        Token revoked = fleet.token("seed");
        fleet.operator("seed")
                .revoke(fleet.operator("seed").tokens().stream()
                        .filter(token -> token.role() == Role.HOST)
                        .findFirst()
                        .orElseThrow()
                        .id());

        Host first = fleet.host("first", forSeeds, seed.listen());
        Host second = fleet.host("second", revoked, seed.listen());

        await().untilAsserted(
                        () -> assertThat(fleet.metric(seed.admin(), "pantala_joins_total{outcome=\"refused_token\"}"))
                                .isGreaterThanOrEqualTo(2));
        assertThat(fleet.metric(first.admin(), "pantala_seed_links")).isZero();
        assertThat(fleet.metric(second.admin(), "pantala_seed_links")).isZero();
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void aHostComesBackWithTheCertificateItHad() throws Exception {
        Seed seed = fleet.seed("seed");
        Token token = fleet.token("seed");
        Host host = fleet.host("host", token, seed.listen());
        fleet.awaitLinks(host, 1);
        Path kept = fleet.directory("host").resolve("identity/identity.json");
        await().until(() -> Files.exists(kept));
        host.close();

        Host again = fleet.host("host", token, seed.listen());

        fleet.awaitLinks(again, 1);
        assertThat(fleet.metric(seed.admin(), "pantala_joins_total{outcome=\"joined\"}"))
                .isEqualTo(1);
        assertThat(Files.getPosixFilePermissions(kept))
                .extracting(Enum::name)
                .containsOnly("OWNER_READ", "OWNER_WRITE");
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void aSecondSeedGetsAllThatTheFirstKnows() throws Exception {
        Seed first = fleet.seed("first");
        Token forHosts = fleet.token("first");
        Token forSeeds = fleet.operator("first").newToken(Role.SEED, Optional.empty());
        Seed second = fleet.seed("second", forSeeds, first.listen());
        first.close();

        Host host = fleet.host("host", forHosts, second.listen());
        fleet.awaitLinks(host, 1);
        byte[] bytes = fleet.bytes(300_000);
        Digest blob = fleet.registry.blob(Fleet.REPOSITORY, bytes);

        assertThat(fleet.pull(host, blob).body()).isEqualTo(bytes);
        fleet.awaitFromSeed(host, bytes.length);
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void seedsTellOneAnotherOfTokensThatCameLater() throws Exception {
        Seed first = fleet.seed("first");
        Seed second =
                fleet.seed("second", fleet.operator("first").newToken(Role.SEED, Optional.empty()), first.listen());

        Host host = fleet.host("host", fleet.token("second"), first.listen());
        Host other = fleet.host("other", fleet.token("first"), second.listen());

        fleet.awaitLinks(host, 1);
        fleet.awaitLinks(other, 1);
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void aSeedThatMayNotJoinDoesNotStart() throws Exception {
        Seed first = fleet.seed("first");
        Token forHosts = fleet.token("first");

        assertThatThrownBy(() -> fleet.seed("second", forHosts, first.listen()))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("no seed lets this one join its cluster: " + first.listen())
                .hasMessageContaining("the token is for hosts: seeds join with one of `pantala token --seed`")
                .message()
                .doesNotContain("\n");
    }
}
