package io.pantala.swarm.download;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.Digest;
import io.pantala.manifest.RepositoryName;
import io.pantala.manifest.UpstreamName;
import io.pantala.store.BlobFailedException;
import io.pantala.store.BlobReader;
import io.pantala.store.BlobStore;
import io.pantala.store.StoreConfig;
import io.pantala.store.StoreListener;
import io.pantala.store.StoredBlob;
import io.pantala.swarm.Authorization;
import io.pantala.swarm.CredentialSource;
import io.pantala.swarm.Fill;
import io.pantala.swarm.FillRequest;
import io.pantala.swarm.Opening;
import io.pantala.swarm.TestContent;
import io.pantala.swarm.UpstreamRefusal;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.TestCluster;
import io.pantala.transport.block.BlockClient;
import io.pantala.transport.block.BlockConfig;
import io.pantala.transport.control.ControlConfig;
import io.pantala.transport.control.ControlMessage;
import io.pantala.transport.control.ControlMessage.Want;
import io.pantala.transport.control.ControlSession;
import io.pantala.transport.control.SeedLinks;
import io.pantala.transport.control.VersionRange;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class SwarmDownloadsTest {
    private static final ControlConfig CONTROL = new ControlConfig(
            VersionRange.SPOKEN,
            Duration.ofSeconds(5),
            Duration.ofMillis(500),
            Duration.ofSeconds(10),
            Duration.ofMillis(20),
            Duration.ofMillis(200),
            Duration.ofSeconds(10),
            Duration.ofSeconds(30),
            Duration.ofSeconds(30),
            8 << 20);
    private static final SwarmConfig PATIENT = config(Duration.ofSeconds(20), Duration.ofSeconds(20));
    private static final SwarmConfig IMPATIENT = config(Duration.ofSeconds(2), Duration.ofMillis(300));

    private final Vertx vertx = Vertx.vertx();
    private final TestContent content = TestContent.random(1_000_000, 64_000, 7);
    private final List<AutoCloseable> closeables = new ArrayList<>();
    private final Recorder recorder = new Recorder();

    private BlobStore store;

    @BeforeEach
    void open(@TempDir Path directory) throws Exception {
        store = TestContent.store(directory);
        closeables.add(store);
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable closeable : closeables.reversed()) {
            closeable.close();
        }
        vertx.close().await(10, SECONDS);
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void completesABlobFromItsSeed() throws Exception {
        FakeSeed seed = keep(new FakeSeed(vertx, "one", content, CONTROL, 0));
        SwarmDownloads downloads = downloads(PATIENT, seed.address());
        try (Fill fill = downloads.start(request("r1"));
                StoredBlob blob = opened(fill)) {
            await().until(blob::sealed);
            assertThat(TestContent.read(blob)).isEqualTo(content.bytes());
        }
        assertThat(seed.heard.poll(5, SECONDS)).isInstanceOfSatisfying(Want.class, want -> {
            assertThat(want.requestId()).isEqualTo("r1");
            assertThat(want.authorization()).isEqualTo(Authorization.of("Basic secret"));
        });
        assertThat(seed.heard.poll(5, SECONDS)).isEqualTo(new ControlMessage.Leave(content.key()));
        assertThat(recorder.received).hasValue(content.layout().count());
        await().until(() -> downloads.active() == 0);
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void completesABlobOverIpv6() throws Exception {
        FakeSeed seed = keep(new FakeSeed(vertx, "one", "::1", content, CONTROL, 0));
        try (Fill fill = downloads(PATIENT, seed.address()).start(request("r1"));
                StoredBlob blob = opened(fill)) {
            await().until(blob::sealed);
        }
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void tellsItsSeedOfEachRequestThatJoins() throws Exception {
        FakeSeed seed = keep(new FakeSeed(vertx, "one", content, CONTROL, 0) {
            @Override
            void wanted(ControlSession session, Want want) {
                session.send(new ControlMessage.Accepted(want.key()));
            }
        });
        SwarmDownloads downloads = downloads(PATIENT, seed.address());
        try (Fill _ = downloads.start(request("r1"))) {
            assertThat(seed.heard.poll(5, SECONDS)).isInstanceOf(Want.class);
            try (Fill _ = downloads.start(request("r2"))) {
                assertThat(seed.heard.poll(5, SECONDS)).isEqualTo(new ControlMessage.Joined(content.key(), "r2"));
            }
        }
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void servesManyWithOneDownload() throws Exception {
        FakeSeed seed = keep(new FakeSeed(vertx, "one", content, CONTROL, 0));
        SwarmDownloads downloads = downloads(PATIENT, seed.address());
        List<Fill> fills = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            fills.add(downloads.start(request("r" + i)));
        }
        for (Fill fill : fills) {
            try (fill;
                    StoredBlob blob = opened(fill)) {
                await().until(blob::sealed);
            }
        }
        assertThat(seed.served.values()).allSatisfy(times -> assertThat(times).hasValue(1));
        assertThat(seed.heard.stream().filter(Want.class::isInstance)).hasSize(1);
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void opensAStoredBlobWithoutAnySeed() throws Exception {
        content.storeIn(store);
        try (Fill fill = downloads(PATIENT, nobody()).start(request("r1"));
                StoredBlob blob = opened(fill)) {
            assertThat(blob.sealed()).isTrue();
        }
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void fetchesOnlyWhatIsMissing() throws Exception {
        try (StoredBlob partial = store.create(content.key(), content.layout())) {
            content.write(partial, 0);
            content.write(partial, 5);
        }
        FakeSeed seed = keep(new FakeSeed(vertx, "one", content, CONTROL, 0));
        try (Fill fill = downloads(PATIENT, seed.address()).start(request("r1"));
                StoredBlob blob = opened(fill)) {
            await().until(blob::sealed);
            assertThat(TestContent.read(blob)).isEqualTo(content.bytes());
        }
        assertThat(seed.served(0) + seed.served(5)).isZero();
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void completesEmptyBlobs() throws Exception {
        TestContent empty = TestContent.random(0, 64_000, 1);
        FakeSeed seed = keep(new FakeSeed(vertx, "one", empty, CONTROL, 0));
        try (Fill fill = downloads(PATIENT, seed.address()).start(request(empty.key(), "r1"));
                StoredBlob blob = opened(fill)) {
            await().until(blob::sealed);
        }
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void isUnavailableAtOnceWhenNoSeedCanBeReached() throws Exception {
        try (Fill fill = downloads(PATIENT, nobody()).start(request("r1"))) {
            assertThat(fill.opening().get(5, SECONDS)).isInstanceOf(Opening.Unavailable.class);
        }
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void passesOverASeedThatHangs() throws Exception {
        FakeSeed one = keep(hung("one"));
        FakeSeed two = keep(hung("two"));
        FakeSeed well = keep(new FakeSeed(vertx, "three", content, CONTROL, 0));
        try (Fill fill = downloads(IMPATIENT, one.address(), two.address(), well.address())
                        .start(request("r1"));
                StoredBlob blob = opened(fill)) {
            await().until(blob::sealed);
        }
        try (Fill fill = downloads(IMPATIENT, one.address(), two.address()).start(request("r2", other()))) {
            assertThat(fill.opening().get(10, SECONDS)).isInstanceOf(Opening.Unavailable.class);
        }
        assertThat(recorder.passedOver).hasSizeGreaterThanOrEqualTo(2).contains("it hangs: no answer in time");
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void waitsForASeedThatIsBusyWithOthers() throws Exception {
        Duration accept = Duration.ofSeconds(1);
        BlobKey elsewhere = request("x", other()).key();
        FakeSeed busy = keep(new FakeSeed(vertx, "one", content, CONTROL, 0) {
            @Override
            void wanted(ControlSession session, Want want) {
                AtomicInteger ticks = new AtomicInteger();
                vertx.setPeriodic(accept.toMillis() / 20, timer -> {
                    session.send(new ControlMessage.Accepted(elsewhere));
                    if (ticks.incrementAndGet() == 50) {
                        vertx.cancelTimer(timer);
                        super.wanted(session, want);
                    }
                });
            }
        });
        try (Fill fill = downloads(config(accept, Duration.ofSeconds(1)), busy.address())
                        .start(request("r1"));
                StoredBlob blob = opened(fill)) {
            await().until(blob::sealed);
        }
        assertThat(recorder.passedOver).isEmpty();
    }

    private TestContent other() {
        return TestContent.random(1000, 1000, 99);
    }

    private FakeSeed hung(String name) throws Exception {
        return new FakeSeed(vertx, name, content, CONTROL, 0) {
            @Override
            void wanted(ControlSession session, Want want) {}
        };
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void fetchesACorruptBlockAgain() throws Exception {
        FakeSeed seed = keep(new FakeSeed(vertx, "one", content, CONTROL, 0) {
            @Override
            void block(HttpServerRequest request, int index, int time) {
                byte[] bytes = content.block(index);
                if (index == 3 && time <= 2) {
                    bytes[100] ^= 1;
                }
                request.response().end(Buffer.buffer(bytes));
            }
        });
        try (Fill fill = downloads(PATIENT, seed.address()).start(request("r1"));
                StoredBlob blob = opened(fill)) {
            await().until(blob::sealed);
            assertThat(TestContent.read(blob)).isEqualTo(content.bytes());
        }
        assertThat(recorder.refused).containsExactly("3 CORRUPT", "3 CORRUPT");
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void asksForAnotherTicketWhereTheFirstOpensNothing() throws Exception {
        AtomicInteger wants = new AtomicInteger();
        FakeSeed seed = keep(new FakeSeed(vertx, "one", content, CONTROL, 0) {
            @Override
            void wanted(ControlSession session, Want want) {
                wants.incrementAndGet();
                super.wanted(session, want);
            }

            @Override
            void block(HttpServerRequest request, int index, int time) {
                if (wants.get() == 1) {
                    request.response().setStatusCode(403).end();
                } else {
                    super.block(request, index, time);
                }
            }
        });
        try (Fill fill = downloads(PATIENT, seed.address()).start(request("r1"));
                StoredBlob blob = opened(fill)) {
            await().until(blob::sealed);
        }
        assertThat(wants).hasValue(2);
        assertThat(recorder.passedOver).isEmpty();
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void passesOverASeedWhoseTicketsOpenNothing() throws Exception {
        FakeSeed closed = keep(new FakeSeed(vertx, "one", content, CONTROL, 0) {
            @Override
            void block(HttpServerRequest request, int index, int time) {
                request.response().setStatusCode(403).end();
            }
        });
        try (Fill fill = downloads(PATIENT, closed.address()).start(request("r1"));
                StoredBlob blob = opened(fill)) {
            await().until(() -> !recorder.passedOver.isEmpty());
            assertThat(blob.sealed()).isFalse();
        }
        assertThat(recorder.passedOver).containsExactly("it refuses the tickets that it gives");
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void survivesEveryKindOfTroubleWithABlock() throws Exception {
        FakeSeed seed = keep(new FakeSeed(vertx, "one", content, CONTROL, 0) {
            @Override
            void block(HttpServerRequest request, int index, int time) {
                // A kept connection that ends is tried anew before it counts: block 3 is cut twice.
                if (time > (index == 3 ? 2 : 1)) {
                    super.block(request, index, time);
                    return;
                }
                switch (index) {
                    case 0 -> request.response().setStatusCode(404).end();
                    case 1 -> request.response().setStatusCode(500).end();
                    case 2 -> request.response().end(Buffer.buffer("short"));
                    case 3 -> request.connection().close();
                    case 4 -> {
                        // Never answered.
                    }
                    default -> super.block(request, index, time);
                }
            }
        });
        try (Fill fill = downloads(PATIENT, seed.address()).start(request("r1"));
                StoredBlob blob = opened(fill)) {
            await().atMost(Duration.ofSeconds(20)).until(blob::sealed);
            assertThat(TestContent.read(blob)).isEqualTo(content.bytes());
        }
        assertThat(recorder.refused).contains("0 NOT_HELD", "1 REFUSED", "2 BROKEN", "3 BROKEN", "4 TIMED_OUT");
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void givesUpASeedThatKeepsSendingWrongBytesAndKeepsWhatIsRight() throws Exception {
        FakeSeed seed = keep(new FakeSeed(vertx, "one", content, CONTROL, 0) {
            @Override
            void block(HttpServerRequest request, int index, int time) {
                if (index == 9) {
                    request.response().end(Buffer.buffer(new byte[64_000]));
                } else {
                    super.block(request, index, time);
                }
            }
        });
        try (Fill fill = downloads(PATIENT, seed.address()).start(request("r1"));
                StoredBlob blob = opened(fill);
                BlobReader reader = blob.reader(9 * 64_000L, 10 * 64_000L)) {
            assertThatThrownBy(() -> reader.awaitReadable(Duration.ofSeconds(20)))
                    .isInstanceOf(BlobFailedException.class)
                    .hasMessageContaining("block 9 failed 3 times");
            assertThat(blob.holds(9)).isFalse();
            assertThat(blob.held().size()).isPositive();
        }
        assertThat(recorder.refused).containsOnly("9 CORRUPT").hasSize(3);
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void goesOnWithAnotherSeedWhenOneFailsInTheMiddle() throws Exception {
        // Whichever of the two is asked first stops serving after a few blocks.
        AtomicReference<@Nullable FakeSeed> first = new AtomicReference<>();
        class Fading extends FakeSeed {
            Fading(String name) throws Exception {
                super(vertx, name, SwarmDownloadsTest.this.content, CONTROL, 0);
            }

            @Override
            void wanted(ControlSession session, Want want) {
                first.compareAndSet(null, this);
                super.wanted(session, want);
            }

            @Override
            void block(HttpServerRequest request, int index, int time) {
                if (equals(first.get()) && index > 4) {
                    request.response().setStatusCode(500).end();
                } else {
                    super.block(request, index, time);
                }
            }
        }
        FakeSeed one = keep(new Fading("one"));
        FakeSeed two = keep(new Fading("two"));
        try (Fill fill = downloads(PATIENT, one.address(), two.address()).start(request("r1"));
                StoredBlob blob = opened(fill)) {
            await().until(blob::sealed);
            assertThat(TestContent.read(blob)).isEqualTo(content.bytes());
        }
        assertThat(one.served(0) + two.served(0)).isEqualTo(1);
        assertThat(recorder.passedOver).hasSize(1);
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void wantsAgainWhenALostSeedIsBack() throws Exception {
        FakeSeed half = new FakeSeed(vertx, "one", content, CONTROL, 0) {
            @Override
            void wanted(ControlSession session, Want want) {
                session.send(new ControlMessage.Accepted(want.key()));
                session.send(new ControlMessage.Opened(want.key(), content.layout()));
                grant(session, want);
                tell(session, 0, 6);
            }
        };
        try (Fill fill = downloads(PATIENT, half.address()).start(request("r1"));
                StoredBlob blob = opened(fill)) {
            await().until(() -> blob.held().size() == 6);
            half.close();
            FakeSeed back = keep(
                    new FakeSeed(vertx, "one", content, CONTROL, half.address().port()));
            await().until(blob::sealed);
            assertThat(TestContent.read(blob)).isEqualTo(content.bytes());
            assertThat(back.served(0)).isZero();
        }
        assertThat(recorder.passedOver).isEmpty();
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void failsReadersWhenALostSeedStaysAway() throws Exception {
        FakeSeed half = new FakeSeed(vertx, "one", content, CONTROL, 0) {
            @Override
            void wanted(ControlSession session, Want want) {
                session.send(new ControlMessage.Accepted(want.key()));
                session.send(new ControlMessage.Opened(want.key(), content.layout()));
                grant(session, want);
                tell(session, 0, 6);
            }
        };
        try (Fill fill = downloads(IMPATIENT, half.address()).start(request("r1"));
                StoredBlob blob = opened(fill);
                BlobReader reader = blob.reader(0, content.layout().size())) {
            await().until(() -> blob.held().size() == 6);
            reader.advance(6 * 64_000);
            half.close();
            assertThatThrownBy(() -> reader.awaitReadable(Duration.ofSeconds(20)))
                    .isInstanceOf(BlobFailedException.class)
                    .hasMessageContaining("did not come back");
        }
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void relaysARefusalToThoseItConcernsAlone() throws Exception {
        UpstreamRefusal no = new UpstreamRefusal(
                403, List.of(Map.entry("X-Reason", "no")), "denied".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        FakeSeed seed = keep(new FakeSeed(vertx, "one", content, CONTROL, 0) {
            @Override
            void wanted(ControlSession session, Want want) {
                if (want.authorization().equals(Authorization.of("Basic right"))) {
                    super.wanted(session, want);
                } else {
                    session.send(new ControlMessage.Accepted(want.key()));
                    session.send(new ControlMessage.Refused(want.key(), no));
                }
            }
        });
        SwarmDownloads downloads = downloads(PATIENT, seed.address());
        try (Fill right = downloads.start(request("r1", "Basic right"));
                Fill wrong = downloads.start(request("r2", "Basic wrong"))) {
            Opening refused = wrong.opening().get(10, SECONDS);
            // Whoever comes while it runs is not refused for what another sent.
            if (refused instanceof Opening.Refused(UpstreamRefusal refusal)) {
                assertThat(refusal).usingRecursiveComparison().isEqualTo(no);
            } else {
                ((Opening.Opened) refused).blob().close();
            }
            try (StoredBlob blob = opened(right)) {
                await().until(blob::sealed);
            }
        }
        try (Fill wrong = downloads(PATIENT, seed.address()).start(request("r3", other()))) {
            assertThat(wrong.opening().get(10, SECONDS)).isInstanceOf(Opening.Refused.class);
        }
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void passesThroughWhatCanNotBeStored(@TempDir Path small) throws Exception {
        try (BlobStore tiny =
                BlobStore.open(new StoreConfig(small, OptionalLong.of(1000)), StoreListener.NONE, Clock.systemUTC())) {
            FakeSeed seed = keep(new FakeSeed(vertx, "one", content, CONTROL, 0));
            try (Fill fill = downloads(tiny, PATIENT, seed.address()).start(request("r1"))) {
                assertThat(fill.opening().get(10, SECONDS))
                        .isEqualTo(new Opening.PassThrough(Opening.PassThrough.Reason.LARGER_THAN_QUOTA));
            }
            assertThat(seed.heard.poll(5, SECONDS)).isInstanceOf(Want.class);
            assertThat(seed.heard.poll(5, SECONDS)).isInstanceOf(ControlMessage.Leave.class);
        }
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void relaysWhatTheSeedCanNotDo() throws Exception {
        FakeSeed seed = keep(new FakeSeed(vertx, "one", content, CONTROL, 0) {
            @Override
            void wanted(ControlSession session, Want want) {
                session.send(new ControlMessage.PassThrough(want.key(), Opening.PassThrough.Reason.NO_LENGTH));
            }
        });
        try (Fill fill = downloads(PATIENT, seed.address()).start(request("r1"))) {
            assertThat(fill.opening().get(10, SECONDS))
                    .isEqualTo(new Opening.PassThrough(Opening.PassThrough.Reason.NO_LENGTH));
        }
    }

    @ParameterizedTest
    @Execution(ExecutionMode.CONCURRENT)
    @EnumSource(names = {"LARGER_THAN_QUOTA", "NO_ROOM", "DISK_ERROR"})
    void leavesToOthersWhatTheSeedHasNoRoomFor(Opening.PassThrough.Reason reason) throws Exception {
        FakeSeed seed = keep(new FakeSeed(vertx, "one", content, CONTROL, 0) {
            @Override
            void wanted(ControlSession session, Want want) {
                session.send(new ControlMessage.PassThrough(want.key(), reason));
            }
        });
        try (Fill fill = downloads(PATIENT, seed.address()).start(request("r1"))) {
            assertThat(fill.opening().get(10, SECONDS)).isInstanceOf(Opening.Unavailable.class);
        }
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void endsWhenEveryoneHasLeftForAWhile() throws Exception {
        FakeSeed seed = keep(new FakeSeed(vertx, "one", content, CONTROL, 0) {
            @Override
            void wanted(ControlSession session, Want want) {
                session.send(new ControlMessage.Accepted(want.key()));
                session.send(new ControlMessage.Opened(want.key(), content.layout()));
                grant(session, want);
            }
        });
        SwarmDownloads downloads = downloads(PATIENT, seed.address());
        Fill fill = downloads.start(request("r1"));
        opened(fill).close();
        fill.close();
        await().until(() -> downloads.active() == 0);
        assertThat(seed.heard.poll(5, SECONDS)).isInstanceOf(Want.class);
        assertThat(seed.heard.poll(5, SECONDS)).isInstanceOf(ControlMessage.Leave.class);
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void offersTheSeedANewerCredential() throws Exception {
        FakeSeed seed = keep(new FakeSeed(vertx, "one", content, CONTROL, 0) {
            @Override
            void wanted(ControlSession session, Want want) {
                session.send(new ControlMessage.Accepted(want.key()));
                session.send(new ControlMessage.CredentialWanted(want.key(), "Bearer realm=x"));
            }
        });
        CredentialSource renewing = new CredentialSource() {
            @Override
            public Authorization current() {
                return Authorization.of("Bearer old");
            }

            @Override
            public Optional<Authorization> newerThan(Authorization rejected, String challenge) {
                return rejected.equals(current()) && challenge.equals("Bearer realm=x")
                        ? Optional.of(Authorization.of("Bearer new"))
                        : Optional.empty();
            }
        };
        SwarmDownloads downloads = downloads(PATIENT, seed.address());
        try (Fill fill =
                downloads.start(new FillRequest(content.key(), new RepositoryName("library/a"), renewing, "r1"))) {
            assertThat(seed.heard.poll(5, SECONDS)).isInstanceOf(Want.class);
            assertThat(seed.heard.poll(5, SECONDS))
                    .isEqualTo(
                            new ControlMessage.Credential(content.key(), Optional.of(Authorization.of("Bearer new"))));
            assertThat(fill.opening()).isNotDone();
        }
    }

    @ParameterizedTest
    @Execution(ExecutionMode.CONCURRENT)
    @ValueSource(booleans = {false, true})
    void givesANewerCredentialToNoSeedButTheOneThatAsked(boolean overTheNetwork) throws Exception {
        FakeSeed dying = asking("dying", "127.0.0.1", 0, () -> {});
        CompletableFuture<@Nullable Void> turned = new CompletableFuture<>();
        FakeSeed next = keep(asking("next", "::1", 0, () -> turned.complete(null)));
        Predicate<InetAddress> local = address -> !overTheNetwork || address instanceof Inet4Address;
        SeedLinks links = keep(SeedLinks.dial(
                vertx, TestCluster.plain("host", List.of(dying.address(), next.address()), local), CONTROL, recorder));
        await().until(() -> links.up() == 2);
        BlobKey key = firstAskedOf(dying, links);
        CredentialSource renewing = new RenewedByChallenge("dying", () -> {
            dying.close();
            turned.join();
        });
        SwarmConfig soonTurning = config(Duration.ofSeconds(20), Duration.ofMillis(1));
        try (Fill _ = downloads(store, soonTurning, links)
                .start(new FillRequest(key, new RepositoryName("library/a"), renewing, "r1"))) {
            assertThat(next.heard.poll(10, SECONDS)).isInstanceOf(Want.class);
            Optional<Authorization> own =
                    overTheNetwork ? Optional.empty() : Optional.of(Authorization.of("Bearer for next"));
            assertThat(next.heard.poll(10, SECONDS)).isEqualTo(new ControlMessage.Credential(key, own));
        }
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void givesASeedThatIsBackNoCredentialThatItDidNotAskFor() throws Exception {
        FakeSeed lost = asking("lost", "127.0.0.1", 0, () -> {});
        CompletableFuture<@Nullable Void> again = new CompletableFuture<>();
        BlockingQueue<FakeSeed> back = new LinkedBlockingQueue<>();
        CredentialSource renewing = new RenewedByChallenge("lost", () -> {
            lost.close();
            back.add(asking("back", "127.0.0.1", lost.address().port(), () -> again.complete(null)));
            again.join();
        });
        try (Fill _ = downloads(PATIENT, lost.address())
                .start(new FillRequest(content.key(), new RepositoryName("library/a"), renewing, "r1"))) {
            FakeSeed seed = keep(back.take());
            assertThat(seed.heard.poll(10, SECONDS)).isInstanceOf(Want.class);
            assertThat(seed.heard.poll(10, SECONDS))
                    .isEqualTo(new ControlMessage.Credential(
                            content.key(), Optional.of(Authorization.of("Bearer for back"))));
        }
    }

    /** One that begins, and finds the credential too old. */
    private FakeSeed asking(String name, String host, int port, Runnable wanted) throws Exception {
        return new FakeSeed(vertx, name, host, content, CONTROL, port) {
            @Override
            void wanted(ControlSession session, Want want) {
                wanted.run();
                session.send(new ControlMessage.Accepted(want.key()));
                session.send(new ControlMessage.Opened(want.key(), content.layout()));
                session.send(new ControlMessage.CredentialWanted(want.key(), name));
            }
        };
    }

    /** A blob that hosts ask this seed for before any other. */
    private static BlobKey firstAskedOf(FakeSeed seed, SeedLinks links) {
        return IntStream.iterate(0, i -> i + 1)
                .mapToObj(i -> new BlobKey(UpstreamName.DOCKER_HUB, Digest.sha256(new byte[] {(byte) i})))
                .filter(key -> links.ranked(key.digest()).getFirst().address().equals(seed.address()))
                .findFirst()
                .orElseThrow();
    }

    /** A newer credential for each challenge; at one of them, something else happens first. */
    private record RenewedByChallenge(String challenge, Incident incident) implements CredentialSource {
        interface Incident {
            void happen() throws Exception;
        }

        @Override
        public Authorization current() {
            return Authorization.of("Bearer old");
        }

        @Override
        public Optional<Authorization> newerThan(Authorization rejected, String challenge) {
            if (challenge.equals(this.challenge)) {
                assertThatCode(incident::happen).doesNotThrowAnyException();
            }
            return Optional.of(Authorization.of("Bearer for " + challenge));
        }
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void dropsABlobWhoseBytesAreNotWhatItsSeedVouchedFor() throws Exception {
        BlobKey lie = new BlobKey(content.key().upstream(), Digest.sha256(new byte[] {1, 2, 3}));
        FakeSeed seed = keep(new FakeSeed(vertx, "one", content, CONTROL, 0) {
            @Override
            void wanted(ControlSession session, Want want) {
                session.send(new ControlMessage.Accepted(want.key()));
                session.send(new ControlMessage.Opened(want.key(), content.layout()));
                grant(session, want);
                tell(session, 0, content.layout().count());
                session.send(new ControlMessage.Sealed(want.key()));
            }
        });
        try (Fill fill = downloads(PATIENT, seed.address()).start(request(lie, "r1"))) {
            opened(fill).close();
            assertThat(recorder.mismatches.poll(20, SECONDS))
                    .isEqualTo(seed.address() + " " + content.key().digest());
        }
        await().until(() -> store.find(lie).isEmpty());
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void dropsWhatContradictsTheSeed() throws Exception {
        try (StoredBlob partial = store.create(content.key(), content.layout());
                var writer = partial.writer(2)) {
            writer.write(java.nio.ByteBuffer.wrap(new byte[64_000]));
            writer.complete();
        }
        FakeSeed seed = keep(new FakeSeed(vertx, "one", content, CONTROL, 0));
        SwarmDownloads downloads = downloads(PATIENT, seed.address());
        try (Fill fill = downloads.start(request("r1"));
                StoredBlob blob = opened(fill)) {
            await().until(() -> downloads.active() == 0);
            assertThat(blob.sealed()).isFalse();
        }
        try (Fill fill = downloads.start(request("r2"));
                StoredBlob blob = opened(fill)) {
            await().until(blob::sealed);
            assertThat(TestContent.read(blob)).isEqualTo(content.bytes());
        }
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void isUnavailableOnceClosed() throws Exception {
        SwarmDownloads downloads = downloads(PATIENT, nobody());
        downloads.close();
        try (Fill fill = downloads.start(request("r1"))) {
            assertThat(fill.opening().get(5, SECONDS)).isInstanceOf(Opening.Unavailable.class);
        }
    }

    private static SwarmConfig config(Duration accept, Duration rejoin) {
        return new SwarmConfig(
                accept, Duration.ofSeconds(20), rejoin, Duration.ofSeconds(5), Duration.ofMillis(300), 4, 8, 3, 100);
    }

    private <T extends AutoCloseable> T keep(T closeable) {
        closeables.add(closeable);
        return closeable;
    }

    private SwarmDownloads downloads(SwarmConfig config, NodeAddress... seeds) {
        return downloads(store, config, seeds);
    }

    private SwarmDownloads downloads(BlobStore store, SwarmConfig config, NodeAddress... seeds) {
        return downloads(
                store,
                config,
                keep(SeedLinks.dial(vertx, TestCluster.plain("host", List.of(seeds)), CONTROL, recorder)));
    }

    private SwarmDownloads downloads(BlobStore store, SwarmConfig config, SeedLinks links) {
        BlockClient blocks = keep(new BlockClient(
                new BlockConfig(
                        Duration.ofSeconds(5), Duration.ofSeconds(2), 64 << 10, Duration.ofSeconds(30), 8, 8, 64 << 10),
                Optional.empty()));
        return keep(new SwarmDownloads(store, links, blocks, recorder, config));
    }

    /** Where nobody listens, nor anyone else's test can start to. */
    private NodeAddress nobody() throws Exception {
        Socket bound = keep(new Socket());
        bound.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        return new NodeAddress("127.0.0.1", bound.getLocalPort());
    }

    private FillRequest request(String requestId) {
        return request(content.key(), requestId);
    }

    private static FillRequest request(String requestId, TestContent content) {
        return request(content.key(), requestId);
    }

    private static FillRequest request(BlobKey key, String requestId) {
        return new FillRequest(
                key,
                new RepositoryName("library/a"),
                CredentialSource.fixed(Authorization.of("Basic secret")),
                requestId);
    }

    private FillRequest request(String requestId, String authorization) {
        return new FillRequest(
                content.key(),
                new RepositoryName("library/a"),
                CredentialSource.fixed(Authorization.of(authorization)),
                requestId);
    }

    private static StoredBlob opened(Fill fill) throws Exception {
        Opening opening = fill.opening().get(20, SECONDS);
        assertThat(opening).isInstanceOf(Opening.Opened.class);
        return ((Opening.Opened) opening).blob();
    }

    private static final class Recorder implements SwarmListener {
        private final AtomicInteger received = new AtomicInteger();
        private final BlockingQueue<String> refused = new LinkedBlockingQueue<>();
        private final BlockingQueue<String> passedOver = new LinkedBlockingQueue<>();
        private final BlockingQueue<String> mismatches = new LinkedBlockingQueue<>();

        @Override
        public void blockReceived(
                BlobKey key, int index, Source source, NodeAddress from, long bytes, Duration took, Cause cause) {
            received.incrementAndGet();
        }

        @Override
        public void blockRefused(BlobKey key, int index, Source source, NodeAddress from, Trouble trouble) {
            refused.add(index + " " + trouble);
        }

        @Override
        public void seedPassedOver(BlobKey key, NodeAddress seed, String why) {
            passedOver.add(why);
        }

        @Override
        public void mismatch(BlobKey key, NodeAddress seed, Digest got) {
            mismatches.add(seed + " " + got);
        }
    }
}
