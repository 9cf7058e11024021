package io.pantala.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.faults.Cluster.Topology;
import io.pantala.manifest.Digest;
import io.pantala.proxy.config.Key;
import io.pantala.proxy.http.RawClient;
import io.pantala.proxy.node.Tuning;
import io.pantala.registry.Bytes;
import io.pantala.registry.Exchange;
import io.pantala.registry.FakeRegistry;
import io.pantala.registry.Fault;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A blob of 20 GB, of which only what is asked for ever exists. */
@Timeout(120)
class HugeBlobTest {
    private static final long SIZE = 20_000_000_003L;
    private static final Digest DIGEST = Digest.sha256("twenty gigabytes".getBytes(StandardCharsets.US_ASCII));
    private static final String TARGET = "/v2/a/b/blobs/" + DIGEST;

    /** Enough for what a test reads, and no more than a disk can take. */
    private static final long BYTES_PER_SECOND = 200 << 20;

    @TempDir
    Path directory;

    private final Bytes content = Bytes.counting(SIZE);
    private final FakeRegistry registry = FakeRegistry.start().rate(BYTES_PER_SECOND);

    @AfterEach
    void stop() {
        registry.close();
    }

    /** From the blocks that come there first; with a seed, that brings them in order, from the registry meanwhile. */
    @ParameterizedTest
    @EnumSource
    void isServedAtEveryPlaceWhileItGrows(Topology topology) throws Exception {
        registry.blob("a/b", DIGEST, content);
        Tuning tuning = topology == Topology.ALONE ? Tuning.DEFAULT : Tunings.gap(Duration.ofMillis(300));
        try (Cluster nodes = cluster(topology, "64GiB", tuning)) {
            StrictEngine engine = nodes.engine();
            for (long place : new long[] {0, 1L << 31, 1L << 32, 1L << 34, SIZE - (16 << 20)}) {
                assertRange(engine, Math.max(0, place - 50), place + 50);
            }
            assertSuffix(engine);
            assertPastTheEnd(engine);
            assertBeginning(engine);
        }
    }

    @ParameterizedTest
    @EnumSource
    void isPassedThroughWhereItIsLargerThanTheQuota(Topology topology) throws Exception {
        registry.blob("a/b", DIGEST, content);
        try (Cluster nodes = cluster(topology, "1GiB", Tuning.DEFAULT)) {
            StrictEngine engine = nodes.engine();
            assertRange(engine, (1L << 34) - 50, (1L << 34) + 50);
            // The seed looks whether it has room for it, then the host does.
            int looks = topology == Topology.WITH_SEED ? 2 : 1;
            List<Fault> faults = new ArrayList<>(Collections.nCopies(looks, Fault.none()));
            faults.add(Fault.cutAfter(60));
            registry.next(TARGET, faults.toArray(Fault[]::new));
            assertRange(engine, (1L << 34) - 50, (1L << 34) + 50);
            assertThat(registry.requests().getLast().header("Range")).isEqualTo("bytes=17179869194-17179869233");
            assertBeginning(engine);
        }
    }

    private Cluster cluster(Topology topology, String quota, Tuning tuning) throws Exception {
        return new Cluster(directory, topology, tuning)
                .upstream("registry.example", registry.url().toString())
                .set(Key.DISK_QUOTA, quota)
                .start();
    }

    private void assertRange(StrictEngine engine, long from, long to) throws IOException {
        RawClient.Reply reply = ask(engine, "Range: bytes=" + from + "-" + (to - 1));
        assertThat(reply.status()).isEqualTo(206);
        assertThat(reply.header("Content-Range")).isEqualTo("bytes " + from + "-" + (to - 1) + "/" + SIZE);
        assertThat(reply.body()).isEqualTo(content.read(from, (int) (to - from)));
    }

    /** The last block is not given before all is proved: the registry itself is asked for it. */
    private void assertSuffix(StrictEngine engine) throws IOException {
        RawClient.Reply reply = ask(engine, "Range: bytes=-70");
        assertThat(reply.header("Content-Range")).isEqualTo("bytes 19999999933-20000000002/20000000003");
        assertThat(reply.body()).isEqualTo(content.read(SIZE - 70, 70));
        assertThat(registry.requests())
                .extracting((Exchange exchange) -> exchange.header("Range"))
                .contains("bytes=19999999933-20000000002");
    }

    private static void assertPastTheEnd(StrictEngine engine) throws IOException {
        RawClient.Reply reply = ask(engine, "Range: bytes=20000000003-");
        assertThat(reply.status()).isEqualTo(416);
        assertThat(reply.header("Content-Range")).isEqualTo("bytes */20000000003");
    }

    private void assertBeginning(StrictEngine engine) throws IOException {
        assertThat(engine.reply("HEAD", TARGET).header("Content-Length")).isEqualTo("20000000003");
        try (RawClient connection = engine.connect()) {
            RawClient.Reply head = connection.get(TARGET).head();
            assertThat(head.status()).isEqualTo(200);
            assertThat(head.header("Content-Length")).isEqualTo("20000000003");
            assertThat(connection.read(1000)).isEqualTo(content.read(0, 1000));
        }
    }

    private static RawClient.Reply ask(StrictEngine engine, String range) throws IOException {
        try (RawClient connection = engine.connect()) {
            return connection.get(TARGET, range).reply();
        }
    }
}
