package io.pantala.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.pantala.faults.Cluster.Topology;
import io.pantala.manifest.Digest;
import io.pantala.proxy.node.StartException;
import io.pantala.registry.FakeRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What engines get when a node's disk takes nothing any more: the right bytes, as without that node. */
@Timeout(120)
class DiskFaultTest {
    private static final int SIZE = 6_000_000;
    private static final long DISK = 16 << 20;

    @TempDir
    Path directory;

    private final byte[] content = content();
    private final FakeRegistry registry = FakeRegistry.start();
    private final Digest digest = registry.blob("a/b", content);

    @AfterEach
    void stop() {
        registry.close();
    }

    /** With no room at all, and with some, so that the disk is full in the middle of the blob. */
    @ParameterizedTest
    @ValueSource(longs = {0, 2_000_000})
    void aHostAloneWhoseDiskIsFull(long left) throws Exception {
        hostWithout(left, Topology.ALONE);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 2_000_000})
    void aHostWithASeedWhoseOwnDiskIsFull(long left) throws Exception {
        hostWithout(left, Topology.WITH_SEED);
    }

    private void hostWithout(long left, Topology topology) throws Exception {
        try (SmallDisk disk = SmallDisk.mount(directory.resolve("host"), DISK);
                Cluster nodes = cluster(topology).start()) {
            disk.leave(left);

            assertThat(pull(nodes)).isEqualTo(new Outcome.Right());

            disk.clear();
            assertThat(pull(nodes)).isEqualTo(new Outcome.Right());
            assertIsStored(nodes);
        }
    }

    /** The host stores what its seed can't. */
    @ParameterizedTest
    @ValueSource(longs = {0, 2_000_000})
    void aSeedWhoseDiskIsFull(long left) throws Exception {
        try (SmallDisk disk = SmallDisk.mount(directory.resolve("seed"), DISK);
                Cluster nodes = cluster(Topology.WITH_SEED).start()) {
            disk.leave(left);

            assertThat(pull(nodes)).isEqualTo(new Outcome.Right());

            assertIsStored(nodes);
            assertThat(registry.bytesSent(digest)).isLessThanOrEqualTo(2L * SIZE);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aHostWhoseDiskHasBecomeReadOnlyGivesWhatItHas(Topology topology) throws Exception {
        Digest other = registry.blob("a/b", new byte[SIZE]);
        try (SmallDisk disk = SmallDisk.mount(directory.resolve("host"), DISK);
                Cluster nodes = cluster(topology).start()) {
            assertThat(pull(nodes)).isEqualTo(new Outcome.Right());
            BlobFiles.complete(nodes.directory("host"), digest);
            nodes.stopHost();
            nodes.startHost();
            disk.becomeReadOnly();

            assertThat(pull(nodes)).isEqualTo(new Outcome.Right());
            assertThat(registry.bytesSent(digest)).isEqualTo(SIZE);
            assertThat(nodes.engine().blob("a/b", other)).isEqualTo(new Outcome.Right());
        }
    }

    @Test
    void aSeedWhoseDiskHasBecomeReadOnly() throws Exception {
        try (SmallDisk disk = SmallDisk.mount(directory.resolve("seed"), DISK);
                Cluster nodes = cluster(Topology.WITH_SEED).start()) {
            disk.becomeReadOnly();

            assertThat(pull(nodes)).isEqualTo(new Outcome.Right());
            assertIsStored(nodes);
        }
    }

    @Test
    void aHostDoesNotStartWhereItCantWrite() throws Exception {
        try (SmallDisk disk = SmallDisk.mount(directory.resolve("host"), DISK);
                Cluster nodes = cluster(Topology.ALONE)) {
            disk.becomeReadOnly();

            assertThatExceptionOfType(StartException.class)
                    .isThrownBy(nodes::startHost)
                    .withMessageContaining(nodes.directory("host").toString())
                    .withMessageContaining("Read-only file system");
        }
    }

    private Cluster cluster(Topology topology) {
        return new Cluster(directory, topology, Tunings.PATIENT)
                .upstream("registry.example", registry.url().toString());
    }

    private Outcome pull(Cluster nodes) throws IOException {
        return nodes.engine().blob("a/b", digest);
    }

    /** In the end, pulls cost the registry nothing. */
    private void assertIsStored(Cluster nodes) {
        await().untilAsserted(() -> {
            long before = registry.bytesSent(digest);
            assertThat(pull(nodes)).isEqualTo(new Outcome.Right());
            assertThat(registry.bytesSent(digest)).isEqualTo(before);
        });
    }

    private static byte[] content() {
        byte[] content = new byte[SIZE];
        new Random(SIZE).nextBytes(content);
        return content;
    }
}
