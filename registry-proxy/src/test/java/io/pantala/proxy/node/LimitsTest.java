package io.pantala.proxy.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.manifest.Digest;
import io.pantala.proxy.config.HostConfig;
import io.pantala.proxy.config.Rates;
import io.pantala.proxy.config.SeedConfig;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
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

    private Fleet fleet;

    @BeforeEach
    void open(@TempDir Path directory) {
        fleet = new Fleet(directory);
    }

    @AfterEach
    void close() throws Exception {
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
        Seed seed = seed(Rates.NONE);
        Host first = fleet.keep(Host.start(config("first", seed, new Rates(RATE, NONE, NONE))));
        fleet.awaitLinks(first, 1);
        byte[] bytes = fleet.bytes(SIZE);
        Digest blob = fleet.registry.blob(Fleet.REPOSITORY, bytes);
        assertThat(fleet.pull(first, blob).body()).isEqualTo(bytes);
        Host second = host(seed, Rates.NONE);

        long start = System.nanoTime();
        assertThat(fleet.pull(second, blob).body()).isEqualTo(bytes);
        Duration took = Duration.ofNanos(System.nanoTime() - start);

        double fromFirst = fleet.metric(second.admin(), "pantala_source_bytes_total{source=\"peer\"}");
        // The first twenty milliseconds' worth may go at once.
        assertThat(took.toMillis()).isGreaterThan((long) (0.95 * 1000 * (fromFirst / RATE - 0.1)));
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

    private Seed seed(Rates rates) throws Exception {
        return fleet.keep(Seed.start(new SeedConfig(Fleet.ANY, fleet.node("seed", rates))));
    }

    private Host host(Seed seed, Rates rates) throws Exception {
        Host host = fleet.keep(Host.start(config("host", seed, rates)));
        fleet.awaitLinks(host, 1);
        return host;
    }

    private HostConfig config(String name, Seed seed, Rates rates) {
        return new HostConfig(Fleet.ANY, List.of(seed.listen()), Fleet.NAME, fleet.node(name, rates));
    }

    private Duration pull(Host host) throws Exception {
        byte[] bytes = fleet.bytes(SIZE);
        Digest blob = fleet.registry.blob(Fleet.REPOSITORY, bytes);
        long start = System.nanoTime();
        HttpResponse<byte[]> response = fleet.pull(host, blob);
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        assertThat(response.body()).isEqualTo(bytes);
        return took;
    }
}
