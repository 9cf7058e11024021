package io.pantala.proxy.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pantala.manifest.Digest;
import io.pantala.registry.Fault;
import io.pantala.transport.identity.Token;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What becomes of pulls, and of what nodes show one another, when the time of day jumps in a cluster that runs under TLS:
 * further than certificates last, or than clocks may differ.
 */
@Timeout(300)
class ClockJumpTest {
    private static final int SIZE = 3_000_000;
    private static final int BEFORE = 700_000;
    /** Readers have a block before it is counted. */
    private static final Duration COUNTED = Duration.ofSeconds(1);

    private static final String FROM_SEED = "pantala_source_bytes_total{source=\"seed\"}";

    @TempDir
    private Path directory;

    private Fleet fleet;

    @BeforeEach
    void open() {
        fleet = new Fleet(directory);
    }

    @AfterEach
    void close() throws Exception {
        fleet.close();
    }

    /** Whose clocks jump. */
    private enum Whose {
        HOST,
        SEED,
        ALL
    }

    /**
     * The pull that runs goes on, and the next is right too, also where nodes no longer trust one another's certificates;
     * once the clocks agree again, wherever that is, hosts take from the seed again without anyone's doing.
     */
    @ParameterizedTest
    @Execution(ExecutionMode.CONCURRENT)
    @CsvSource({"ALL, PT-3H", "ALL, PT30H", "SEED, PT-30H", "SEED, PT3H", "HOST, PT30H", "HOST, PT-3H"})
    void pullsGoOnAndComeBackToTheSeedByThemselves(Whose whose, Duration jump) throws Exception {
        Fleet.Shifted ofSeed = new Fleet.Shifted();
        Fleet.Shifted ofHost = new Fleet.Shifted();
        List<Fleet.Shifted> jumping = switch (whose) {
            case HOST -> List.of(ofHost);
            case SEED -> List.of(ofSeed);
            case ALL -> List.of(ofSeed, ofHost);
        };
        fleet.registry.requireBearer("user", "secret").hide(Fleet.REPOSITORY);
        String[] may = {"Authorization", fleet.registry.issueToken(Fleet.REPOSITORY)};
        Seed seed = fleet.seed("seed", Fleet.tuning(ofSeed));
        Token token = fleet.token("seed");
        Host host = fleet.host("host", token, Fleet.tuning(ofHost), seed.listen());
        Host other = fleet.host("other", token, Fleet.tuning(ofSeed), seed.listen());
        fleet.awaitLinks(host, 1);
        fleet.awaitLinks(other, 1);

        byte[] bytes = fleet.bytes(SIZE);
        Digest blob = fleet.registry.blob(Fleet.REPOSITORY, bytes);
        CountDownLatch gate = new CountDownLatch(1);
        fleet.registry.next("blobs/" + blob, Fault.none(), Fault.holdAfter(BEFORE, gate));
        FutureTask<HttpResponse<byte[]>> pull = new FutureTask<>(() -> fleet.pull(host, blob, may));
        Thread.startVirtualThread(pull);
        await().until(() -> fleet.registry.bytesSent(blob) >= BEFORE);
        jumping.forEach(clock -> clock.to(jump));
        gate.countDown();

        assertThat(pull.get(60, TimeUnit.SECONDS).body()).isEqualTo(bytes);
        assertThat(fleet.pull(other, blob, may).body()).isEqualTo(bytes);
        assertThat(fleet.pull(host, blob).statusCode()).isEqualTo(401);
        pull(host, may);
        pull(other, may);

        if (whose == Whose.ALL) {
            awaitPullThroughTheSeed(host, may);
        }
        jumping.forEach(clock -> clock.to(Duration.ZERO));
        awaitPullThroughTheSeed(host, may);
        awaitPullThroughTheSeed(other, may);
        assertThat(fleet.pull(host, blob).statusCode()).isEqualTo(401);
    }

    private void awaitPullThroughTheSeed(Host host, String... may) {
        await().atMost(Duration.ofSeconds(100)).until(() -> {
            double before = fleet.metric(host.admin(), FROM_SEED);
            int size = pull(host, may);
            long end = System.nanoTime() + COUNTED.toNanos();
            double since = 0;
            while (since < size && System.nanoTime() < end) {
                since = fleet.metric(host.admin(), FROM_SEED) - before;
            }
            return since >= size;
        });
    }

    /** A blob that nobody has yet; its size. */
    private int pull(Host host, String... may) throws Exception {
        byte[] bytes = fleet.bytes(300_000);
        Digest blob = fleet.registry.blob(Fleet.REPOSITORY, bytes);
        assertThat(fleet.pull(host, blob, may).body()).isEqualTo(bytes);
        return bytes.length;
    }
}
