package io.pantala.seed.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pantala.registry.FakeRegistry;
import io.pantala.registry.RegistryClient;
import io.pantala.registry.RegistryConfig;
import io.pantala.registry.RegistryListener;
import io.pantala.registry.Upstreams;
import io.pantala.seed.http.SeedServer;
import io.pantala.seed.preheat.FakeImage;
import io.pantala.seed.preheat.PreheatConfig;
import io.pantala.seed.preheat.PreheatListener;
import io.pantala.seed.preheat.Preheats;
import io.pantala.seed.preheat.StoringFiller;
import io.pantala.store.BlobStore;
import io.pantala.store.StoreConfig;
import io.pantala.store.StoreListener;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.TestCluster;
import io.pantala.transport.identity.Role;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PreheatApiTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String PREHEATS = "/api/v1/preheats";
    private static final String WISH = "{\"type\":\"image\",\"url\":\"registry.example/team/app:1\"}";

    @TempDir
    Path directory;

    private final FakeRegistry registry = FakeRegistry.start();
    private final FakeImage image = new FakeImage(registry, "team/app");
    private final Vertx vertx = Vertx.vertx();
    private final RegistryClient client = new RegistryClient(
            vertx,
            new Upstreams(List.of(registry.upstream("registry.example"))),
            RegistryConfig.DEFAULT,
            RegistryListener.NONE);
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private BlobStore store;
    private StoringFiller filler;
    private Preheats preheats;
    private SeedServer server;

    @BeforeEach
    void open() throws Exception {
        store = BlobStore.open(
                new StoreConfig(directory.resolve("store"), OptionalLong.of(100 << 20)),
                StoreListener.NONE,
                Clock.systemUTC());
        filler = new StoringFiller(store, image.blobs());
        preheats = new Preheats(
                filler,
                client,
                new PreheatConfig(1, 1, 2, Duration.ofHours(1), Duration.ofMillis(1), Duration.ofSeconds(20)),
                PreheatListener.NONE,
                InstantSource.system());
        PreheatApi api = new PreheatApi(vertx, preheats);
        server = SeedServer.start(
                vertx,
                new NodeAddress("127.0.0.1", 0),
                new TestCluster().tls(Role.SEED, "seed"),
                TestCluster.open(),
                List.of(api::mount));
    }

    @AfterEach
    void close() throws Exception {
        http.shutdownNow();
        server.close(Duration.ZERO);
        preheats.close();
        registry.close();
        client.close();
        vertx.close().await(10, TimeUnit.SECONDS);
        store.close();
    }

    @Test
    void takesAPreheatAndTellsHowItComesAlong() throws Exception {
        image.manifest("1", image.blob(10), image.blob(300_000));

        HttpResponse<String> accepted = post(WISH);

        assertThat(accepted.statusCode()).isEqualTo(202);
        String location = accepted.headers().firstValue("Location").orElseThrow();
        assertThat(location)
                .isEqualTo(PREHEATS + "/" + json(accepted).path("id").asText());
        await().atMost(Duration.ofSeconds(20))
                .until(() -> json(get(location)).path("state").asText().equals("SUCCEEDED"));
        JsonNode preheat = json(get(location));
        assertThat(preheat.path("type").asText()).isEqualTo("image");
        assertThat(preheat.path("url").asText()).isEqualTo("registry.example/team/app:1");
        assertThat(preheat.path("bytesDone").asLong()).isEqualTo(300_010);
        assertThat(preheat.path("bytesTotal").asLong()).isEqualTo(300_010);
        assertThat(preheat.path("digest").asText()).startsWith("sha256:");
        assertThat(preheat.path("finished").asText()).endsWith("Z");
        assertThat(preheat.has("error")).isFalse();
        assertThat(preheat.path("blobs"))
                .hasSize(2)
                .allSatisfy(blob -> assertThat(blob.path("state").asText()).isEqualTo("SUCCEEDED"));
        assertThat(json(get(PREHEATS)).path("preheats")).singleElement().satisfies(listed -> {
            assertThat(listed.path("id")).isEqualTo(preheat.path("id"));
            assertThat(listed.has("blobs")).isFalse();
        });
    }

    @Test
    void passesOnTheRegistrysCredentialsAndNeverShowsThem() throws Exception {
        registry.requireBasic("ann", "s3cret");
        image.manifest("1", image.blob(10));
        String basic = "Basic " + Base64.getEncoder().encodeToString("ann:s3cret".getBytes(StandardCharsets.UTF_8));

        String location = send(request(PREHEATS)
                        .header("Content-Type", "application/json")
                        .header("X-Registry-Authorization", basic)
                        .POST(HttpRequest.BodyPublishers.ofString(WISH)))
                .headers()
                .firstValue("Location")
                .orElseThrow();

        await().atMost(Duration.ofSeconds(20))
                .until(() -> json(get(location)).path("state").asText().equals("SUCCEEDED"));
        assertThat(get(location).body()).doesNotContain("ann", basic.substring(6));
    }

    @Test
    void stopsOneThatIsDeleted() throws Exception {
        filler.gate(new CountDownLatch(1));
        image.manifest("1", image.blob(10));
        String location = post(WISH).headers().firstValue("Location").orElseThrow();

        HttpResponse<String> deleted = send(request(location).DELETE());

        assertThat(deleted.statusCode()).isEqualTo(200);
        assertThat(json(deleted).path("state").asText()).isEqualTo("CANCELLED");
        assertThat(json(get(location)).path("state").asText()).isEqualTo("CANCELLED");
    }

    @Test
    void tellsTheReasonOfAFailure() throws Exception {
        String location = post(WISH).headers().firstValue("Location").orElseThrow();

        await().atMost(Duration.ofSeconds(20))
                .until(() -> json(get(location)).path("state").asText().equals("FAILED"));
        assertThat(json(get(location)).path("error").asText()).contains("no manifest 1");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "                                                              | JSON object",
                "{                                                             | is not JSON",
                "[]                                                            | JSON object",
                "{} {}                                                         | is not JSON",
                "{\"type\":\"image\"}                                          | 'url' is missing",
                "{\"url\":\"nginx\"}                                           | 'type' is missing",
                "{\"type\":\"image\",\"url\":7}                                | 'url' is missing",
                "{\"type\":\"file\",\"url\":\"nginx\"}                         | unknown type 'file'",
                "{\"type\":\"image\",\"url\":\"nginx\",\"arch\":1}             | unknown field 'arch'",
                "{\"type\":\"image\",\"url\":\"nginx\",\"url\":\"redis\"}      | is not JSON",
                "{\"type\":\"image\",\"url\":\"NGINX\"}                        | 'url' is not an image",
                "{\"type\":\"image\",\"url\":\"https://docker.io/a\"}          | no scheme",
                "{\"type\":\"image\",\"url\":\"nginx\",\"platforms\":\"a/b\"}  | 'platforms' must be a list",
                "{\"type\":\"image\",\"url\":\"nginx\",\"platforms\":[\"x\"]}  | 'platforms'",
                "{\"type\":\"image\",\"url\":\"nginx\",\"platforms\":[{}]}     | 'platforms'",
            })
    void saysWhatIsWrongWithARequest(String body, String said) throws Exception {
        assertProblem(post(body == null ? "" : body), 400, said);
    }

    @Test
    void refusesJsonThatIsNestedDeeply() throws Exception {
        assertProblem(post("[".repeat(60_000)), 400, "is not JSON");
        assertProblem(post("{\"type\":".repeat(5_000)), 400, "is not JSON");
        assertProblem(
                post("{\"type\":\"image\",\"url\":\"nginx\",\"platforms\":%s%s}"
                        .formatted("[".repeat(900), "]".repeat(900))),
                400,
                "'platforms'");
    }

    @Test
    void refusesARegistryThatIsNotConfigured() throws Exception {
        assertProblem(
                post("{\"type\":\"image\",\"url\":\"elsewhere.example/a\"}"), 403, "upstreams.elsewhere.example.url");
    }

    @Test
    void refusesACredentialThatIsNone() throws Exception {
        HttpResponse<String> response = send(request(PREHEATS)
                .header("Content-Type", "application/json")
                .header("X-Registry-Authorization", "ann:s3cret")
                .POST(HttpRequest.BodyPublishers.ofString(WISH)));
        assertProblem(response, 400, "X-Registry-Authorization");
        assertThat(response.body()).doesNotContain("s3cret");
    }

    @Test
    void wantsJsonToBeCalledJson() throws Exception {
        assertProblem(
                send(request(PREHEATS)
                        .header("Content-Type", "text/plain")
                        .POST(HttpRequest.BodyPublishers.ofString(WISH))),
                415,
                "application/json");
        assertThat(preheats.list()).isEmpty();
    }

    @Test
    void takesNoLargeBody() throws Exception {
        assertProblem(post(WISH + " ".repeat(64 << 10)), 413, "larger than");
    }

    @Test
    void takesNoMorePreheatsThanItRemembers() throws Exception {
        filler.gate(new CountDownLatch(1));
        image.manifest("1", image.blob(10));
        post(WISH);
        post(WISH);

        HttpResponse<String> third = post(WISH);

        assertProblem(third, 429, "unfinished");
        assertThat(third.headers().firstValue("Retry-After")).contains("60");
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /api/v1/preheats/0123, no such preheat",
        "DELETE, /api/v1/preheats/0123, no such preheat",
        "GET, /api/v1/preheats/, no such preheat",
        "GET, /api/v1/preheats/a/b, no such preheat",
        "GET, /api/v2/preheats, nothing at this path",
        "POST, /api/, nothing at this path",
    })
    void knowsNothingElse(String method, String path, String said) throws Exception {
        assertProblem(send(request(path).method(method, HttpRequest.BodyPublishers.noBody())), 404, said);
    }

    @ParameterizedTest
    @CsvSource({
        "PUT, /api/v1/preheats, 'GET, POST'",
        "DELETE, /api/v1/preheats, 'GET, POST'",
        "POST, /api/v1/preheats/0123, 'GET, DELETE'",
    })
    void saysWhichMethodsThereAre(String method, String path, String allowed) throws Exception {
        HttpResponse<String> response = send(request(path).method(method, HttpRequest.BodyPublishers.noBody()));
        assertProblem(response, 405, allowed);
        assertThat(response.headers().firstValue("Allow")).contains(allowed);
    }

    @Test
    void forgetsARequestWhoseSenderLeavesInTheMiddle() throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.getOutputStream()
                    .write(("POST " + PREHEATS + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                                    + "Content-Length: 100\r\n\r\n" + WISH)
                            .getBytes(StandardCharsets.US_ASCII));
        }
        assertThat(get(PREHEATS).statusCode()).isEqualTo(200);
        assertThat(preheats.list()).isEmpty();
    }

    private static void assertProblem(HttpResponse<String> response, int status, String said) throws IOException {
        assertThat(response.statusCode()).isEqualTo(status);
        assertThat(response.headers().firstValue("Content-Type")).contains("application/problem+json");
        assertThat(json(response).path("status").asInt()).isEqualTo(status);
        assertThat(json(response).path("detail").asText()).contains(said);
    }

    private HttpResponse<String> post(String body) throws Exception {
        return send(request(PREHEATS)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    private HttpResponse<String> get(String path) throws Exception {
        return send(request(path));
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                .timeout(Duration.ofSeconds(20));
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private static JsonNode json(HttpResponse<String> response) throws IOException {
        return JSON.readTree(response.body());
    }
}
