package io.pantala.proxy.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.config.HostConfig;
import io.pantala.proxy.config.NodeConfig;
import io.pantala.proxy.config.SeedConfig;
import io.pantala.proxy.logging.LogConfig;
import io.pantala.registry.FakeRegistry;
import io.pantala.registry.Fault;
import io.pantala.registry.Upstreams;
import io.pantala.transport.NodeAddress;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeTest {
    private static final NodeAddress ANY = new NodeAddress("127.0.0.1", 0);
    private static final UpstreamName NAME = UpstreamName.parse("registry.test");

    @TempDir
    private Path directory;

    private final FakeRegistry registry = FakeRegistry.start();
    private final HttpClient http = HttpClient.newHttpClient();

    @AfterEach
    void close() {
        http.shutdownNow();
        registry.close();
    }

    @Test
    void aHostAloneAnswersEnginesAndItsOperator() throws Exception {
        try (Host host = host("host")) {
            assertThat(host.addresses().keySet()).containsExactlyInAnyOrder("listen", "admin.listen");
            assertThat(get(host.listen(), "/v2/").statusCode()).isEqualTo(200);
            assertThat(get(host.admin(), "/readyz").statusCode()).isEqualTo(200);
            assertThat(get(host.admin(), "/healthz").statusCode()).isEqualTo(200);
            assertThat(get(host.admin(), "/metrics").body())
                    .contains("pantala_requests_total{status=\"200\"} 1.0")
                    .contains(
                            "pantala_upstream_requests_total{kind=\"ping\",status=\"200\",upstream=\"registry.test\"} 1.0");
        }
    }

    @Test
    void aHostWhoseSeedDoesNotAnswerIsReady() throws Exception {
        NodeAddress nobody;
        try (Seed seed = seed("gone")) {
            nobody = seed.listen();
        }
        try (Host host = host("host", List.of(nobody))) {
            assertThat(get(host.admin(), "/readyz").statusCode()).isEqualTo(200);
            assertThat(get(host.listen(), "/v2/").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void severalNodesRunInOneProcessAndNothingOfThemStays() throws Exception {
        NodeAddress listened;
        try (Seed seed = seed("seed");
                Host first = host("first", List.of(seed.listen()));
                Host second = host("second", List.of(seed.listen()))) {
            assertThat(seed.addresses().keySet()).containsExactlyInAnyOrder("seed.listen", "admin.listen");
            assertThat(first.listen()).isNotEqualTo(second.listen());
            await().untilAsserted(() ->
                    assertThat(get(first.admin(), "/metrics").body()).contains("pantala_seed_links 1.0"));
            listened = first.listen();
        }
        assertThatThrownBy(() -> get(listened, "/v2/")).isInstanceOf(ConnectException.class);
        try (Host again = host("first")) {
            assertThat(get(again.admin(), "/readyz").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void aDirectoryBelongsToOneNode() throws Exception {
        try (Host host = host("same")) {
            assertThatThrownBy(() -> seed("same"))
                    .isInstanceOf(StartException.class)
                    .hasMessageContaining(directory.resolve("same").toString())
                    .message()
                    .doesNotContain("\n");
            assertThat(get(host.admin(), "/readyz").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void anAddressThatIsTakenIsNamed() throws Exception {
        try (Host host = host("host")) {
            assertThatThrownBy(() -> Host.start(new HostConfig(host.listen(), List.of(), NAME, node("other", ANY))))
                    .isInstanceOf(StartException.class)
                    .hasMessageContaining("listen on " + host.listen());
            assertThatThrownBy(() -> Host.start(new HostConfig(ANY, List.of(), NAME, node("other", host.admin()))))
                    .isInstanceOf(StartException.class)
                    .hasMessageContaining("can't listen on " + host.admin());
            // what a failed start had opened is free again
            host("other").close();
        }
    }

    @Test
    void aDirectoryThatCannotBeMadeIsNamed() throws Exception {
        Files.writeString(directory.resolve("file"), "");

        assertThatThrownBy(() -> host("file/below"))
                .isInstanceOf(StartException.class)
                .hasMessageContaining(directory.resolve("file/below").toString());
    }

    @Test
    void aNodeKeepsItsNameAcrossRestarts() throws Exception {
        host("host").close();
        String name = Identity.of(directory.resolve("host"));
        host("host").close();

        assertThat(Identity.of(directory.resolve("host"))).isEqualTo(name).matches("[0-9a-f]{16}");
        assertThat(Identity.of(directory)).isNotEqualTo(name);
    }

    @Test
    void aStopLetsAResponseUnderWayEndAndTakesNothingNew() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        registry.next("/v2/", Fault.holdAfter(1, gate));
        try (Host host = host("host")) {
            CompletableFuture<HttpResponse<String>> running =
                    http.sendAsync(request(host.listen(), "/v2/"), HttpResponse.BodyHandlers.ofString());
            await().until(() -> !registry.requests().isEmpty());

            CompletableFuture<Void> drained = CompletableFuture.runAsync(host::drain);
            await().untilAsserted(() -> {
                HttpResponse<String> ready = get(host.admin(), "/readyz");
                assertThat(ready.statusCode()).isEqualTo(503);
                assertThat(ready.body()).isEqualTo("stopping\n");
            });
            await().untilAsserted(() ->
                    assertThatThrownBy(() -> get(host.listen(), "/v2/")).isInstanceOf(IOException.class));
            assertThat(drained).isNotDone();

            gate.countDown();
            assertThat(running.get(20, TimeUnit.SECONDS).body()).isEqualTo("{}");
            drained.get(20, TimeUnit.SECONDS);
        }
    }

    @Test
    void aStopWaitsNoLongerThanItMay() throws Exception {
        registry.next("/v2/", Fault.stallAfter(1));
        try (Host host = Host.start(new HostConfig(ANY, List.of(), NAME, node("host", ANY, Duration.ofMillis(200))))) {
            CompletableFuture<HttpResponse<String>> running =
                    http.sendAsync(request(host.listen(), "/v2/"), HttpResponse.BodyHandlers.ofString());
            await().until(() -> !registry.requests().isEmpty());

            host.drain();

            assertThat(running).failsWithin(Duration.ofSeconds(20));
        }
    }

    private Host host(String name) throws StartException {
        return host(name, List.of());
    }

    private Host host(String name, List<NodeAddress> seeds) throws StartException {
        return Host.start(new HostConfig(ANY, seeds, NAME, node(name, ANY)));
    }

    private Seed seed(String name) throws StartException {
        return Seed.start(new SeedConfig(ANY, node(name, ANY)));
    }

    private NodeConfig node(String name, NodeAddress admin) {
        return node(name, admin, Duration.ofSeconds(30));
    }

    private NodeConfig node(String name, NodeAddress admin, Duration drain) {
        return new NodeConfig(
                admin,
                directory.resolve(name),
                OptionalLong.of(1 << 20),
                new Upstreams(List.of(registry.upstream(NAME.value()))),
                drain,
                LogConfig.DEFAULT);
    }

    private HttpResponse<String> get(NodeAddress node, String path) throws IOException, InterruptedException {
        return http.send(request(node, path), HttpResponse.BodyHandlers.ofString());
    }

    private static HttpRequest request(NodeAddress node, String path) {
        return HttpRequest.newBuilder(URI.create("http://" + node + path))
                .timeout(Duration.ofSeconds(30))
                .build();
    }
}
