package io.pantala.proxy.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pantala.manifest.Digest;
import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.config.HostConfig;
import io.pantala.proxy.config.LinksConfig;
import io.pantala.proxy.config.NodeConfig;
import io.pantala.proxy.config.ProxyMode;
import io.pantala.proxy.config.SeedConfig;
import io.pantala.proxy.http.Access;
import io.pantala.proxy.logging.LogConfig;
import io.pantala.proxy.node.Host;
import io.pantala.proxy.node.Seed;
import io.pantala.registry.Upstream;
import io.pantala.registry.Upstreams;
import io.pantala.seed.cluster.ClusterOperator;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.Token;
import java.io.ByteArrayInputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code pantala token} and {@code pantala nodes}, as an operator uses them. */
@Timeout(120)
class ClusterCommandsTest {
    private static final NodeAddress ANY = new NodeAddress("127.0.0.1", 0);
    private static final UpstreamName NAME = UpstreamName.parse("registry.test");

    @TempDir
    private Path directory;

    private StringWriter out = new StringWriter();
    private StringWriter err = new StringWriter();
    private Path tokens;
    private Seed seed;

    @BeforeEach
    void open() throws Exception {
        tokens = Files.writeString(directory.resolve("api-tokens"), "");
        seed = Seed.start(new SeedConfig(
                ANY, List.of(), Optional.empty(), Optional.empty(), false, Optional.of(tokens), node("seed")));
    }

    @AfterEach
    void close() {
        seed.close();
    }

    @Test
    void aTokenIsTheAuthoritysFingerprintAndASecretWhoseHashAloneIsKept() throws Exception {
        Token token = Token.parse(token());

        assertThat(token.authority().hex()).isEqualTo(fingerprint(authority()));
        assertThat(token.secret()).hasSize(43);
        String state = Files.readString(directory.resolve("seed/cluster/state.json"));
        assertThat(state).contains(token.hash().toString()).doesNotContain(token.secret());
        assertThat(Token.parse(token())).isNotEqualTo(token);
    }

    @Test
    void aHostJoinsWithWhatWasPrintedAndIsShownAndShutOutAndLetInAgain() throws Exception {
        try (Host host = Host.start(new HostConfig(
                ANY,
                LinksConfig.joining(List.of(seed.listen()), Token.parse(token()), ANY),
                NAME,
                ProxyMode.DEFAULT,
                Access.open(),
                true,
                true,
                node("host")))) {
            String name = Files.readString(directory.resolve("host/name")).strip();
            awaitNodes(name + "  127.0.0.1:[0-9]+  pantala/\\S+  since \\S+Z");

            assertThat(run("nodes", "--shut-out", name, seedFlag())).isZero();
            awaitNodes(name + "  shut out");

            assertThat(run("nodes", "--let-in", name, seedFlag())).isZero();
            awaitNodes(name + "  127.0.0.1:[0-9]+  .*");
            assertThat(host.peers()).isPresent();
        }
    }

    private void awaitNodes(String line) {
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            assertThat(run("nodes", seedFlag())).isZero();
            assertThat(out.toString().strip()).matches(line);
        });
    }

    @Test
    void tokensAreListedWithoutTheirSecretsAndRevoked() throws Exception {
        String printed = token("--expires", "30m");
        String id = Token.parse(printed).hash().encoded().substring(0, 12);

        assertThat(run("token", "--list", data())).isZero();
        assertThat(out.toString()).containsPattern(id + "  host  made \\S+Z  expires \\S+Z");
        assertThat(run("token", "--revoke", id, data())).isZero();
        assertThat(run("token", "--list", data())).isZero();
        assertThat(out.toString()).doesNotContain(id);

        assertThat(run("token", "--revoke", "nobody", data())).isEqualTo(1);
        assertThat(err.toString())
                .isEqualTo("pantala token: there is no token nobody; --list shows those that there are\n");
    }

    @Test
    void aTokenOfASeedIsForSeeds() throws Exception {
        token("--seed");
        assertThat(run("token", "--list", data())).isZero();
        assertThat(out.toString()).containsPattern("[0-9a-f]{12}  seed  made ");
    }

    @Test
    void rotatingPrintsATokenOfTheNewAuthorityAndKeepsTheOldOneTrusted() throws Exception {
        Token before = Token.parse(token());

        Token after = Token.parse(token("--rotate"));

        assertThat(err.toString()).contains("earlier tokens count for 48h more");
        assertThat(after.authority()).isNotEqualTo(before.authority());
        assertThat(run("token", "--ca", data())).isZero();
        assertThat(CertificateFactory.getInstance("X.509")
                        .generateCertificates(
                                new ByteArrayInputStream(out.toString().getBytes(StandardCharsets.US_ASCII))))
                .map(ClusterCommandsTest::fingerprint)
                .containsExactlyInAnyOrder(
                        before.authority().hex(), after.authority().hex());
    }

    @Test
    void anApiTokenIsGoodOnceItsHashIsInTheFileAndIsNeverInAFileItself() throws Exception {
        assertThat(run("token", "--api", "ann", "--append", tokens.toString(), data()))
                .isZero();
        String token = out.toString().strip();
        Path file = Files.writeString(directory.resolve("token"), token + "\n");

        assertThat(Files.readString(tokens))
                .isEqualTo(Token.parse(token).hash() + " ann\n")
                .doesNotContain(Token.parse(token).secret());
        await().atMost(Duration.ofSeconds(30))
                .until(() -> run("nodes", "--api-token-file", file.toString(), seedFlag()) == 0);
        Files.writeString(tokens, "");
        await().atMost(Duration.ofSeconds(30))
                .until(() -> run("nodes", "--api-token-file", file.toString(), seedFlag()) == 1);
        assertThat(err.toString()).startsWith("pantala nodes: the API token is not, or no longer, one of those");
    }

    @Test
    void aSeedOnAnotherMachineTakesAToken() {
        assertThat(run("nodes", "--seed", "seed.example:6462")).isEqualTo(2);
        assertThat(err.toString())
                .contains("--seed seed.example:6462 is on another machine: its API takes a token of `pantala token");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--list", "--rotate", "--ca", "--seed"})
    void whereNoSeedHasStartedThereIsNoCluster(String flag) {
        Path elsewhere = directory.resolve("elsewhere");
        assertThat(run("token", flag, "--data-dir", elsewhere.toString())).isEqualTo(1);
        assertThat(err.toString())
                .isEqualTo("pantala token: no cluster is kept in " + elsewhere
                        + ": --data-dir must name the directory of a seed that has been started before\n");
        assertThat(elsewhere).doesNotExist();
    }

    private String token(String... flags) {
        assertThat(run(Stream.concat(Stream.of("token", data()), Stream.of(flags))
                        .toArray(String[]::new)))
                .isZero();
        return out.toString().strip();
    }

    /** As openssl computes it: the sha256 of the public key. */
    private static String fingerprint(Certificate authority) {
        return Digest.sha256(authority.getPublicKey().getEncoded()).encoded();
    }

    private Certificate authority() throws Exception {
        return CertificateFactory.getInstance("X.509")
                .generateCertificate(
                        new ByteArrayInputStream(ClusterOperator.of(directory.resolve("seed"), InstantSource.system())
                                .rootsPem()
                                .getBytes(StandardCharsets.US_ASCII)));
    }

    private String data() {
        return "--data-dir=" + directory.resolve("seed");
    }

    private String seedFlag() {
        return "--seed=" + seed.listen();
    }

    private int run(String... arguments) {
        out = new StringWriter();
        err = new StringWriter();
        return Pantala.commandLine(Map.of(), new PrintWriter(out, true), new PrintWriter(err, true))
                .execute(arguments);
    }

    private NodeConfig node(String name) {
        return new NodeConfig(
                ANY,
                directory.resolve(name),
                OptionalLong.of(10 << 20),
                new Upstreams(List.of(new Upstream(NAME, URI.create("http://127.0.0.1:1")))),
                Duration.ofSeconds(1),
                LogConfig.DEFAULT);
    }
}
