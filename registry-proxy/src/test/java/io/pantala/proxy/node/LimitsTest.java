package io.pantala.proxy.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.manifest.Digest;
import io.pantala.proxy.config.HostConfig;
import io.pantala.proxy.config.Rates;
import io.pantala.proxy.config.SeedConfig;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A slow machine can only make a transfer longer: that one is long enough shows that its limit holds. */
@Timeout(60)
class LimitsTest {
    private static final long RATE = 4_000_000;
    private static final int SIZE = 8_000_000;
    private static final long NONE = Long.MAX_VALUE;

    private final ExecutorService engines = Executors.newVirtualThreadPerTaskExecutor();
    private Fleet fleet;

    @BeforeEach
    void open(@TempDir Path directory) {
        fleet = new Fleet(directory);
    }

    @AfterEach
    void close() throws Exception {
        engines.close();
        fleet.close();
    }

    @Test
    void aSeedSendsNoFasterThanItMay() throws Exception {
        Host host = host(seed(new Rates(RATE, NONE, NONE)), Rates.NONE);

        assertThat(pull(host)).isGreaterThan(leastTime());
    }

    @Test
    void aHostReceivesNoFasterThanItMay() throws Exception {
        Host host = host(seed(Rates.NONE), new Rates(NONE, RATE, NONE));

        assertThat(pull(host)).isGreaterThan(leastTime());
    }

    @Test
    void aHostSendsNoFasterThanItMay() throws Exception {
        Sender sender = sender(1);
        Host receiver = host("receiver", sender.seed, Rates.NONE);

        Duration took = pull(Map.of(receiver, sender.blobs));

        assertWithinLimit(sent(sender), took);
    }

    @Test
    void aHostSendsSeveralTogetherNoFasterThanItMay() throws Exception {
        Sender sender = sender(3);
        Map<Host, List<Digest>> wanted = new HashMap<>();
        for (Digest blob : sender.blobs) {
            wanted.put(host("receiver-" + wanted.size(), sender.seed, Rates.NONE), List.of(blob));
        }

        Duration took = pull(wanted);

        assertWithinLimit(sent(sender), took);
    }

    @Test
    void aHostReceivesSeveralBlobsTogetherNoFasterThanItMay() throws Exception {
        Host host = host(seed(Rates.NONE), new Rates(NONE, RATE, NONE));
        List<Digest> blobs = blobs(3);

        Duration took = pull(Map.of(host, blobs));

        assertWithinLimit(3L * SIZE, took);
    }

    @Test
    void aSeedReadsARegistryNoFasterThanItMay() throws Exception {
        Host host = host(seed(new Rates(NONE, NONE, RATE)), Rates.NONE);

        assertThat(pull(host)).isGreaterThan(leastTime());
    }

    /** Within 5 %. */
    private static Duration leastTime() {
        return Duration.ofMillis(950L * SIZE / RATE);
    }

    private static void assertWithinLimit(double bytes, Duration took) {
        assertThat(bytes / took.toNanos() * 1e9).isLessThanOrEqualTo(1.05 * RATE);
    }

    /** A host that keeps to a limit, and holds what its seed sends much slower. */
    private record Sender(Host host, Seed seed, List<Digest> blobs) {}

    private Sender sender(int count) throws Exception {
        Seed fast = seed(Rates.NONE);
        Host host = host("sender", fast, new Rates(RATE, NONE, NONE));
        List<Digest> blobs = blobs(count);
        pull(Map.of(host, blobs));

        fast.close();
        fleet.awaitLinks(host, 0);
        Seed slow = fleet.keep(Seed.start(
                new SeedConfig(fast.listen(), fleet.node("seed", new Rates(RATE / 10, NONE, NONE)))));
        fleet.awaitLinks(host, 1);
        return new Sender(host, slow, blobs);
    }

    /** The seed helps a little; but if most came from there, that the host was not too fast says nothing. */
    private double sent(Sender sender) throws Exception {
        double sent = fleet.metric(sender.host.admin(), "pantala_blocks_sent_bytes_total");
        assertThat(sent).isGreaterThan(sender.blobs.size() * SIZE / 2.0);
        return sent;
    }

    private List<Digest> blobs(int count) {
        List<Digest> blobs = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            blobs.add(fleet.registry.blob(Fleet.REPOSITORY, fleet.bytes(SIZE)));
        }
        return blobs;
    }

    private Seed seed(Rates rates) throws Exception {
        return fleet.keep(Seed.start(new SeedConfig(Fleet.ANY, fleet.node("seed", rates))));
    }

    private Host host(Seed seed, Rates rates) throws Exception {
        return host("host", seed, rates);
    }

    private Host host(String name, Seed seed, Rates rates) throws Exception {
        Host host = fleet.keep(Host.start(config(name, seed, rates)));
        fleet.awaitLinks(host, 1);
        return host;
    }

    private HostConfig config(String name, Seed seed, Rates rates) {
        return new HostConfig(Fleet.ANY, List.of(seed.listen()), Fleet.NAME, fleet.node(name, rates));
    }

    private Duration pull(Host host) throws Exception {
        return pull(Map.of(host, blobs(1)));
    }

    /** All at once. */
    private Duration pull(Map<Host, List<Digest>> wanted) throws Exception {
        List<Future<HttpResponse<byte[]>>> pulls = new ArrayList<>();
        List<Digest> blobs = new ArrayList<>();
        long start = System.nanoTime();
        wanted.forEach((host, each) -> each.forEach(blob -> {
            pulls.add(engines.submit(() -> fleet.pull(host, blob)));
            blobs.add(blob);
        }));
        for (Future<HttpResponse<byte[]>> pull : pulls) {
            pull.get(50, TimeUnit.SECONDS);
        }
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        assertThat(pulls)
                .extracting(pull -> Digest.sha256(pull.resultNow().body()))
                .isEqualTo(blobs);
        return took;
    }
}
