package io.pantala.transport.control;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.Digest;
import io.pantala.manifest.RepositoryName;
import io.pantala.manifest.UpstreamName;
import io.pantala.swarm.Authorization;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.TestCluster;
import io.pantala.transport.control.ControlMessage.AboutBlob;
import io.pantala.transport.identity.NodeIdentity;
import io.pantala.transport.identity.Role;
import io.pantala.transport.link.Caller;
import io.pantala.transport.link.SeedNames;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketConnectOptions;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ControlLinkTest {
    private static final BlobKey KEY = new BlobKey(UpstreamName.DOCKER_HUB, Digest.sha256(new byte[] {1}));
    private static final ControlConfig CONFIG = config(VersionRange.SPOKEN, Duration.ofSeconds(5));

    private final Vertx vertx = Vertx.vertx();
    private final ExecutorService owner = Executors.newSingleThreadExecutor();
    private final Recorder recorder = new Recorder();
    private final List<AutoCloseable> closeables = new ArrayList<>();
    private final TestCluster cluster = new TestCluster();
    private final BlockingQueue<ControlMessage.News> heardNews = new LinkedBlockingQueue<>();
    private volatile Caller caller = new Caller.Unknown(true, false);
    private volatile String[] shutOut = {};
    private Optional<ControlMessage.Peer> peer = Optional.empty();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable closeable : closeables.reversed()) {
            closeable.close();
        }
        owner.shutdown();
        vertx.close().await(10, SECONDS);
    }

    @Test
    void carriesMessagesBothWays() throws Exception {
        Seed seed = seed("one", CONFIG, 0);
        SeedLink link = up(links(CONFIG, seed.address()));
        BlockingQueue<String> heard = watch(link);

        ControlMessage.Want want =
                new ControlMessage.Want(KEY, new RepositoryName("a"), Authorization.of("Basic x"), "r1");
        assertThat(link.send(want)).isTrue();
        assertThat(seed.sessions.heard()).isEqualTo(want);
        seed.sessions.last().send(new ControlMessage.Accepted(KEY));
        assertThat(heard.poll(5, SECONDS)).isEqualTo(new ControlMessage.Accepted(KEY).toString());
        assertThat(seed.sessions.last().node()).isEqualTo("host");
    }

    @Test
    void reachesSeedsOverIpv6() throws Exception {
        Seed seed = seed("one", "::1", CONFIG, 0);
        up(links(CONFIG, seed.address()));
        assertThat(seed.sessions.last().remote()).contains(":");
    }

    @Test
    void comesBackAfterTheSeedDoes() throws Exception {
        Seed seed = seed("one", CONFIG, 0);
        SeedLink link = up(links(CONFIG, seed.address()));
        BlockingQueue<String> heard = watch(link);

        seed.close();
        assertThat(heard.poll(5, SECONDS)).startsWith("down");
        assertThat(link.send(new ControlMessage.Leave(KEY))).isFalse();

        Seed again = seed("one", CONFIG, seed.address().port());
        assertThat(heard.poll(10, SECONDS)).isEqualTo("up");
        assertThat(link.send(new ControlMessage.Leave(KEY))).isTrue();
        assertThat(again.sessions.heard()).isEqualTo(new ControlMessage.Leave(KEY));
    }

    @Test
    void onlyTheOneWhoFollowsABlobLeavesIt() throws Exception {
        Seed seed = seed("one", CONFIG, 0);
        SeedLink link = up(links(CONFIG, seed.address()));
        SeedLink.Watcher before = watcher(new LinkedBlockingQueue<>());
        SeedLink.Watcher now = watcher(new LinkedBlockingQueue<>());
        link.watch(KEY, before);
        link.watch(KEY, now);

        link.leave(KEY, before);
        link.send(new ControlMessage.Credential(KEY, Optional.empty()));
        assertThat(seed.sessions.heard()).isEqualTo(new ControlMessage.Credential(KEY, Optional.empty()));

        link.leave(KEY, now);
        assertThat(seed.sessions.heard()).isEqualTo(new ControlMessage.Leave(KEY));
    }

    @Test
    void saysClearlyWhenTheVersionsDoNotMeet() throws Exception {
        Seed seed = seed("one", CONFIG, 0);
        links(config(new VersionRange(7, 9), Duration.ofSeconds(5)), seed.address());
        assertThat(recorder.down.poll(5, SECONDS))
                .isEqualTo("this seed speaks control version 1, the host versions 7 to 9: upgrade the older one");
    }

    @Test
    void tellsANodeOfAnotherVersionWhichOneIsTheOlder() throws Exception {
        Seed newer = seed("newer", config(new VersionRange(2, 3), Duration.ofSeconds(5)), 0);
        links(CONFIG, newer.address());
        assertThat(recorder.down.poll(5, SECONDS))
                .isEqualTo("this seed speaks control versions 2 to 3, the host version 1: upgrade the older one");

        Seed older = seed("older", CONFIG, 0);
        links(config(new VersionRange(2, 2), Duration.ofSeconds(5)), older.address());
        await().untilAsserted(() -> assertThat(recorder.down)
                .contains("this seed speaks control version 1, the host version 2: upgrade the older one"));
    }

    @Test
    void nodesOfNeighbouringVersionsWorkTogetherWhenOneSpeaksBoth() throws Exception {
        ControlConfig both = config(new VersionRange(1, 2), Duration.ofSeconds(5));
        up(links(CONFIG, seed("newer", both, 0).address()));
        up(links(both, seed("older", CONFIG, 0).address()));
    }

    @Test
    void agreesOnTheNewestCommonVersion() {
        assertThat(new VersionRange(1, 4).common(new VersionRange(3, 9))).hasValue(4);
        assertThat(new VersionRange(1, 2).common(new VersionRange(3, 9))).isEmpty();
    }

    @Test
    void isSettledAtOnceWhenNobodyListens() throws Exception {
        try (Socket bound = new Socket()) {
            bound.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            SeedLinks links = links(
                    config(VersionRange.SPOKEN, Duration.ofSeconds(25)),
                    new NodeAddress("127.0.0.1", bound.getLocalPort()));
            links.settled().get(10, SECONDS);
            assertThat(links.ranked(KEY.digest())).isEmpty();
            assertThat(recorder.down.poll(10, SECONDS)).startsWith("not reached");
        }
    }

    @Test
    void leavesTheTimersOfOthersAlone() throws Exception {
        long first = vertx.setTimer(Duration.ofHours(1).toMillis(), _ -> {});
        assertThat(first).isZero();

        links(CONFIG, seed("one", CONFIG, 0).address()).close();

        assertThat(vertx.cancelTimer(first)).isTrue();
    }

    @Test
    void waitsForAHungSeedOnlyBriefly() throws Exception {
        try (ServerSocket hung = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            SeedLinks links = links(
                    config(VersionRange.SPOKEN, Duration.ofMillis(200)),
                    new NodeAddress("127.0.0.1", hung.getLocalPort()));
            links.settled().get(5, SECONDS);
            assertThat(links.ranked(KEY.digest())).isEmpty();
            assertThat(recorder.down.poll(10, SECONDS)).isNotNull();
        }
    }

    @Test
    void waitsForASeedThatIsStartedAnew() throws Exception {
        Seed seed = seed("one", CONFIG, 0);
        SeedLinks links = links(config(VersionRange.SPOKEN, Duration.ofMinutes(5)), seed.address());
        BlockingQueue<String> heard = watch(up(links));

        seed.close();
        assertThat(heard.poll(5, SECONDS)).startsWith("down");
        CompletableFuture<Void> settled = links.settled();
        assertThat(settled).isNotDone();

        seed("one", CONFIG, seed.address().port());
        settled.get(10, SECONDS);
        assertThat(links.up()).isOne();
    }

    @Test
    void waitsOnlyBrieflyForASeedThatIsGone() throws Exception {
        Seed seed = seed("one", CONFIG, 0);
        SeedLinks links = links(config(VersionRange.SPOKEN, Duration.ofMillis(200)), seed.address());
        BlockingQueue<String> heard = watch(up(links));

        seed.close();
        assertThat(heard.poll(5, SECONDS)).startsWith("down");
        links.settled().get(5, SECONDS);
        assertThat(links.up()).isZero();
    }

    @Test
    void waitsForNoneWhileAnotherSeedIsThere() throws Exception {
        Seed seed = seed("one", CONFIG, 0);
        SeedLinks links = links(
                config(VersionRange.SPOKEN, Duration.ofMinutes(5)),
                seed.address(),
                seed("two", CONFIG, 0).address());
        links.settled().get(10, SECONDS);
        SeedLink first = links.ranked(KEY.digest()).stream()
                .filter(link -> link.address().equals(seed.address()))
                .findFirst()
                .orElseThrow();
        BlockingQueue<String> heard = watch(first);

        seed.close();
        assertThat(heard.poll(5, SECONDS)).startsWith("down");
        assertThat(links.settled()).isCompleted();
    }

    @Test
    void asksASeedThatSaysNothingForASignOfLife() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            SeedLinks links = links(CONFIG, new NodeAddress("127.0.0.1", server.getLocalPort()));
            try (Socket socket = server.accept()) {
                greet(socket);
                up(links);
                long silence = CONFIG.silence().dividedBy(CONFIG.ping());
                for (int asked = 0; asked < 2 * silence; asked++) {
                    awaitPing(socket.getInputStream());
                    socket.getOutputStream().write(new byte[] {(byte) 0x8a, 0});
                }
                assertThat(links.up()).isOne();
            }
        }
    }

    /** Reads frames of a client, which are masked, none longer than 64 KiB. */
    private static void awaitPing(InputStream stream) throws IOException {
        DataInputStream in = new DataInputStream(stream);
        int head;
        do {
            head = in.readUnsignedByte();
            int length = in.readUnsignedByte() & 0x7f;
            in.skipNBytes(4 + (length < 126 ? length : in.readUnsignedShort()));
        } while (head != 0x89);
    }

    @Test
    void noticesASeedThatFallsSilent() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            SeedLinks links = links(CONFIG, new NodeAddress("127.0.0.1", server.getLocalPort()));
            try (Socket socket = server.accept()) {
                // From then on, the kernel still takes what comes, and nobody reads it.
                greet(socket);
                assertThat(watch(up(links)).poll(10, SECONDS)).startsWith("down: no sign of life");
            }
        }
    }

    private static void greet(Socket socket) throws Exception {
        BufferedReader request =
                new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
        String key = "";
        for (String line = request.readLine(); !line.isEmpty(); line = request.readLine()) {
            if (line.toLowerCase(Locale.ROOT).startsWith("sec-websocket-key:")) {
                key = line.substring(line.indexOf(':') + 1).strip();
            }
        }
        byte[] accept = MessageDigest.getInstance("SHA-1")
                .digest((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").getBytes(StandardCharsets.US_ASCII));
        byte[] welcome = new ControlCodec().encode(new ControlMessage.Welcome(1, "silent"));
        OutputStream out = socket.getOutputStream();
        out.write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        + "Sec-WebSocket-Accept: " + Base64.getEncoder().encodeToString(accept) + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
        out.write(new byte[] {(byte) 0x82, (byte) welcome.length});
        out.write(welcome);
        out.flush();
    }

    @Test
    void closesLinksThatSendGarbage() throws Exception {
        Seed seed = seed("one", CONFIG, 0);
        assertThat(closedAfter(seed, Buffer.buffer("garbage"))).isEqualTo("not a CBOR value");
    }

    @Test
    void closesLinksThatDoNotGreet() throws Exception {
        Seed seed = seed("one", CONFIG, 0);
        assertThat(closedAfter(seed, Buffer.buffer(new ControlCodec().encode(new ControlMessage.Leave(KEY)))))
                .isEqualTo("the first message must be a hello");
        assertThat(closedAfter(seed, null)).isEqualTo("no hello in time");
    }

    @Test
    void refusesThePagesOfABrowser() throws Exception {
        Seed seed = seed("one", CONFIG, 0);
        assertThat(vertx.createWebSocketClient()
                        .connect(to(seed).setAllowOriginHeader(true))
                        .toCompletionStage()
                        .toCompletableFuture())
                .failsWithin(10, SECONDS)
                .withThrowableOfType(ExecutionException.class)
                .withMessageContaining("403");
    }

    @Test
    void survivesFramesThatAreTooLong() throws Exception {
        Seed seed = seed("one", CONFIG, 0);
        closedAfter(seed, Buffer.buffer(new byte[ControlServer.LONGEST_MESSAGE + 1]));
        up(links(CONFIG, seed.address()));
    }

    @Test
    void ignoresMessagesOfTheFuture() throws Exception {
        Seed seed = seed("one", CONFIG, 0);
        SeedLink link = up(links(CONFIG, seed.address()));
        link.send(new ControlMessage.Unknown("tasks"));
        link.send(new ControlMessage.Leave(KEY));
        assertThat(seed.sessions.heard()).isEqualTo(new ControlMessage.Leave(KEY));
    }

    @Test
    void spreadsBlobsOverSeedsAndMovesOnlyThoseOfTheOneThatIsLost() throws Exception {
        List<Seed> seeds = List.of(seed("one", CONFIG, 0), seed("two", CONFIG, 0), seed("three", CONFIG, 0));
        SeedLinks links = links(CONFIG, seeds.stream().map(Seed::address).toArray(NodeAddress[]::new));
        await().until(() -> links.up() == 3);
        List<Digest> digests = IntStream.range(0, 300)
                .mapToObj(i -> Digest.sha256(Integer.toString(i).getBytes(StandardCharsets.US_ASCII)))
                .toList();
        List<SeedLink> before =
                digests.stream().map(digest -> links.ranked(digest).getFirst()).toList();
        List<SeedLink> second =
                digests.stream().map(digest -> links.ranked(digest).get(1)).toList();
        assertThat(before.stream().distinct())
                .hasSize(3)
                .allSatisfy(
                        link -> assertThat(before.stream().filter(link::equals)).hasSizeBetween(60, 140));

        seeds.getFirst().close();
        await().until(() -> links.up() == 2);
        for (int i = 0; i < digests.size(); i++) {
            boolean lost = before.get(i).address().equals(seeds.getFirst().address());
            assertThat(links.ranked(digests.get(i)).getFirst()).isEqualTo(lost ? second.get(i) : before.get(i));
        }
    }

    @Test
    void tellsTheNewsAfterTheWelcomeAndWheneverThereAreSome() throws Exception {
        Seed seed = seed("one", CONFIG, 0);
        up(links(CONFIG, seed.address()));
        ControlMessage.News first = heardNews.poll(5, SECONDS);
        assertThat(first.roots()).isEqualTo(cluster.roots().pem());
        assertThat(first.ticketKeys()).hasSize(1);
        assertThat(first.shutOut()).isEmpty();
        assertThat(first.key()).as("a stranger").isEmpty();

        shutOut = new String[] {"another"};
        seed.control.tellNews();

        assertThat(heardNews.poll(5, SECONDS).shutOut()).containsExactly("another");
    }

    @Test
    void tellsTheKeyOfTheClusterToItsNodes() throws Exception {
        caller = new Caller.Node(new NodeIdentity(Role.HOST, "host"), Instant.MAX);
        Seed seed = seed("one", CONFIG, 0);
        up(links(CONFIG, seed.address()));
        assertThat(heardNews.poll(5, SECONDS).key())
                .isPresent()
                .isEqualTo(cluster.news().key());

        seed.control.tellNews();
        assertThat(heardNews.poll(5, SECONDS).key()).isPresent();
    }

    @Test
    void partsWithASeedThatAnotherSaysIsShutOut() throws Exception {
        Seed one = seed("one", CONFIG, 0);
        Seed two = seed("two", CONFIG, 0);
        SeedLinks links = links(CONFIG, one.address(), two.address());
        await().until(() -> links.up() == 2);

        shutOut = new String[] {"one"};
        two.control.tellNews();

        assertThat(recorder.down.poll(5, SECONDS)).isEqualTo("this seed is shut out of the cluster");
    }

    @Test
    void partsWithANodeThatIsShutOutAndTakesItBackWhenItIsLetInAgain() throws Exception {
        Seed seed = seed("one", CONFIG, 0);
        SeedLinks links = links(CONFIG, seed.address());
        up(links);

        shutOut = new String[] {"host"};
        seed.control.tellNews();

        assertThat(recorder.down.poll(5, SECONDS)).isEqualTo("this node was shut out of the cluster");
        assertThat(recorder.down.poll(5, SECONDS)).isEqualTo("this node was shut out of the cluster");
        assertThat(links.up()).isZero();
        shutOut = new String[0];
        up(links);
    }

    @Test
    void closesALinkWhoseCertificateHasEndedOrIsAnothers() throws Exception {
        caller = new Caller.Node(new NodeIdentity(Role.HOST, "other"), Instant.MAX);
        Seed seed = seed("one", CONFIG, 0);
        links(CONFIG, seed.address());
        assertThat(recorder.down.poll(5, SECONDS)).isEqualTo("the certificate is for host other");

        caller = new Caller.Node(
                new NodeIdentity(Role.HOST, "host"), Instant.now().minusSeconds(1));
        await().until(() -> seed.control.hosts().size() == 1);
        recorder.down.clear();
        seed.control.tellNews();
        await().untilAsserted(
                        () -> assertThat(recorder.down).contains("the certificate that opened this link has ended"));
    }

    @Test
    void knowsWhereOtherHostsFindOne() throws Exception {
        Seed seed = seed("one", "::1", CONFIG, 0);
        peer = Optional.of(new ControlMessage.Peer(Optional.empty(), 7001));
        up(links(CONFIG, seed.address()));
        assertThat(seed.sessions.last().peer()).contains(new NodeAddress("0:0:0:0:0:0:0:1", 7001));
        assertThat(seed.control.hosts()).singleElement().satisfies(host -> {
            assertThat(host.node()).isEqualTo("host");
            assertThat(host.certified()).isFalse();
        });

        peer = Optional.of(new ControlMessage.Peer(Optional.of("host-7.example"), 7002));
        up(links(CONFIG, seed.address()));
        await().until(() -> seed.sessions.last().peer().equals(Optional.of(new NodeAddress("host-7.example", 7002))));
    }

    @Test
    void dialsAllTheAddressesThatANameStandsForAndFollowsItsChanges() throws Exception {
        Seed one = seed("one", CONFIG, 0);
        int port = one.address().port();
        Seed two = seed("two", "127.0.0.2", CONFIG, port);
        AtomicReference<List<String>> addresses = new AtomicReference<>(List.of("127.0.0.1"));
        SeedNames names = new SeedNames(
                List.of(new NodeAddress("seeds.example", port)),
                name -> addresses.get().stream().map(InetAddress::ofLiteral).toArray(InetAddress[]::new));
        SeedLinks links = links(CONFIG, names);
        await().until(() -> links.up() == 1);

        addresses.set(List.of("127.0.0.2"));
        await().until(() -> links.up() == 2);

        one.close();
        await().until(() -> links.up() == 1);
        assertThat(links.ranked(KEY.digest())).extracting(SeedLink::address).containsExactly(two.address());
    }

    @Test
    void countsASeedOnceThatHasTwoAddressesAndChangesOverWhenOneIsLost() throws Exception {
        Seed seed = seed("one", CONFIG, 0);
        HttpServer other = listen(seed.control, "127.0.0.2", 0);
        NodeAddress second = new NodeAddress("127.0.0.2", other.actualPort());
        SeedLinks links = links(CONFIG, seed.address(), second);
        links.settled().get(10, SECONDS);
        assertThat(links.up()).isEqualTo(1);
        await().until(() -> seed.control.hosts().size() == 1);

        NodeAddress first = links.ranked(KEY.digest()).getFirst().address();
        (first.equals(second) ? other : seed.server).close().await(10, SECONDS);

        await().until(() -> links.ranked(KEY.digest()).stream()
                .anyMatch(link -> !link.address().equals(first)));
    }

    private String closedAfter(Seed seed, @Nullable Buffer frame) throws Exception {
        WebSocketClient client = vertx.createWebSocketClient();
        CompletableFuture<String> closed = new CompletableFuture<>();
        client.connect(to(seed).setAllowOriginHeader(false)).onSuccess(socket -> {
            socket.closeHandler(_ -> closed.complete(String.valueOf(socket.closeReason())));
            send(socket, frame);
        });
        return closed.get(10, SECONDS);
    }

    private static WebSocketConnectOptions to(Seed seed) {
        return new WebSocketConnectOptions()
                .setHost("127.0.0.1")
                .setPort(seed.address().port())
                .setURI(ControlServer.PATH);
    }

    private static void send(WebSocket socket, @Nullable Buffer frame) {
        if (frame != null) {
            socket.writeFinalBinaryFrame(frame);
        }
    }

    private static ControlConfig config(VersionRange versions, Duration firstLink) {
        return new ControlConfig(
                versions,
                Duration.ofSeconds(1),
                Duration.ofMillis(100),
                Duration.ofMillis(1000),
                Duration.ofMillis(20),
                Duration.ofMillis(200),
                firstLink,
                Duration.ofSeconds(30),
                Duration.ofMillis(50),
                8 << 20);
    }

    private SeedLinks links(ControlConfig config, NodeAddress... seeds) {
        return links(config, new SeedNames(List.of(seeds)));
    }

    private SeedLinks links(ControlConfig config, SeedNames seeds) {
        SeedLinks links = SeedLinks.dial(
                vertx,
                new SeedLinks.Dial(
                        seeds,
                        "host",
                        "pantala/test",
                        peer,
                        "",
                        ControlMessage.Limits.NONE,
                        new LinkSecurity.Plain(InetAddress::isLoopbackAddress),
                        _ -> {},
                        (_, news) -> heardNews.add(news)),
                config,
                recorder);
        closeables.add(links);
        return links;
    }

    private static SeedLink up(SeedLinks links) {
        await().until(() -> links.up() == 1);
        return links.ranked(KEY.digest()).getFirst();
    }

    private static SeedLink.Watcher watcher(BlockingQueue<String> heard) {
        return new SeedLink.Watcher() {
            @Override
            public boolean received(AboutBlob message) {
                return heard.add(message.toString());
            }

            @Override
            public void up() {
                heard.add("up");
            }

            @Override
            public void down(String why) {
                heard.add("down: " + why);
            }
        };
    }

    private static BlockingQueue<String> watch(SeedLink link) {
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        link.watch(KEY, watcher(heard));
        return heard;
    }

    private Seed seed(String name, ControlConfig config, int port) throws Exception {
        return seed(name, "127.0.0.1", config, port);
    }

    private Seed seed(String name, String host, ControlConfig config, int port) throws Exception {
        Sessions sessions = new Sessions();
        ControlServer control = new ControlServer(vertx, name, config, sessions, owner, () -> cluster.news(shutOut));
        HttpServer server = listen(control, host, port);
        Seed seed = new Seed(control, server, sessions, new NodeAddress(host, server.actualPort()));
        closeables.add(seed);
        return seed;
    }

    private HttpServer listen(ControlServer control, String host, int port) throws Exception {
        HttpServer server = vertx.createHttpServer(new HttpServerOptions()
                        .setMaxWebSocketFrameSize(ControlServer.LONGEST_MESSAGE)
                        .setMaxWebSocketMessageSize(ControlServer.LONGEST_MESSAGE)
                        .setWebSocketClosingTimeout(1))
                .requestHandler(request -> control.handle(request, caller));
        server.listen(port, host).await(10, SECONDS);
        return server;
    }

    private record Seed(ControlServer control, HttpServer server, Sessions sessions, NodeAddress address)
            implements AutoCloseable {
        @Override
        public void close() {
            control.close();
            server.close()
                    .toCompletionStage()
                    .toCompletableFuture()
                    .orTimeout(10, SECONDS)
                    .join();
        }
    }

    private static final class Sessions implements ControlSessions {
        private final BlockingQueue<AboutBlob> heard = new LinkedBlockingQueue<>();
        private volatile @Nullable ControlSession last;

        ControlSession last() {
            return Objects.requireNonNull(last);
        }

        @Nullable
        AboutBlob heard() throws InterruptedException {
            return heard.poll(5, SECONDS);
        }

        @Override
        public void opened(ControlSession session) {
            last = session;
        }

        @Override
        public void received(ControlSession session, AboutBlob message) {
            heard.add(message);
        }

        @Override
        public void closed(ControlSession session) {}
    }

    private static final class Recorder implements LinkListener {
        private final BlockingQueue<String> down = new LinkedBlockingQueue<>();

        @Override
        public void linkDown(NodeAddress seed, String why) {
            down.add(why);
        }
    }
}
