package io.pantala.store;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.Digest;
import io.pantala.manifest.UpstreamName;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlobStoreTest {
    private static final Duration NOW = Duration.ZERO;

    @TempDir
    Path directory;

    private final AtomicReference<Instant> time = new AtomicReference<>(Instant.parse("2026-01-01T00:00:00Z"));
    private final Clock clock = new Clock() {
        @Override
        public Instant instant() {
            return time.updateAndGet(before -> before.plusSeconds(1));
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }
    };
    private final List<BlobKey> evicted = new ArrayList<>();
    private final StoreListener listener = new StoreListener() {
        @Override
        public void evicted(BlobKey key, long bytes) {
            evicted.add(key);
        }
    };
    private BlobStore store;

    @BeforeEach
    void open() throws StoreException {
        open(100_000);
    }

    @AfterEach
    void close() {
        store.close();
    }

    private void open(long quota) throws StoreException {
        store = BlobStore.open(new StoreConfig(directory, OptionalLong.of(quota)), listener, clock);
    }

    private void reopen(long quota) throws StoreException {
        store.close();
        open(quota);
    }

    /** Stores it whole, until it is durable and nobody uses it. */
    private void keep(TestBlob image) throws IOException, NoRoomException {
        image.storedIn(store).close();
        String sidecar = image.key().digest().encoded() + ".blocks";
        await().atMost(10, SECONDS)
                .until(() -> files().stream().anyMatch(path -> path.startsWith("blobs") && path.endsWith(sidecar)));
        store.usage(); // what moved the files has let go of the store by now
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            return all.filter(Files::isRegularFile)
                    .map(directory::relativize)
                    .filter(path -> path.getNameCount() > 1)
                    .sorted()
                    .toList();
        }
    }

    @Test
    void memoryShowsWhatIsWrittenLaterAndOutlivesTheNamesButNotTheLastLease() throws Exception {
        TestBlob image = TestBlob.ofSize(5_500);
        StoredBlob one = store.create(image.key(), image.layout());
        StoredBlob other = one.share();
        MemorySegment memory = one.memory();
        image.write(one, 3);

        assertThat(memory.byteSize()).isEqualTo(5_500);
        assertThat(memory.asSlice(3_000, 1_000).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(image.block(3));
        assertThat(other.memory()).isSameAs(memory);

        store.drop(image.key());
        one.close();
        assertThat(memory.asSlice(3_000, 1_000).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(image.block(3));
        other.close();
        assertThat(memory.scope().isAlive()).isFalse();
    }

    @Test
    void keepsASealedBlobAcrossARestart() throws Exception {
        TestBlob image = TestBlob.ofSize(5_500);
        keep(image);
        reopen(100_000);
        try (StoredBlob found = store.find(image.key()).orElseThrow();
                BlobReader reader = found.reader(0, 5_500)) {
            assertThat(found.sealed()).isTrue();
            assertThat(found.layout()).isEqualTo(image.layout());
            assertThat(found.held().isFull()).isTrue();
            assertThat(found.hash(5)).isEqualTo(image.hash(5));
            assertThat(found.recheck()).isZero();
            assertThat(TestBlob.read(reader, reader.awaitReadable(NOW))).isEqualTo(image.content().bytes);
        }
    }

    @Test
    void findsNothingThatWasNotStored() {
        assertThat(store.find(TestBlob.ofSize(10).key())).isEmpty();
    }

    @Test
    void keepsWhatDifferentUpstreamsClaimApart() throws Exception {
        TestBlob image = TestBlob.ofSize(2_500);
        keep(image);
        assertThat(store.find(image.from("evil.example:5000").key())).isEmpty();
        keep(image.from("evil.example:5000"));
        keep(image.from("[fd00::1]:5000"));
        assertThat(store.usage().blobs()).isEqualTo(3);
        reopen(100_000);
        assertThat(store.usage()).isEqualTo(new StoreUsage(7_500, 100_000, 3));
        try (StoredBlob found = store.find(image.from("[fd00::1]:5000").key()).orElseThrow()) {
            assertThat(found.sealed()).isTrue();
        }
    }

    @Test
    void storesAnEmptyBlob() throws Exception {
        BlobKey key = new BlobKey(UpstreamName.DOCKER_HUB, Digest.EMPTY_SHA256);
        try (StoredBlob blob = store.create(key, BlockLayout.of(0));
                BlobReader reader = blob.reader(0, 0)) {
            blob.seal();
            assertThat(blob.sealed()).isTrue();
            assertThat(reader.awaitReadable(NOW)).isZero();
        }
        reopen(100_000);
        try (StoredBlob found = store.find(key).orElseThrow()) {
            assertThat(found.sealed()).isTrue();
        }
    }

    @Test
    void sharesOneStateAmongAllLeases() throws Exception {
        TestBlob image = TestBlob.ofSize(3_000);
        try (StoredBlob first = store.create(image.key(), image.layout());
                StoredBlob second = store.create(image.key(), image.layout());
                StoredBlob third = store.find(image.key()).orElseThrow();
                StoredBlob fourth = third.share()) {
            image.write(first, 1);
            assertThat(second.holds(1)).isTrue();
            assertThat(third.hash(1)).isEqualTo(image.hash(1));
            assertThat(fourth.held().size()).isEqualTo(1);
        }
        assertThat(store.usage()).isEqualTo(new StoreUsage(3_000, 100_000, 1));
    }

    @Test
    void keepsAPartialBlobsVerifiedBlocksWhileNobodyHasALease() throws Exception {
        TestBlob image = TestBlob.ofSize(3_000);
        try (StoredBlob blob = store.create(image.key(), image.layout())) {
            image.write(blob, 0);
        }
        for (int other = 0; other < 40; other++) { // more than are kept open
            keep(TestBlob.ofSize(100 + other));
        }
        try (StoredBlob blob = store.create(image.key(), image.layout())) {
            assertThat(blob.holds(0)).isTrue();
            image.write(blob, 1, 2);
            blob.seal();
        }
        await().atMost(10, SECONDS).until(() -> files().stream().noneMatch(path -> path.startsWith("partial")));
    }

    @Test
    void dropsAPartialBlobOfAnotherLayout() throws Exception {
        TestBlob image = TestBlob.ofSize(3_000);
        try (StoredBlob old = store.create(image.key(), image.layout());
                BlobReader reader = old.reader(0, 3_000)) {
            image.write(old, 0);
            TestBlob recut = TestBlob.ofSize(3_000, 600);
            try (StoredBlob fresh = store.create(image.key(), recut.layout())) {
                assertThat(fresh.held().isEmpty()).isTrue();
                assertThat(fresh.layout()).isEqualTo(recut.layout());
                assertThatThrownBy(() -> reader.awaitReadable(NOW)).isInstanceOf(BlobFailedException.class);
                assertThatThrownBy(() -> image.write(old, 1)).isInstanceOf(IOException.class);
                recut.writeAll(fresh);
                fresh.seal();
            }
        }
        try (StoredBlob found = store.find(image.key()).orElseThrow()) {
            assertThat(found.sealed()).isTrue();
        }
    }

    @Test
    void givesASealedBlobWhateverLayoutIsAskedFor() throws Exception {
        TestBlob image = TestBlob.ofSize(3_000);
        keep(image);
        try (StoredBlob blob = store.create(image.key(), new BlockLayout(3_000, 17))) {
            assertThat(blob.sealed()).isTrue();
            assertThat(blob.layout()).isEqualTo(image.layout());
        }
    }

    @Test
    void evictsWhatWasUsedLeastRecently() throws Exception {
        TestBlob first = TestBlob.ofSize(40_000);
        TestBlob second = TestBlob.ofSize(40_001);
        TestBlob third = TestBlob.ofSize(40_002);
        keep(first);
        keep(second);
        store.find(first.key()).orElseThrow().close();
        keep(third);
        assertThat(evicted).containsExactly(second.key());
        assertThat(store.find(second.key())).isEmpty();
        assertThat(store.usage()).isEqualTo(new StoreUsage(80_002, 100_000, 2));
    }

    @Test
    void countsWhatIsSetAsideAsUsedAndMakesRoomForIt() throws Exception {
        TestBlob first = TestBlob.ofSize(40_000);
        keep(first);
        keep(TestBlob.ofSize(40_001));

        assertThat(store.setAside(30_000)).isTrue();
        assertThat(evicted).containsExactly(first.key());
        assertThat(store.usage().bytes()).isEqualTo(70_001);
        assertThat(store.setAside(100_000)).isFalse();
        assertThat(store.usage().bytes()).isEqualTo(70_001);

        store.giveBack(30_000);
        assertThat(store.usage().bytes()).isEqualTo(40_001);
    }

    @Test
    void remembersTheOrderOfUseAcrossARestart() throws Exception {
        TestBlob first = TestBlob.ofSize(40_000);
        TestBlob second = TestBlob.ofSize(40_001);
        keep(first);
        keep(second);
        reopen(100_000);
        store.find(first.key()).orElseThrow().close();
        reopen(100_000);
        keep(TestBlob.ofSize(40_002));
        assertThat(evicted).containsExactly(second.key());
    }

    @Test
    void evictsPartialBlobsThatNobodyUses() throws Exception {
        TestBlob partial = TestBlob.ofSize(60_000);
        try (StoredBlob blob = store.create(partial.key(), partial.layout())) {
            partial.write(blob, 0);
        }
        keep(TestBlob.ofSize(60_001));
        assertThat(evicted).containsExactly(partial.key());
    }

    @Test
    void neverEvictsWhatIsInUse() throws Exception {
        TestBlob used = TestBlob.ofSize(60_000);
        TestBlob idle = TestBlob.ofSize(30_000);
        TestBlob wanted = TestBlob.ofSize(60_001);
        keep(used);
        try (StoredBlob lease = store.find(used.key()).orElseThrow()) {
            keep(idle);
            assertThatThrownBy(() -> store.create(wanted.key(), wanted.layout()))
                    .isInstanceOf(NoRoomException.class);
            assertThat(evicted).describedAs("nothing goes in vain").isEmpty();
            assertThat(lease.held().isFull()).isTrue();
        }
        keep(wanted);
        assertThat(evicted).containsExactly(idle.key(), used.key());
    }

    @Test
    void neverEvictsWhatAReaderOrWriterUses() throws Exception {
        TestBlob image = TestBlob.ofSize(60_000);
        TestBlob wanted = TestBlob.ofSize(60_001);
        StoredBlob lease = store.create(image.key(), image.layout());
        BlobReader reader = lease.reader(0, 10);
        BlockWriter writer = lease.writer(0);
        lease.close();
        lease.close();
        reader.close();
        assertThatThrownBy(() -> store.create(wanted.key(), wanted.layout())).isInstanceOf(NoRoomException.class);
        writer.close();
        writer.close();
        store.create(wanted.key(), wanted.layout()).close();
    }

    @Test
    void takesNothingLargerThanTheQuota() throws Exception {
        TestBlob image = TestBlob.ofSize(60_000);
        keep(image);
        assertThat(store.fits(100_000)).isTrue();
        assertThat(store.fits(100_001)).isFalse();
        assertThatThrownBy(() -> store.create(TestBlob.ofSize(5).key(), BlockLayout.of(100_001)))
                .isInstanceOf(NoRoomException.class);
        assertThat(evicted).isEmpty();
    }

    @Test
    void shrinksToASmallerQuotaAtTheNextStart() throws Exception {
        TestBlob first = TestBlob.ofSize(40_000);
        TestBlob second = TestBlob.ofSize(40_001);
        keep(first);
        keep(second);
        reopen(50_000);
        assertThat(evicted).containsExactly(first.key());
        assertThat(store.usage()).isEqualTo(new StoreUsage(40_001, 50_000, 1));
    }

    @Test
    void dropsABlobWithItsFilesAndFailsItsReaders() throws Exception {
        TestBlob image = TestBlob.ofSize(3_000);
        TestBlob other = TestBlob.ofSize(3_001);
        keep(other);
        try (StoredBlob blob = store.create(image.key(), image.layout());
                BlobReader reader = blob.reader(0, 3_000)) {
            image.writeAll(blob);
            store.drop(image.key());
            assertThatThrownBy(() -> reader.awaitReadable(NOW))
                    .isInstanceOfSatisfying(
                            BlobFailedException.class,
                            e -> assertThat(e.failure()).isInstanceOf(BlobFailure.DigestMismatch.class));
            assertThat(store.find(image.key())).isEmpty();
            assertThat(store.usage().bytes())
                    .describedAs("until its last lease is closed")
                    .isEqualTo(6_001);
        }
        assertThat(store.usage()).isEqualTo(new StoreUsage(3_001, 100_000, 1));
        await().atMost(10, SECONDS).until(() -> files().size() == 2);
    }

    @Test
    void keepsADroppedBlobsFileForThoseWhoAreSendingIt() throws Exception {
        TestBlob image = TestBlob.ofSize(3_000);
        keep(image);
        try (StoredBlob blob = store.find(image.key()).orElseThrow()) {
            store.drop(image.key());
            ByteBuffer bytes = ByteBuffer.allocate(1_000);
            assertThat(blob.channel().read(bytes, 1_000)).isEqualTo(1_000);
            assertThat(bytes.array()).isEqualTo(image.block(1));
        }
    }

    @Test
    void makesAFreshFileAfterADropWhileOldLeasesAreOpen() throws Exception {
        TestBlob image = TestBlob.ofSize(3_000);
        try (StoredBlob old = store.create(image.key(), image.layout());
                BlockWriter late = old.writer(0)) {
            late.write(ByteBuffer.wrap(new byte[500]));
            store.drop(image.key());
            try (StoredBlob fresh = store.create(image.key(), image.layout());
                    BlobReader reader = fresh.reader(0, 3_000)) {
                image.writeAll(fresh);
                assertThatThrownBy(() -> late.write(ByteBuffer.wrap(new byte[500])))
                        .isInstanceOf(IOException.class);
                old.seal();
                assertThat(fresh.sealed()).isFalse();
                fresh.seal();
                assertThat(TestBlob.read(reader, reader.awaitReadable(NOW))).isEqualTo(image.content().bytes);
            }
        }
        reopen(100_000);
        try (StoredBlob found = store.find(image.key()).orElseThrow()) {
            assertThat(found.sealed()).isTrue();
        }
    }

    @Test
    void goesOnReadingABlobThatIsBeingMadeDurable() throws Exception {
        TestBlob image = TestBlob.ofSize(30_000);
        try (StoredBlob blob = store.create(image.key(), image.layout());
                BlobReader reader = blob.reader(0, 30_000)) {
            image.writeAll(blob);
            byte[] start = TestBlob.read(reader, 10_000);
            blob.seal();
            await().atMost(10, SECONDS).until(() -> files().stream().allMatch(path -> path.startsWith("blobs")));
            byte[] rest = TestBlob.read(reader, reader.awaitReadable(NOW));
            assertThat(start.length + rest.length).isEqualTo(30_000);
            assertThat(rest).isEqualTo(Arrays.copyOfRange(image.content().bytes, 10_000, 30_000));
        }
    }

    @Test
    void waitsForSealedBlobsToBecomeDurableWhenItCloses() throws Exception {
        TestBlob image = TestBlob.ofSize(30_000);
        image.storedIn(store);
        store.close();
        assertThat(files()).hasSize(2).allMatch(path -> path.startsWith("blobs"));
    }

    @Test
    void failsReadersWhenItCloses() throws Exception {
        TestBlob image = TestBlob.ofSize(3_000);
        StoredBlob blob = store.create(image.key(), image.layout());
        BlobReader reader = blob.reader(0, 3_000);
        store.close();
        assertThatThrownBy(() -> reader.awaitReadable(NOW)).isInstanceOf(BlobFailedException.class);
        assertThat(store.find(image.key())).isEmpty();
        assertThatThrownBy(() -> store.create(image.key(), image.layout())).isInstanceOf(IOException.class);
        reader.close();
        blob.close();
    }

    @Test
    void refusesWhatAClosedLeaseCannotGive() throws Exception {
        TestBlob image = TestBlob.ofSize(3_000);
        StoredBlob blob = image.storedIn(store);
        blob.close();
        assertThatThrownBy(blob::share).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> blob.reader(0, 1)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void cannotSealWhatIsNotAllThere() throws Exception {
        TestBlob image = TestBlob.ofSize(3_000);
        try (StoredBlob blob = store.create(image.key(), image.layout())) {
            image.write(blob, 0, 1);
            assertThatThrownBy(blob::seal).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void staysConsistentWhenTheDiskRefusesANewBlob() throws Exception {
        TestBlob image = TestBlob.ofSize(3_000);
        Files.delete(directory.resolve("partial"));
        Files.createFile(directory.resolve("partial"));
        assertThatThrownBy(() -> store.create(image.key(), image.layout())).isInstanceOf(IOException.class);
        assertThat(store.usage()).isEqualTo(new StoreUsage(0, 100_000, 0));
        Files.delete(directory.resolve("partial"));
        keep(image);
        assertThat(store.usage().blobs()).isEqualTo(1);
    }
}
