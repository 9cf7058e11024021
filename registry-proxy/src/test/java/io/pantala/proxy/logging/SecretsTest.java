package io.pantala.proxy.logging;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.LoggerContext;
import io.pantala.manifest.Digest;
import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.config.HostConfig;
import io.pantala.proxy.config.LinksConfig;
import io.pantala.proxy.config.NodeConfig;
import io.pantala.proxy.config.ProxyMode;
import io.pantala.proxy.config.SeedConfig;
import io.pantala.proxy.http.Access;
import io.pantala.proxy.node.Host;
import io.pantala.proxy.node.Seed;
import io.pantala.registry.FakeRegistry;
import io.pantala.registry.Upstreams;
import io.pantala.seed.cluster.ClusterOperator;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.Role;
import io.pantala.transport.identity.Token;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Nothing that opens anything is ever in a log, at any level; nor are engines' credentials in a metric or on a disk. */
class SecretsTest {
    private static final NodeAddress ANY = new NodeAddress("127.0.0.1", 0);
    private static final UpstreamName NAME = UpstreamName.parse("registry.test");
    private static final String REPOSITORY = "team/private";
    private static final String PASSWORD = "Zq7-correct-horse-battery-Xw3";
    private static final String BASIC =
            "Basic " + Base64.getEncoder().encodeToString(("robot:" + PASSWORD).getBytes(UTF_8));
    private static final String WRONG =
            "Basic " + Base64.getEncoder().encodeToString("robot:Hk4-mistyped-secret-Vb9".getBytes(UTF_8));
    private static final int PIECE = 10;

    @TempDir
    private Path directory;

    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final FakeRegistry registry = FakeRegistry.start();
    private final HttpClient http = HttpClient.newHttpClient();

    @AfterEach
    void close() {
        http.shutdownNow();
        registry.close();
        Logging.configure(LogConfig.DEFAULT);
    }

    @ParameterizedTest
    @EnumSource(LogConfig.Format.class)
    void noCredentialIsInAnyLogAtAnyLevel(LogConfig.Format format) throws Exception {
        Digest first = registry.blob(REPOSITORY, random(300_000));
        Digest second = registry.blob(REPOSITORY, random(300_000));
        List<String> secrets = new ArrayList<>(List.of(PASSWORD, BASIC, WRONG));
        log(new LogConfig(format, Level.TRACE));

        try (Seed seed = Seed.start(new SeedConfig(ANY, node("seed")));
                Host host = Host.start(new HostConfig(ANY, List.of(seed.listen()), NAME, node("host")))) {
            registry.requireBasic("robot", PASSWORD);
            assertThat(pull(host, first, BASIC)).isEqualTo(200);
            assertThat(pull(host, second, WRONG)).isEqualTo(401);

            registry.requireBearer("robot", PASSWORD).hide(REPOSITORY);
            String token = registry.issueToken(REPOSITORY);
            secrets.add(token);
            assertThat(pull(host, second, token)).isEqualTo(200);

            registry.expireTokens();
            assertThat(pull(host, second, token + "x")).isEqualTo(401);
            preheat(seed, BASIC);
        }

        String log = logged();
        assertThat(log).contains("TRACE", first.toString(), second.toString()).doesNotContain("no seed helps");
        for (String secret : secrets) {
            assertThat(pieces(secret)).noneMatch(log::contains);
        }
    }

    @Test
    void noCredentialIsInAnyMetricOrFileOrInWhatIsExplained() throws Exception {
        Digest blob = registry.blob(REPOSITORY, random(300_000));
        String type = "application/vnd.oci.image.index.v1+json";
        registry.manifest(REPOSITORY, "1", type, "{\"schemaVersion\":2,\"manifests\":[]}".getBytes(UTF_8));
        List<String> told = new ArrayList<>();
        String token;

        try (Seed seed = Seed.start(new SeedConfig(ANY, node("seed")));
                Host host = Host.start(new HostConfig(ANY, List.of(seed.listen()), NAME, node("host")))) {
            registry.requireBasic("robot", PASSWORD);
            assertThat(pull(host, blob, BASIC)).isEqualTo(200);
            assertThat(ask(host, "manifests/1", BASIC)).isEqualTo(200);
            assertThat(ask(host, "manifests/1", WRONG)).isEqualTo(401);
            registry.requireBearer("robot", PASSWORD).hide(REPOSITORY);
            token = registry.issueToken(REPOSITORY);
            assertThat(ask(host, "manifests/1", token)).isEqualTo(200);
            for (NodeAddress admin : List.of(seed.admin(), host.admin())) {
                told.add(read(admin, "/metrics"));
                told.add(read(admin, "/explain/" + blob));
                told.add(read(admin, "/settings"));
            }
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                told.add(Files.readString(file, ISO_8859_1));
            }
        }

        assertThat(told).hasSizeGreaterThan(12);
        for (String secret : List.of(PASSWORD, BASIC, WRONG, token)) {
            assertThat(pieces(secret)).noneMatch(piece -> told.stream().anyMatch(each -> each.contains(piece)));
        }
    }

    private String read(NodeAddress admin, String path) throws IOException, InterruptedException {
        return http.send(
                        HttpRequest.newBuilder(URI.create("http://" + admin + path))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
    }

    @Test
    void noTokenTicketOrKeyOfAClusterIsInAnyLogAtAnyLevel() throws Exception {
        Digest blob = registry.blob(REPOSITORY, random(300_000));
        log(new LogConfig(LogConfig.Format.TEXT, Level.TRACE));
        List<String> secrets = new ArrayList<>();

        try (Seed seed = Seed.start(new SeedConfig(ANY, node("seed")))) {
            ClusterOperator operator = ClusterOperator.of(directory.resolve("seed"), InstantSource.system());
            Token token = operator.newToken(Role.HOST, Optional.empty());
            Token api = operator.newApiToken();
            secrets.addAll(List.of(token.secret(), api.secret()));
            try (Host host = Host.start(new HostConfig(
                    ANY,
                    LinksConfig.joining(List.of(seed.listen()), token, ANY),
                    NAME,
                    ProxyMode.DEFAULT,
                    Access.open(),
                    true,
                    true,
                    node("host")))) {
                await().atMost(Duration.ofSeconds(30))
                        .until(() -> Files.exists(directory.resolve("host/identity/identity.json")));
                await().atMost(Duration.ofSeconds(30))
                        .until(() -> written.toString(UTF_8).contains("seed linked"));
                assertThat(pull(host, blob, "")).isEqualTo(200);
            }
            assertThat(http.send(
                                    HttpRequest.newBuilder(URI.create("http://" + seed.listen() + "/api/v1/nodes"))
                                            .header("Authorization", "Bearer " + api.secret())
                                            .build(),
                                    HttpResponse.BodyHandlers.discarding())
                            .statusCode())
                    .isEqualTo(401);
        }
        for (String file : List.of("host/identity/identity.json", "seed/cluster/state.json")) {
            Matcher key = Pattern.compile(
                            "-----BEGIN PRIVATE KEY-----\\\\n(.+?)\\\\n-----END|\"privateKey\":\"([^\"]+)")
                    .matcher(Files.readString(directory.resolve(file)));
            while (key.find()) {
                secrets.add(key.group(1) == null ? key.group(2) : key.group(1).replace("\\n", ""));
            }
        }
        assertThat(secrets).hasSizeGreaterThanOrEqualTo(5);

        String log = logged();
        assertThat(log).contains("TRACE", "download complete", blob.toString());
        for (String secret : secrets) {
            // A key's beginning says nothing but of what kind it is.
            assertThat(pieces(secret.substring(secret.length() > 60 ? 60 : 0))).noneMatch(log::contains);
        }
        assertThat(log).doesNotContain("Pantala-Ticket:").doesNotContainPattern("\\bAQ[0-9A-Za-z_-]{150,}");
    }

    @Test
    void aRequestOfAnEngineIsFoundInTheLogOfTheSeed() throws Exception {
        Digest blob = registry.blob(REPOSITORY, random(300_000));
        log(LogConfig.DEFAULT);

        try (Seed seed = Seed.start(new SeedConfig(ANY, node("seed")));
                Host host = Host.start(new HostConfig(ANY, List.of(seed.listen()), NAME, node("host")))) {
            assertThat(pull(host, blob, "")).isEqualTo(200);
        }

        String log = logged();
        Matcher request = Pattern.compile("ProxyServer: GET \\S+ request=(\\S+) .*status=200")
                .matcher(log);
        assertThat(request.find()).isTrue();
        assertThat(log).containsPattern("Backfills: backfill started .*request=" + Pattern.quote(request.group(1)));
    }

    private void log(LogConfig config) {
        Logging.configure((LoggerContext) LoggerFactory.getILoggerFactory(), config, written);
    }

    /** All that was to be logged; the log goes back to stderr. */
    private String logged() {
        Logging.configure(LogConfig.DEFAULT);
        return written.toString(UTF_8);
    }

    private int pull(Host host, Digest blob, String authorization) throws IOException, InterruptedException {
        return ask(host, "blobs/" + blob, authorization);
    }

    private int ask(Host host, String what, String authorization) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://" + host.listen() + "/v2/" + REPOSITORY + "/" + what))
                .timeout(Duration.ofSeconds(60));
        if (!authorization.isEmpty()) {
            request.header("Authorization", authorization);
        }
        return http.send(request.build(), HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    private void preheat(Seed seed, String authorization) throws IOException, InterruptedException {
        String image = NAME + "/" + REPOSITORY + ":none";
        http.send(
                HttpRequest.newBuilder(URI.create("http://" + seed.listen() + "/api/v1/preheats"))
                        .header("X-Registry-Authorization", authorization)
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString("{\"type\":\"image\",\"url\":\"" + image + "\"}"))
                        .timeout(Duration.ofSeconds(60))
                        .build(),
                HttpResponse.BodyHandlers.discarding());
    }

    private NodeConfig node(String name) {
        return new NodeConfig(
                ANY,
                directory.resolve(name),
                OptionalLong.of(10 << 20),
                new Upstreams(List.of(registry.upstream(NAME.value()))),
                Duration.ofSeconds(1),
                LogConfig.DEFAULT);
    }

    /** Each part of it that is long enough to be worth something, without the scheme before it. */
    private static List<String> pieces(String secret) {
        String bare = secret.substring(secret.indexOf(' ') + 1);
        List<String> pieces = new ArrayList<>();
        for (int i = 0; i + PIECE <= bare.length(); i++) {
            pieces.add(bare.substring(i, i + PIECE));
        }
        return pieces;
    }

    private static byte[] random(int size) {
        byte[] bytes = new byte[size];
        new Random().nextBytes(bytes);
        return bytes;
    }
}
