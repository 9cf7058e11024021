package io.pantala.proxy.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.Unpooled;
import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.intercept.ConnectConfig;
import io.pantala.proxy.intercept.ConnectListener;
import io.pantala.proxy.intercept.Connects;
import io.pantala.proxy.intercept.Destinations;
import io.pantala.registry.Upstreams;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
@SuppressWarnings("NullAway.Init")
class ProxyServerTest {
    private static final int SIZE = 5_000_003;
    private static final Upstreams UPSTREAMS = new Upstreams(Upstreams.WELL_KNOWN);
    private static final CallHandler DOES_NOTHING = (_, _) -> {};

    @TempDir
    Path directory;

    private final byte[] content = new byte[SIZE];
    private final ConcurrentLinkedQueue<RequestSummary> ended = new ConcurrentLinkedQueue<>();
    private Vertx vertx;
    private FileChannel file;
    private ProxyServer server;

    @BeforeEach
    void prepare() throws IOException {
        new Random(1).nextBytes(content);
        file = FileChannel.open(Files.write(directory.resolve("content"), content));
        vertx = Vertx.vertx();
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
        vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
        file.close();
    }

    @Test
    void sendsAFileBehindAHeadAndKeepsTheConnection() throws Exception {
        serve((_, exchange) -> sendWhole(exchange));

        try (var client = new RawClient(server.port())) {
            for (int i = 0; i < 3; i++) {
                RawClient.Reply reply = client.get("/v2/").reply();
                assertThat(reply.status()).isEqualTo(200);
                assertThat(reply.body()).isEqualTo(content);
            }
        }
        await().untilAsserted(() -> assertThat(ended).hasSize(3));
        assertThat(ended).allSatisfy(request -> {
            assertThat(request.bytes()).isEqualTo(SIZE);
            assertThat(request.whole()).isTrue();
        });
        assertThat(ended.stream().map(RequestSummary::id)).doesNotHaveDuplicates();
    }

    @Test
    void mixesBuffersAndFilesInAChunkedBody() throws Exception {
        serve((_, exchange) -> {
            try (ReplyBody body = exchange.begin(200, List.of(), OptionalLong.empty())) {
                body.send(Unpooled.copiedBuffer(new byte[] {1, 2, 3}));
                body.send(file, 10, 20);
                body.send(Unpooled.copiedBuffer(new byte[] {4}));
                body.end();
            }
        });

        try (var client = new RawClient(server.port())) {
            RawClient.Reply reply = client.get("/v2/").reply();

            assertThat(reply.header("Transfer-Encoding")).isEqualTo("chunked");
            assertThat(reply.body()).hasSize(24).startsWith(1, 2, 3).endsWith(4);
            assertThat(client.get("/v2/").reply().body()).hasSize(24);
        }
    }

    @Test
    void cutsABodyShortWithAPlainEndOfStream() throws Exception {
        serve((_, exchange) -> {
            try (ReplyBody body = exchange.begin(200, List.of(), OptionalLong.of(SIZE))) {
                body.send(file, 0, SIZE - 1);
            }
        });

        try (var client = new RawClient(server.port())) {
            RawClient.Reply reply = client.get("/v2/").reply();

            assertThat(reply.whole()).isFalse();
            assertThat(reply.body()).hasSize(SIZE - 1);
            assertThat(client.ended()).isTrue();
        }
        await().untilAsserted(() -> assertThat(ended).hasSize(1));
        assertThat(ended.element().whole()).isFalse();
    }

    @Test
    void neverEndsAChunkedBodyThatWasCutShort() throws Exception {
        serve((_, exchange) -> {
            try (ReplyBody body = exchange.begin(200, List.of(), OptionalLong.empty())) {
                body.send(file, 0, 1000);
            }
        });

        try (var client = new RawClient(server.port())) {
            RawClient.Reply reply = client.get("/v2/").reply();

            assertThat(reply.whole()).isFalse();
            assertThat(reply.body()).hasSize(1000);
        }
    }

    @Test
    void cutsShortWithoutAResetEvenWhenTheEngineHasSentMore() throws Exception {
        serve((_, exchange) -> {
            try (ReplyBody body = exchange.begin(200, List.of(), OptionalLong.of(SIZE))) {
                body.send(file, 0, SIZE / 2);
            }
        });

        try (var client = new RawClient(server.port())) {
            client.get("/v2/").get("/v2/").get("/v2/");

            assertThat(client.reply().body()).hasSize(SIZE / 2);
            assertThat(client.ended()).isTrue();
        }
    }

    @Test
    void wakesAWaitWhenTheEngineLeaves() throws Exception {
        var waiting = new CountDownLatch(1);
        var outcome = new CompletableFuture<Throwable>();
        serve((_, exchange) -> {
            waiting.countDown();
            try {
                exchange.whileConnected(() -> new CountDownLatch(1).await(1, TimeUnit.HOURS));
            } catch (EngineGoneException e) {
                outcome.complete(e);
                throw e;
            }
        });

        var client = new RawClient(server.port());
        client.get("/v2/");
        waiting.await();
        client.close();

        assertThat(outcome.get(10, TimeUnit.SECONDS)).isInstanceOf(EngineGoneException.class);
        await().untilAsserted(() -> assertThat(ended).hasSize(1));
        assertThat(ended.element().whole()).isFalse();
    }

    @Test
    void stopsSendingWhenTheEngineResetsItsConnection() throws Exception {
        var outcome = new CompletableFuture<Throwable>();
        serve((_, exchange) -> {
            try (ReplyBody body = exchange.begin(200, List.of(), OptionalLong.of(1L << 40))) {
                while (true) {
                    body.send(file, 0, SIZE);
                }
            } catch (EngineGoneException e) {
                outcome.complete(e);
                throw e;
            }
        });

        var client = new RawClient(server.port());
        client.get("/v2/").read(100_000);
        client.reset();

        assertThat(outcome.get(10, TimeUnit.SECONDS)).isInstanceOf(EngineGoneException.class);
    }

    @Test
    void countsAReplyAsWholeWhenTheEngineHangsUpOnItsLastByte() throws Exception {
        serve((_, exchange) -> {
            try (ReplyBody body = exchange.begin(200, List.of(), OptionalLong.of(SIZE))) {
                body.send(file, 0, SIZE);
                body.awaitSent();
                awaitGone(exchange);
                body.end();
            }
        });

        try (var client = new RawClient(server.port())) {
            assertThat(client.get("/v2/").reply().body()).isEqualTo(content);
            client.reset();
        }
        await().untilAsserted(() -> assertThat(ended).hasSize(1));
        assertThat(ended.element().whole()).isTrue();
    }

    private static void awaitGone(Exchange exchange) throws InterruptedException {
        try {
            exchange.whileConnected(() -> {
                new CountDownLatch(1).await();
                return null;
            });
        } catch (EngineGoneException e) {
            // As it was to be.
        }
    }

    @Test
    void holdsBackWhatASlowEngineDoesNotTake() throws Exception {
        var handedOver = new Semaphore(0);
        serve((_, exchange) -> {
            try (ReplyBody body = exchange.begin(200, List.of(), OptionalLong.of(64L << 20))) {
                for (int i = 0; i < 64; i++) {
                    body.send(file, 0, 1 << 20);
                    handedOver.release();
                }
                body.end();
            }
        });

        try (var client = new RawClient(server.port(), 16 << 10)) {
            client.get("/v2/").head();
            await().pollDelay(Duration.ofMillis(300)).until(() -> true);
            int ahead = handedOver.availablePermits();

            assertThat(ahead).isLessThan(16);
            assertThat(client.read(64 << 20)).hasSize(64 << 20);
        }
    }

    @Test
    void answersHeadWithALengthAndNoBody() throws Exception {
        serve((_, exchange) -> exchange.reply(200, List.of(Map.entry("Content-Length", "12345"))));

        try (var client = new RawClient(server.port())) {
            RawClient.Reply reply = client.request("HEAD", "/v2/").reply(true);

            assertThat(reply.header("Content-Length")).isEqualTo("12345");
            assertThat(reply.header("Transfer-Encoding")).isNull();
            assertThat(client.request("HEAD", "/v2/").reply(true).status()).isEqualTo(200);
        }
    }

    @Test
    void closesBehindARequestOfHttp10() throws Exception {
        serve((_, exchange) -> sendWhole(exchange));

        try (var client = new RawClient(server.port())) {
            RawClient.Reply reply =
                    client.send("GET /v2/ HTTP/1.0", "Connection: keep-alive").reply();

            assertThat(reply.body()).isEqualTo(content);
            assertThat(client.ended()).isTrue();
        }
    }

    @Test
    void sendsABodyOfUnknownLengthToHttp10WithoutChunks() throws Exception {
        serve((_, exchange) -> {
            try (ReplyBody body = exchange.begin(200, List.of(), OptionalLong.empty())) {
                body.send(file, 0, SIZE);
                body.end();
            }
        });

        try (var client = new RawClient(server.port())) {
            RawClient.Reply reply = client.send("GET /v2/ HTTP/1.0").reply();

            assertThat(reply.header("Transfer-Encoding")).isNull();
            assertThat(reply.body()).isEqualTo(content);
        }
    }

    @Test
    void refusesPushesAndLetsTheEngineReadWhy() throws Exception {
        serve((_, _) -> {});

        try (var client = new RawClient(server.port())) {
            client.request("PATCH", "/v2/a/blobs/uploads/1", "Content-Length: 10000000");
            client.write(new byte[1_000_000]);
            RawClient.Reply reply = client.reply();

            assertThat(reply.status()).isEqualTo(405);
            assertThat(reply.header("Allow")).isEqualTo("GET, HEAD");
            assertThat(reply.text()).contains("\"code\":\"UNSUPPORTED\"");
            assertThat(client.ended()).isTrue();
        }
    }

    @Test
    void tellsErrorsTheWayRegistriesDoButNotOnHead() throws Exception {
        serve((_, _) -> {
            throw new RegistryException(404, "MANIFEST_UNKNOWN", "no \"such\" thing");
        });

        try (var client = new RawClient(server.port())) {
            RawClient.Reply reply = client.get("/v2/").reply();
            RawClient.Reply head = client.request("HEAD", "/v2/").reply(true);

            assertThat(reply.header("Content-Type")).isEqualTo("application/json");
            assertThat(reply.header("Docker-Distribution-Api-Version")).isEqualTo("registry/2.0");
            assertThat(reply.text())
                    .isEqualTo("{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\","
                            + "\"message\":\"no \\\"such\\\" thing\",\"detail\":null}]}");
            assertThat(head.status()).isEqualTo(404);
            assertThat(client.get("/v2/").reply().status()).isEqualTo(404);
        }
    }

    @Test
    void answersAFailureOfItsOwnWith500() throws Exception {
        serve((_, _) -> {
            throw new IllegalStateException("expected by this test");
        });

        try (var client = new RawClient(server.port())) {
            assertThat(client.get("/v2/").reply().status()).isEqualTo(500);
        }
    }

    @Test
    void takesHeadersOf60KiloBytes() throws Exception {
        serve((_, exchange) -> exchange.reply(
                200, List.of(), Integer.toString(headerLength(exchange)).getBytes(UTF_8)));

        try (var client = new RawClient(server.port())) {
            RawClient.Reply reply =
                    client.get("/v2/", "Authorization: " + "x".repeat(60_000)).reply();

            assertThat(reply.text()).isEqualTo("60000");
        }
    }

    @Test
    void closesIdleConnectionsButNotThoseThatWaitForAReply() throws Exception {
        var answer = new CountDownLatch(1);
        var config = new ProxyConfig(
                loopback(),
                UpstreamName.DOCKER_HUB,
                _ -> false,
                Access.open(),
                Duration.ofMillis(100),
                Duration.ZERO,
                10);
        serve(config, (_, exchange) -> {
            answer.await();
            exchange.reply(200, List.of(), new byte[0]);
        });

        try (var idle = new RawClient(server.port());
                var busy = new RawClient(server.port())) {
            busy.get("/v2/");

            assertThat(idle.ended()).isTrue();
            answer.countDown();
            assertThat(busy.reply().status()).isEqualTo(200);
            assertThat(busy.ended()).isTrue();
        }
    }

    /** Each drop is a sign of life, and none of them makes a request. */
    @Test
    void closesAConnectionWhoseRequestComesByDrops() throws Exception {
        var config = new ProxyConfig(
                loopback(),
                UpstreamName.DOCKER_HUB,
                _ -> false,
                Access.open(),
                Duration.ofMillis(300),
                Duration.ZERO,
                10);
        serve(config, (_, exchange) -> exchange.reply(200, List.of(), new byte[0]));

        try (var slow = new RawClient(server.port())) {
            slow.write("GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Slow: ".getBytes(US_ASCII));
            await().pollInterval(Duration.ofMillis(20)).until(() -> {
                try {
                    slow.write(new byte[] {'x'});
                    return false;
                } catch (IOException e) {
                    return true;
                }
            });
        }
    }

    @Test
    void refusesMoreRequestsThanItMayWorkOn() throws Exception {
        var answer = new CountDownLatch(1);
        var config = new ProxyConfig(
                loopback(),
                UpstreamName.DOCKER_HUB,
                _ -> false,
                Access.open(),
                Duration.ofSeconds(9),
                Duration.ZERO,
                1);
        var working = new CountDownLatch(1);
        serve(config, (_, exchange) -> {
            working.countDown();
            answer.await();
            exchange.reply(200, List.of(), new byte[0]);
        });

        try (var first = new RawClient(server.port());
                var second = new RawClient(server.port())) {
            first.get("/v2/");
            working.await();

            assertThat(second.get("/v2/").reply().status()).isEqualTo(503);
            answer.countDown();
            assertThat(first.reply().status()).isEqualTo(200);
        }
    }

    @Test
    void letsRunningRepliesEndWhenItCloses() throws Exception {
        var begun = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        serve((_, exchange) -> {
            try (ReplyBody body = exchange.begin(200, List.of(), OptionalLong.of(SIZE))) {
                body.send(file, 0, 1000);
                begun.countDown();
                goOn.await();
                body.send(file, 1000, SIZE - 1000);
                body.end();
            }
        });
        int port = server.port();

        try (var client = new RawClient(port)) {
            client.get("/v2/");
            begun.await();
            Thread closing = Thread.startVirtualThread(server::close);
            await().until(() -> refusesConnections(port));
            goOn.countDown();

            assertThat(client.reply().body()).isEqualTo(content);
            assertThat(client.ended()).isTrue();
            assertThat(closing.join(Duration.ofSeconds(10))).isTrue();
        }
    }

    @Test
    void aRequestThatOutlivesTheEventLoopsEndsQuietly() throws Exception {
        var begun = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        var threads = new ConcurrentLinkedQueue<Thread>();
        var uncaught = new ConcurrentLinkedQueue<Throwable>();
        serve((_, exchange) -> {
            Thread.currentThread().setUncaughtExceptionHandler((_, e) -> uncaught.add(e));
            threads.add(Thread.currentThread());
            begun.countDown();
            goOn.await();
            exchange.begin(200, List.of(), OptionalLong.of(1)).close();
        });

        try (var client = new RawClient(server.port())) {
            client.get("/v2/");
            begun.await();
            vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
            goOn.countDown();
            assertThat(threads.element().join(Duration.ofSeconds(10))).isTrue();
        }
        assertThat(uncaught).isEmpty();
        assertThat(ended).hasSize(1);
        vertx = Vertx.vertx();
        serve(DOES_NOTHING);
    }

    @Test
    void saysWhyItCantListen() throws Exception {
        serve((_, _) -> {});
        var taken = new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port());
        Vertx other = Vertx.vertx();
        try {
            assertThatThrownBy(() -> ProxyServer.start(
                            other,
                            ProxyConfig.on(taken, UpstreamName.DOCKER_HUB),
                            UPSTREAMS,
                            connects(),
                            DOES_NOTHING,
                            RequestListener.NONE))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("can't listen on 127.0.0.1:" + server.port());
        } finally {
            other.close();
        }
    }

    private static int headerLength(Exchange exchange) {
        return Objects.requireNonNull(exchange.authorization().header()).length();
    }

    private static boolean refusesConnections(int port) {
        try (var _ = new RawClient(port)) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    private void sendWhole(Exchange exchange) throws EngineGoneException {
        try (ReplyBody body = exchange.begin(200, List.of(), OptionalLong.of(SIZE))) {
            body.send(file, 0, SIZE);
            body.end();
        }
    }

    private static InetSocketAddress loopback() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    private void serve(CallHandler handler) throws IOException {
        serve(ProxyConfig.on(loopback(), UpstreamName.DOCKER_HUB), handler);
    }

    private void serve(ProxyConfig config, CallHandler handler) throws IOException {
        server = ProxyServer.start(vertx, config, UPSTREAMS, connects(), handler, new RequestListener() {
            @Override
            public void ended(RequestSummary summary) {
                ended.add(summary);
            }
        });
    }

    private static Connects connects() {
        return new Connects(
                _ -> Optional.empty(),
                new CompletableFuture<>(),
                new Destinations(_ -> false, _ -> false, InetAddress::getAllByName),
                ConnectConfig.DEFAULT,
                ConnectListener.NONE);
    }
}
