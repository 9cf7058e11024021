package io.pantala.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pantala.faults.Cluster.Topology;
import io.pantala.manifest.Digest;
import io.pantala.proxy.config.Key;
import io.pantala.proxy.http.RawClient;
import io.pantala.proxy.node.Tuning;
import io.pantala.registry.FakeRegistry;
import io.pantala.registry.Fault;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What engines get when the host they pull through, or an engine beside them, is in trouble. */
@Timeout(60)
class HostFaultTest {
    private static final int SIZE = 6_000_000;
    private static final int BLOCK = 256 << 10;
    private static final int KB = 1000;

    @TempDir
    Path directory;

    private final byte[] content = content();
    private final FakeRegistry registry = FakeRegistry.start();
    private final Digest digest = registry.blob("a/b", content);
    private final String target = "/v2/a/b/blobs/" + digest;

    @AfterEach
    void stop() {
        registry.close();
    }

    @ParameterizedTest
    @EnumSource
    void anEngineThatDisconnectsInTheMiddleTakesNothingFromOthers(Topology topology) throws Exception {
        var gate = new CountDownLatch(1);
        registry.next(target, Fault.none(), Fault.holdAfter(700_000, gate));
        try (Cluster nodes = start(topology, Tunings.PATIENT)) {
            try (RawClient first = nodes.engine().connect()) {
                first.get(target).head();
                first.read(BLOCK);
                CompletableFuture<Outcome> second = begin(nodes);
                try (RawClient third = nodes.engine().connect()) {
                    third.get(target).head();
                }
                first.reset();
                gate.countDown();

                assertThat(second.get(30, TimeUnit.SECONDS)).isEqualTo(new Outcome.Right());
            }
            assertThat(nodes.engine().blob("a/b", digest)).isEqualTo(new Outcome.Right());
            assertThat(registry.bytesSent(digest)).isEqualTo(SIZE);
        }
    }

    /** Nobody has to be left for the fill to end. */
    @ParameterizedTest
    @EnumSource
    void aPullThatItsOnlyEngineLeavesIsThereForTheNext(Topology topology) throws Exception {
        try (Cluster nodes = start(topology, Tunings.PATIENT)) {
            try (RawClient engine = nodes.engine().connect()) {
                engine.get(target).head();
                engine.read(1000);
            }
            await().until(() -> registry.bytesSent(digest) == SIZE);

            assertThat(nodes.engine().blob("a/b", digest)).isEqualTo(new Outcome.Right());
            assertThat(registry.bytesSent(digest)).isEqualTo(SIZE);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aSlowEngineHoldsUpNobody(Topology topology) throws Exception {
        try (Cluster nodes = start(topology, Tunings.PATIENT);
                RawClient slow = nodes.engine().connect(4 << 10)) {
            slow.get(target).head();
            assertThat(slow.read(1024)).isEqualTo(Arrays.copyOf(content, 1024));

            assertThat(nodes.engine().blob("a/b", digest)).isEqualTo(new Outcome.Right());

            assertThat(slow.read(SIZE - 1024)).isEqualTo(Arrays.copyOfRange(content, 1024, SIZE));
            assertThat(registry.bytesSent(digest)).isEqualTo(SIZE);
        }
    }

    /**
     * Forty engines that stand still in a layer hold none of it in memory. One of them then reads a KB at a time, to the
     * end, while others pull beside it.
     */
    @ParameterizedTest
    @EnumSource
    void enginesThatReadLittleAtATimeTakeNoMemory(Topology topology) throws Exception {
        Digest other = registry.blob("a/b", Arrays.copyOf(content, 1_000_000));
        try (Cluster nodes = start(topology, Tunings.PATIENT)) {
            assertThat(nodes.engine().blob("a/b", other)).isEqualTo(new Outcome.Right());
            HeldMemory before = HeldMemory.now();
            List<RawClient> slow = new ArrayList<>();
            try {
                for (int i = 0; i < 40; i++) {
                    RawClient each = nodes.engine().connect(4 << 10);
                    slow.add(each);
                    each.get(target).head();
                    assertThat(each.read(KB)).isEqualTo(Arrays.copyOf(content, KB));
                }
                await().until(() -> registry.bytesSent(digest) == SIZE);
                await().untilAsserted(() -> assertThat(HeldMemory.now().since(before))
                        .as("%,d bytes are asked for", 40L * SIZE)
                        .isLessThan(24 << 20));

                RawClient slowest = slow.getFirst();
                for (int at = KB; at < SIZE; at += KB) {
                    int length = Math.min(KB, SIZE - at);
                    assertThat(slowest.read(length)).isEqualTo(Arrays.copyOfRange(content, at, at + length));
                    if (at % (1000 * KB) == 0) {
                        assertThat(nodes.engine().blob("a/b", digest)).isEqualTo(new Outcome.Right());
                    }
                }
                assertThat(slow.getLast().read(SIZE - KB)).isEqualTo(Arrays.copyOfRange(content, KB, SIZE));
            } finally {
                for (RawClient each : slow) {
                    each.close();
                }
            }
            assertThat(registry.bytesSent(digest)).isEqualTo(SIZE);
        }
    }

    /** What no store has room for is read from the registry no faster than the engine takes it. */
    @ParameterizedTest
    @EnumSource
    void whatPassesThroughComesAtThePaceOfASlowEngine(Topology topology) throws Exception {
        byte[] large = new byte[40_000_000];
        new Random(2).nextBytes(large);
        Digest of = registry.blob("a/b", large);
        try (Cluster nodes = new Cluster(directory, topology, Tunings.PATIENT)
                .upstream("registry.example", registry.url().toString())
                .set(Key.DISK_QUOTA, "8MiB")
                .start()) {
            // What buffers come from is there afterwards.
            assertThat(nodes.engine().blob("a/b", of)).isEqualTo(new Outcome.Right());
            registry.forgetRequests();
            HeldMemory before = HeldMemory.now();
            List<RawClient> slow = new ArrayList<>();
            try {
                for (int i = 0; i < 4; i++) {
                    RawClient each = nodes.engine().connect(4 << 10);
                    slow.add(each);
                    each.get("/v2/a/b/blobs/" + of).head();
                    assertThat(each.read(KB)).isEqualTo(Arrays.copyOf(large, KB));
                }

                assertThat(nodes.engine().blob("a/b", digest)).isEqualTo(new Outcome.Right());

                assertThat(registry.bytesSent(of)).isLessThan(4L * large.length / 2);
                assertThat(HeldMemory.now().since(before))
                        .as("%,d bytes are asked for", 4L * large.length)
                        .isLessThan(32 << 20);
                RawClient slowest = slow.getFirst();
                int length;
                for (int at = KB; at < large.length; at += length) {
                    length = Math.min(at < 1000 * KB ? KB : 100 * KB, large.length - at);
                    assertThat(slowest.read(length)).isEqualTo(Arrays.copyOfRange(large, at, at + length));
                }
            } finally {
                for (RawClient each : slow) {
                    each.close();
                }
            }
        }
    }

    /** There is room for one of two: the one that is being read stays until it has been. */
    @ParameterizedTest
    @EnumSource
    void whatAnEngineReadsIsNotEvictedForAnother(Topology topology) throws Exception {
        byte[] other = new byte[SIZE];
        new Random(1).nextBytes(other);
        Digest otherDigest = registry.blob("a/b", other);
        try (Cluster nodes = new Cluster(directory, topology, Tunings.PATIENT)
                        .upstream("registry.example", registry.url().toString())
                        .set(Key.DISK_QUOTA, "8MiB")
                        .start();
                RawClient slow = nodes.engine().connect(4 << 10)) {
            assertThat(nodes.engine().blob("a/b", digest)).isEqualTo(new Outcome.Right());
            slow.get(target).head();
            assertThat(slow.read(1024)).isEqualTo(Arrays.copyOf(content, 1024));

            assertThat(nodes.engine().blob("a/b", otherDigest)).isEqualTo(new Outcome.Right());

            assertThat(slow.read(SIZE - 1024)).isEqualTo(Arrays.copyOfRange(content, 1024, SIZE));
            assertThat(nodes.engine().blob("a/b", digest)).isEqualTo(new Outcome.Right());
            assertThat(registry.bytesSent(digest)).isEqualTo(SIZE);
        }
    }

    @ParameterizedTest
    @EnumSource
    void oneLayerAskedForTwentyTimesAtOnceIsFetchedOnce(Topology topology) throws Exception {
        try (Cluster nodes = start(topology, Tunings.PATIENT)) {
            List<CompletableFuture<Outcome>> pulls = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                pulls.add(begin(nodes));
            }
            for (CompletableFuture<Outcome> pull : pulls) {
                assertThat(pull.get(30, TimeUnit.SECONDS)).isEqualTo(new Outcome.Right());
            }
            assertThat(registry.bytesSent(digest)).isEqualTo(SIZE);
        }
    }

    @ParameterizedTest
    @CsvSource({"ALONE, false", "ALONE, true", "WITH_SEED, false", "WITH_SEED, true"})
    void aCorruptBlockOnDiskIsFetchedAgainBeforeAnyoneGetsIt(Topology topology, boolean restarted) throws Exception {
        try (Cluster nodes = start(topology, Tunings.PATIENT)) {
            assertThat(nodes.engine().blob("a/b", digest)).isEqualTo(new Outcome.Right());
            BlobFiles files = BlobFiles.complete(nodes.directory("host"), digest);
            if (restarted) {
                nodes.stopHost();
            }
            files.flip(7 * BLOCK + 5);
            if (restarted) {
                nodes.startHost();
            }

            assertThat(nodes.engine().blob("a/b", digest)).isEqualTo(new Outcome.Right());
            assertThat(nodes.engine().blob("a/b", digest)).isEqualTo(new Outcome.Right());

            long again = topology == Topology.ALONE ? BLOCK : 0;
            assertThat(registry.bytesSent(digest)).isEqualTo(SIZE + again);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRangeOfACorruptBlockIsFetchedAgain(Topology topology) throws Exception {
        try (Cluster nodes = start(topology, Tunings.PATIENT)) {
            assertThat(nodes.engine().blob("a/b", digest)).isEqualTo(new Outcome.Right());
            BlobFiles.complete(nodes.directory("host"), digest).flip(7 * BLOCK);
            int from = 7 * BLOCK + 100;

            try (RawClient engine = nodes.engine().connect()) {
                assertThat(engine.get(target, "Range: bytes=" + from + "-" + (from + 9))
                                .reply()
                                .body())
                        .isEqualTo(Arrays.copyOfRange(content, from, from + 10));
            }
        }
    }

    /** By whatever the clock says, a verdict on access lasts a minute, and what is stored is there. */
    @ParameterizedTest
    @CsvSource({"ALONE, P3650D", "ALONE, P-3650D", "WITH_SEED, P3650D", "WITH_SEED, P-3650D"})
    void aClockThatJumpsChangesNothing(Topology topology, Duration jump) throws Exception {
        var clock = new JumpingClock();
        var gate = new CountDownLatch(1);
        registry.requireBearer("user", "secret").hide("a/b");
        String token = "Authorization: " + registry.issueToken("a/b");
        registry.next(target, Fault.none(), Fault.holdAfter(700_000, gate));
        try (Cluster nodes = start(topology, Tunings.by(clock))) {
            CompletableFuture<Outcome> pull = begin(nodes, token);
            await().until(() -> registry.bytesSent(digest) >= 700_000);

            clock.jump(jump);
            gate.countDown();

            assertThat(pull.get(30, TimeUnit.SECONDS)).isEqualTo(new Outcome.Right());
            assertThat(nodes.engine(token).blob("a/b", digest)).isEqualTo(new Outcome.Right());
            assertThat(nodes.engine().blob("a/b", digest)).isEqualTo(new Outcome.Refused(401, "UNAUTHORIZED"));
            nodes.stopHost();
            nodes.startHost();
            assertThat(nodes.engine(token).blob("a/b", digest)).isEqualTo(new Outcome.Right());
            assertThat(registry.bytesSent(digest)).isEqualTo(SIZE);
        }
    }

    /** A date that lies years ahead, by a clock that went back, must not stop a backfill for years. */
    @ParameterizedTest
    @EnumSource
    void aDateToComeBackAtIsNotWaitedForBeyondReason(Topology topology) throws Exception {
        registry.next(
                target,
                Fault.none(),
                Fault.none(),
                Fault.status(503, Map.of("Retry-After", "Fri, 31 Dec 2099 23:59:59 GMT")));
        try (Cluster nodes = start(topology, Tunings.PATIENT)) {
            assertThat(nodes.engine().blob("a/b", digest)).isEqualTo(new Outcome.Right());
            assertThat(registry.bytesSent(digest)).isEqualTo(SIZE);
        }
    }

    private Cluster start(Topology topology, Tuning tuning) throws Exception {
        return new Cluster(directory, topology, tuning)
                .upstream("registry.example", registry.url().toString())
                .start();
    }

    private CompletableFuture<Outcome> begin(Cluster nodes, String... headers) {
        StrictEngine engine = nodes.engine(headers);
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return engine.blob("a/b", digest);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                task -> Thread.ofVirtual().start(task));
    }

    private static byte[] content() {
        byte[] content = new byte[SIZE];
        new Random(SIZE).nextBytes(content);
        return content;
    }

    /** The system's clock, set wrong by an operator. */
    private static final class JumpingClock extends Clock {
        private volatile Duration off = Duration.ZERO;

        void jump(Duration by) {
            off = by;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return Instant.now().plus(off);
        }
    }
}
