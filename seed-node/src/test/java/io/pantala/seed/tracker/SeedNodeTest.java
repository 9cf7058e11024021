package io.pantala.seed.tracker;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.RepositoryName;
import io.pantala.seed.http.SeedServer;
import io.pantala.seed.schedule.ConductorConfig;
import io.pantala.seed.schedule.Zone;
import io.pantala.store.BlobFailedException;
import io.pantala.store.BlobFailure;
import io.pantala.store.BlobReader;
import io.pantala.store.BlobStore;
import io.pantala.store.StoredBlob;
import io.pantala.swarm.Authorization;
import io.pantala.swarm.CredentialSource;
import io.pantala.swarm.Fill;
import io.pantala.swarm.FillRequest;
import io.pantala.swarm.Opening;
import io.pantala.swarm.TestContent;
import io.pantala.swarm.download.SwarmConfig;
import io.pantala.swarm.download.SwarmDownloads;
import io.pantala.swarm.download.SwarmListener;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.RateLimit;
import io.pantala.transport.TestCluster;
import io.pantala.transport.block.BlockClient;
import io.pantala.transport.block.BlockConfig;
import io.pantala.transport.block.BlockServerListener;
import io.pantala.transport.control.ControlConfig;
import io.pantala.transport.control.ControlMessage;
import io.pantala.transport.control.SeedLinks;
import io.pantala.transport.control.VersionRange;
import io.pantala.transport.identity.Role;
import io.pantala.transport.ticket.Ticket;
import io.pantala.transport.ticket.TicketCheck;
import io.pantala.transport.ticket.Voucher;
import io.vertx.core.Vertx;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SeedNodeTest {
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
    private static final TrackerConfig TRACKER = new TrackerConfig(
            CONTROL,
            3,
            // Hashes come with orders, or not at all before the end.
            Duration.ofHours(1),
            Duration.ofSeconds(5),
            Duration.ofSeconds(10),
            Duration.ofSeconds(2),
            ConductorConfig.DEFAULT);
    private static final int BLOCKS = 8;

    private final Vertx vertx = Vertx.vertx();
    private final TestContent content = TestContent.random(BLOCKS * 64_000 - 5, 64_000, 3);

    @TempDir
    private Path directory;

    private Seed seed;
    private Host one;
    private Host two;

    @BeforeEach
    void open() throws Exception {
        seed = new Seed(0);
        one = new Host("one");
        two = new Host("two");
    }

    @AfterEach
    void close() throws Exception {
        one.close();
        two.close();
        seed.close();
        vertx.close().await(10, SECONDS);
    }

    @Test
    void letsManyHostsFollowOneFillAsItGrows() throws Exception {
        try (Fill first = one.start("r1", "");
                Fill second = two.start("r2", "");
                StoredBlob atOne = opened(first);
                StoredBlob atTwo = opened(second);
                BlobReader reader = atTwo.reader(0, content.layout().size())) {
            seed.filler.permits.release(3);
            await().until(() -> atOne.held().size() == 3 && atTwo.held().size() == 3);
            assertThat(reader.awaitReadable(Duration.ofSeconds(10))).isEqualTo(3 * 64_000);
            assertThat(atOne.sealed()).isFalse();

            seed.filler.permits.release(BLOCKS);
            await().until(() -> atOne.sealed() && atTwo.sealed());
            assertThat(TestContent.read(atOne)).isEqualTo(content.bytes());
            assertThat(TestContent.read(atTwo)).isEqualTo(content.bytes());
        }
        assertThat(seed.filler.started).hasSize(1);
        await().until(() -> seed.filler.open.get() == 0);
    }

    @Test
    void withholdsTheLastBlockUntilTheBlobIsSealed() throws Exception {
        try (Fill fill = one.start("r1", "");
                StoredBlob atHost = opened(fill)) {
            seed.filler.permits.release(BLOCKS);
            await().until(() -> atHost.held().size() == BLOCKS - 1);
            try (StoredBlob atSeed = seed.store.find(content.key()).orElseThrow()) {
                await().until(() -> atSeed.held().isFull());
            }
            assertThat(status(BLOCKS - 2)).isEqualTo(200);
            assertThat(status(BLOCKS - 1)).isEqualTo(404);
            assertThat(atHost.hash(BLOCKS - 1)).isNull();

            seed.filler.permits.release();
            await().until(atHost::sealed);
            assertThat(status(BLOCKS - 1)).isEqualTo(200);
        }
    }

    private int status(int block) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(
                            HttpRequest.newBuilder(URI.create("http://" + seed.address() + "/pantala/v1/blobs/"
                                            + content.key().digest() + "/blocks/" + block + "?upstream=docker.io"))
                                    .header(
                                            Ticket.HEADER,
                                            seed.cluster
                                                    .ticket("one", content.key())
                                                    .text())
                                    .build(),
                            BodyHandlers.discarding())
                    .statusCode();
        }
    }

    @Test
    void givesWhatItsStoreHoldsWithoutAFill() throws Exception {
        content.storeIn(seed.store);
        try (Fill fill = one.start("r1", "");
                StoredBlob blob = opened(fill)) {
            await().until(blob::sealed);
            assertThat(TestContent.read(blob)).isEqualTo(content.bytes());
        }
        assertThat(seed.filler.started).isEmpty();
    }

    @Test
    void tellsALateHostEverythingSoFar() throws Exception {
        seed.filler.permits.release(5);
        try (Fill first = one.start("r1", "");
                StoredBlob atOne = opened(first)) {
            await().until(() -> atOne.held().size() == 5);
            try (Fill second = two.start("r2", "");
                    StoredBlob atTwo = opened(second)) {
                await().until(() -> atTwo.held().size() == 5);
                seed.filler.permits.release(BLOCKS);
                await().until(() -> atOne.sealed() && atTwo.sealed());
            }
        }
    }

    @Test
    void completesEmptyBlobsAndTinyOnes() throws Exception {
        seed.filler.permits.release(5);
        for (int size = 0; size <= 2; size++) {
            TestContent small = TestContent.random(size, 64_000, 11);
            seed.filler.contents.put(small.key(), small);
            try (Fill fill = one.start(small.key(), "r" + size, "");
                    StoredBlob blob = opened(fill)) {
                await().until(blob::sealed);
                assertThat(TestContent.read(blob)).isEqualTo(small.bytes());
            }
        }
    }

    @Test
    void hasABlobOfUntoldLengthStoredAlthoughItsHostReadsItItself() throws Exception {
        var stored = new CompletableFuture<Optional<String>>();
        seed.filler.outcomes.put(content.key(), new Opening.Unsized(stored));
        // The first is over when the second is answered.
        for (String request : List.of("r1", "r2")) {
            try (Fill fill = one.start(request, "")) {
                assertThat(fill.opening().get(10, SECONDS))
                        .isEqualTo(new Opening.PassThrough(Opening.PassThrough.Reason.NO_LENGTH));
            }
        }
        assertThat(seed.filler.open).hasValue(2);

        stored.complete(Optional.empty());

        assertThat(seed.filler.open).hasValue(0);
    }

    @Test
    void relaysWhatComesOfTheFill() throws Exception {
        for (Opening outcome : List.of(
                new Opening.PassThrough(Opening.PassThrough.Reason.NO_LENGTH), new Opening.Refused(FakeFiller.NO))) {
            seed.filler.outcomes.put(content.key(), outcome);
            try (Fill fill = one.start("r1", "")) {
                assertThat(fill.opening().get(10, SECONDS))
                        .usingRecursiveComparison()
                        .isEqualTo(outcome);
            }
        }
        seed.filler.outcomes.put(content.key(), new Opening.Unavailable("the registry can't be reached"));
        try (Fill fill = one.start("r1", "")) {
            assertThat(fill.opening().get(10, SECONDS))
                    .isEqualTo(new Opening.Unavailable("seed " + seed.address() + ": the registry can't be reached"));
        }
        await().until(() -> seed.filler.open.get() == 0);
    }

    @Test
    void refusesNobodyForWhatAnotherMayNot() throws Exception {
        seed.filler.accepted = Authorization.of("Basic right");
        try (Fill wrong = one.start("r1", "Basic wrong");
                Fill right = two.start("r2", "Basic right")) {
            try (StoredBlob blob = opened(right)) {
                seed.filler.permits.release(BLOCKS + 1);
                await().until(blob::sealed);
            }
            // It came first, or it followed what the other's credential had opened.
            Opening opening = wrong.opening().get(10, SECONDS);
            if (opening instanceof Opening.Opened(StoredBlob blob)) {
                blob.close();
            }
        }
    }

    @Test
    void asksTheHostsThatWaitForANewerCredential() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        seed.filler.accepted = Authorization.of("Bearer new");
        // It waits before the other one comes, who has nothing newer and whom the seed may ask too.
        try (Fill renewing = one.start(content.key(), "r1", new CredentialSource() {
            @Override
            public Authorization current() {
                return Authorization.of("Bearer old");
            }

            @Override
            public Optional<Authorization> newerThan(Authorization rejected, String challenge) {
                asked.incrementAndGet();
                return Optional.of(Authorization.of("Bearer new"));
            }
        })) {
            assertThat(seed.filler.started.poll(10, SECONDS)).isNotNull();
            try (Fill silent = two.start("r2", "Bearer old")) {
                opened(renewing).close();
                opened(silent).close();
            }
        }
        assertThat(asked).hasValue(1);
    }

    @Test
    void refusesWhenNoHostHasANewerCredential() throws Exception {
        seed.filler.accepted = Authorization.of("Bearer new");
        try (Fill fill = one.start("r1", "Bearer old")) {
            assertThat(fill.opening().get(10, SECONDS)).isInstanceOf(Opening.Refused.class);
        }
    }

    @Test
    void tellsHowTheSwarmsStandThatItIsAskedFor() throws Exception {
        TestContent other = TestContent.random(100, 64_000, 11);
        seed.filler.contents.put(other.key(), other);
        try (Fill first = one.start("r1", "");
                Fill second = one.start(other.key(), "r2", "");
                StoredBlob _ = opened(first);
                StoredBlob _ = opened(second)) {
            assertThat(seed.node.swarms(_ -> true).get(10, SECONDS))
                    .extracting(SwarmStatus::key)
                    .containsExactlyInAnyOrder(content.key(), other.key());
            assertThat(seed.node.swarms(other.key()::equals).get(10, SECONDS))
                    .extracting(SwarmStatus::key)
                    .containsExactly(other.key());
        }
    }

    @Test
    void endsAFillThatNobodyWantsAnyMore() throws Exception {
        try (Fill fill = one.start("r1", "")) {
            opened(fill).close();
            assertThat(seed.filler.open).hasValue(1);
        }
        await().until(() -> seed.filler.open.get() == 0);
    }

    @Test
    void takesAHostThatDisappearsForOneThatLeaves() throws Exception {
        try (Fill fill = one.start("r1", "")) {
            opened(fill).close();
            one.links.close();
            await().until(() -> seed.filler.open.get() == 0);
        }
    }

    @Test
    void tellsHostsWhenAFillFails() throws Exception {
        try (Fill fill = one.start("r1", "");
                StoredBlob blob = opened(fill);
                BlobReader reader = blob.reader(0, content.layout().size())) {
            seed.filler.permits.release(2);
            await().until(() -> blob.held().size() == 2);
            seed.filler.fail(content.key(), new BlobFailure.Interrupted("the registry went away"));
            reader.advance(2 * 64_000);
            assertThatThrownBy(() -> reader.awaitReadable(Duration.ofSeconds(10)))
                    .isInstanceOf(BlobFailedException.class)
                    .hasMessageContaining("the registry went away");
            assertThat(blob.held().size()).isEqualTo(2);
        }
    }

    @Test
    void hasHostsDropWhatProvedWrong() throws Exception {
        try (Fill fill = one.start("r1", "");
                StoredBlob blob = opened(fill)) {
            seed.filler.permits.release(2);
            await().until(() -> blob.held().size() == 2);
            seed.store.drop(content.key());
            await().until(() -> one.store.find(content.key()).isEmpty());
        }
    }

    @Test
    void resumesAfterItWasKilledInTheMiddle() throws Exception {
        seed.filler.permits.release(4);
        try (Fill fill = one.start("r1", "");
                StoredBlob blob = opened(fill)) {
            await().until(() -> blob.held().size() == 4);
            int port = seed.address().port();
            seed.close();
            seed = new Seed(port);
            seed.filler.permits.release(BLOCKS + 1);
            await().until(blob::sealed);
            assertThat(TestContent.read(blob)).isEqualTo(content.bytes());
        }
        assertThat(one.received).hasSize(BLOCKS).doesNotHaveDuplicates();
        // Four blocks, and the seal, were left to be done.
        assertThat(seed.filler.permits.availablePermits()).isEqualTo(BLOCKS + 1 - 5);
    }

    @Test
    void letsAHostThatWasKilledFetchOnlyWhatIsMissing() throws Exception {
        seed.filler.permits.release(4);
        Fill fill = one.start("r1", "");
        StoredBlob blob = opened(fill);
        await().until(() -> blob.held().size() == 4);
        blob.close();
        one.close();
        one = new Host("one");
        seed.filler.permits.release(BLOCKS);
        try (Fill again = one.start("r2", "");
                StoredBlob resumed = opened(again)) {
            await().until(resumed::sealed);
            assertThat(TestContent.read(resumed)).isEqualTo(content.bytes());
        }
        assertThat(one.received).hasSize(BLOCKS - 4);
        assertThat(seed.filler.started).hasSizeLessThanOrEqualTo(2);
    }

    @Test
    void boundsWhatOneHostMayWant() throws Exception {
        Fill[] fills = new Fill[TRACKER.wants() + 1];
        for (int i = 0; i < fills.length; i++) {
            TestContent each = TestContent.random(1000, 1000, 100 + i);
            seed.filler.contents.put(each.key(), each);
            fills[i] = one.start(each.key(), "r" + i, "");
            if (i < TRACKER.wants()) {
                opened(fills[i]).close();
            }
        }
        assertThat(fills[TRACKER.wants()].opening().get(10, SECONDS))
                .isInstanceOfSatisfying(
                        Opening.Unavailable.class,
                        unavailable -> assertThat(unavailable.reason()).contains("too many"));
        for (Fill fill : fills) {
            fill.close();
        }
    }

    private static StoredBlob opened(Fill fill) throws InterruptedException, ExecutionException, TimeoutException {
        Opening opening = fill.opening().get(20, SECONDS);
        assertThat(opening).isInstanceOf(Opening.Opened.class);
        return ((Opening.Opened) opening).blob();
    }

    /** What the seed of a test's cluster gives. */
    private record TestDesk(TestCluster cluster) implements ClusterDesk {
        @Override
        public ControlMessage.News news() {
            return cluster.news();
        }

        @Override
        public Ticket ticket(String host, BlobKey key) {
            return cluster.ticket(host, key);
        }

        @Override
        public Voucher vouch(BlobKey key, BlockLayout layout, byte[] packed) {
            return cluster.vouch(key, layout, packed);
        }

        @Override
        public TicketCheck tickets() {
            return cluster.tickets();
        }
    }

    private final class Seed implements AutoCloseable {
        private final BlobStore store = TestContent.store(directory.resolve("seed"));
        private final FakeFiller filler = new FakeFiller(store);
        private final TestCluster cluster = new TestCluster();
        private final SeedNode node = new SeedNode(
                vertx,
                "seed",
                Zone.NONE,
                store,
                filler,
                RateLimit.NONE,
                new TestDesk(cluster),
                BlockServerListener.NONE,
                TRACKER);
        private final SeedServer server;

        Seed(int port) throws Exception {
            filler.contents.put(content.key(), content);
            server = SeedServer.start(
                    vertx,
                    new NodeAddress("127.0.0.1", port),
                    cluster.tls(Role.SEED, "seed"),
                    TestCluster.open(),
                    List.of(node::mount));
        }

        NodeAddress address() {
            return new NodeAddress("127.0.0.1", server.port());
        }

        @Override
        public void close() {
            node.close();
            server.close(Duration.ZERO);
            store.close();
        }
    }

    private final class Host implements AutoCloseable {
        private final BlockingQueue<Integer> received = new LinkedBlockingQueue<>();
        private final BlobStore store;
        private final SeedLinks links;
        private final BlockClient blocks = new BlockClient(BlockConfig.DEFAULT, Optional.empty());
        private final SwarmDownloads downloads;

        Host(String name) throws Exception {
            store = TestContent.store(directory.resolve(name));
            SwarmListener listener = new SwarmListener() {
                @Override
                public void blockReceived(
                        BlobKey key,
                        int index,
                        Source source,
                        NodeAddress from,
                        long bytes,
                        Duration took,
                        Cause cause) {
                    received.add(index);
                }
            };
            links = SeedLinks.dial(vertx, TestCluster.plain(name, List.of(seed.address())), CONTROL, listener);
            SwarmConfig config = new SwarmConfig(
                    Duration.ofSeconds(20),
                    Duration.ofSeconds(20),
                    Duration.ofSeconds(20),
                    Duration.ofSeconds(5),
                    Duration.ofMillis(200),
                    4,
                    4,
                    3,
                    100);
            downloads = new SwarmDownloads(store, links, blocks, listener, config);
        }

        Fill start(String requestId, String authorization) {
            return start(content.key(), requestId, authorization);
        }

        Fill start(BlobKey key, String requestId, String authorization) {
            return start(key, requestId, CredentialSource.fixed(Authorization.of(authorization)));
        }

        Fill start(BlobKey key, String requestId, CredentialSource credentials) {
            return downloads.start(new FillRequest(key, new RepositoryName("library/a"), credentials, requestId));
        }

        @Override
        public void close() {
            downloads.close();
            links.close();
            blocks.close();
            store.close();
        }
    }
}
