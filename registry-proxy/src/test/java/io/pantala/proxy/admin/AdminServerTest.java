package io.pantala.proxy.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.concurrent.EventExecutor;
import io.pantala.proxy.history.History;
import io.pantala.transport.NodeAddress;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AdminServerTest {
    private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(4));
    private final HttpClient http = HttpClient.newHttpClient();

    private volatile List<String> missing = List.of();
    private int port;
    private final History history = new History(InstantSource.system(), 100);

    @BeforeEach
    void listen() throws Exception {
        port = new AdminServer(
                        vertx,
                        () -> missing,
                        () -> "some_metric 1\n",
                        history,
                        _ -> Optional.empty(),
                        Map.of("data-dir", "/a \"b\""),
                        Duration.ofMillis(300))
                .listen(new NodeAddress("127.0.0.1", 0))
                .toCompletionStage()
                .toCompletableFuture()
                .get(10, TimeUnit.SECONDS);
    }

    @AfterEach
    void close() throws Exception {
        http.close();
        vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }

    @Test
    void whatItRunsWithIsToldToWhoeverJudgesIt() throws Exception {
        assertThat(get("/settings").body()).isEqualTo("{\"data-dir\":\"/a \\\"b\\\"\"}");
    }

    @Test
    void aNodeThatLacksNothingIsReady() throws Exception {
        assertThat(get("/readyz").statusCode()).isEqualTo(200);
    }

    @Test
    void aNodeThatLacksSomethingSaysWhat() throws Exception {
        missing = List.of("stopping", "can't write to /data");

        HttpResponse<String> answer = get("/readyz");

        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(answer.body()).isEqualTo("stopping\ncan't write to /data\n");
        assertThat(get("/healthz").statusCode()).isEqualTo(200);
    }

    @Test
    void metricsAreInPrometheusTextFormat() throws Exception {
        HttpResponse<String> answer = get("/metrics");

        assertThat(answer.body()).isEqualTo("some_metric 1\n");
        assertThat(answer.headers().firstValue("Content-Type")).contains("text/plain; version=0.0.4; charset=utf-8");
    }

    @Test
    void aNodeOneOfWhoseEventLoopsStandsStillIsNotHealthy() throws Exception {
        assertThat(get("/healthz").statusCode()).isEqualTo(200);

        CountDownLatch release = new CountDownLatch(1);
        CountDownLatch stuck = new CountDownLatch(1);
        otherEventLoop().execute(() -> {
            stuck.countDown();
            try {
                release.await(30, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        stuck.await();
        try {
            assertThat(get("/healthz").statusCode()).isEqualTo(503);
        } finally {
            release.countDown();
        }
        assertThat(get("/healthz").statusCode()).isEqualTo(200);
    }

    @Test
    void headIsAnsweredAndOtherMethodsAndPathsAreNot() throws Exception {
        assertThat(send("HEAD", "/healthz").statusCode()).isEqualTo(200);
        assertThat(send("POST", "/healthz").statusCode()).isEqualTo(405);
        assertThat(get("/metrics/").statusCode()).isEqualTo(404);
    }

    /** One that the admin server does not run on: of that one, the silence would tell. */
    private EventExecutor otherEventLoop() {
        EventExecutor own = ((ContextInternal) vertx.getOrCreateContext()).nettyEventLoop();
        for (EventExecutor loop : ((VertxInternal) vertx).nettyEventLoopGroup()) {
            if (!loop.equals(own)) {
                return loop;
            }
        }
        throw new AssertionError("one event loop alone");
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return send("GET", path);
    }

    private HttpResponse<String> send(String method, String path) throws IOException, InterruptedException {
        return http.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                        .method(method, HttpRequest.BodyPublishers.noBody())
                        .timeout(Duration.ofSeconds(20))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }
}
