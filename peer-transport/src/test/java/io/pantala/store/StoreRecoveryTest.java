package io.pantala.store;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pantala.manifest.BlobKey;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a store makes of what a crash, or a failing disk, has left. */
class StoreRecoveryTest {
    private static final TestBlob IMAGE = TestBlob.ofSize(5_500);

    @TempDir
    Path directory;

    private final List<Integer> rejected = new ArrayList<>();
    private final List<Integer> damaged = new ArrayList<>();
    private final StoreListener listener = new StoreListener() {
        @Override
        public void rejected(BlobKey key, int block) {
            rejected.add(block);
        }

        @Override
        public void damaged(BlobKey key, int block) {
            damaged.add(block);
        }
    };
    private BlobStore store;

    @BeforeEach
    void open() throws StoreException {
        store = BlobStore.open(new StoreConfig(directory, OptionalLong.of(1_000_000)), listener, Clock.systemUTC());
    }

    @AfterEach
    void close() {
        store.close();
    }

    private Path file(String place, String suffix) {
        String hex = IMAGE.key().digest().encoded();
        return directory.resolve(place + "/docker.io/" + hex.substring(0, 2) + "/" + hex + suffix);
    }

    private void leavePartial(int... blocks) throws Exception {
        try (StoredBlob blob = store.create(IMAGE.key(), IMAGE.layout())) {
            IMAGE.write(blob, blocks);
        }
        store.close();
    }

    private void leaveSealed() throws Exception {
        IMAGE.storedIn(store).close();
        store.close();
    }

    private static void corrupt(Path file, long position) throws IOException {
        try (RandomAccessFile data = new RandomAccessFile(file.toFile(), "rw")) {
            data.seek(position);
            int was = data.read();
            data.seek(position);
            data.write(was ^ 1);
        }
    }

    @Test
    void afterAKillOnlyBlocksThatWereWrittenWholeAreHeldAndOnlyOnceChecked() throws Exception {
        store.close();
        try (StoreProcess killed = StoreProcess.start(directory)) {
            assertThat(killed.nextLine()).isEqualTo("open");
            assertThat(killed.nextLine()).isEqualTo("written");
        }
        open();
        TestBlob image = StoreProcess.BLOB;
        try (StoredBlob blob = store.find(image.key()).orElseThrow();
                BlobReader reader = blob.reader(0, 20_500)) {
            assertThat(blob.sealed()).isFalse();
            assertThat(blob.held().isEmpty()).isTrue();
            assertThat(blob.hash(0)).isNull();
            assertThat(blob.recheck()).isEqualTo(11);
            assertThat(blob.arrived())
                    .describedAs("found right is as good as come")
                    .isEqualTo(10_500);
            assertThat(blob.recheck()).isZero();
            for (int block = 0; block <= 20; block++) {
                assertThat(blob.holds(block)).describedAs("block " + block).isEqualTo(block % 2 == 0);
            }
            assertThat(rejected).isEmpty();
            for (int block = 1; block < 20; block += 2) {
                image.write(blob, block);
            }
            blob.seal();
            assertThat(TestBlob.read(reader, reader.awaitReadable(Duration.ZERO)))
                    .isEqualTo(image.content().bytes);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void noticesThatABlockOfACompleteBlobHasChangedOnDiskAndKeepsTheRest(boolean restarted) throws Exception {
        IMAGE.storedIn(store).close();
        awaitPublished();
        if (restarted) {
            store.close();
            open();
        }
        corrupt(file("blobs", ".data"), 2_500);
        try (StoredBlob blob = store.find(IMAGE.key()).orElseThrow();
                BlobReader reader = blob.reader(0, 5_500)) {
            assertThat(blob.sealed()).isTrue();
            assertThat(blob.intact(0, 2_000)).isTrue();
            assertThat(blob.intact(2_000, 2_001)).isFalse();
            assertThatExceptionOfType(BlobFailedException.class)
                    .isThrownBy(() -> reader.awaitReadable(Duration.ZERO))
                    .satisfies(e -> assertThat(e.failure()).isInstanceOf(BlobFailure.Interrupted.class));
        }
        assertThat(damaged).containsExactly(2);
        try (StoredBlob blob = store.find(IMAGE.key()).orElseThrow()) {
            assertThat(blob.sealed()).isFalse();
            assertThat(blob.recheck()).isEqualTo(5);
            assertThat(rejected).containsExactly(2);
            IMAGE.write(blob, 2);
            blob.seal();
        }
        awaitPublished();
        try (StoredBlob blob = store.find(IMAGE.key()).orElseThrow()) {
            assertThat(blob.intact(0, 5_500)).isTrue();
        }
        assertThat(store.usage().bytes()).isEqualTo(5_500);
        assertThat(file("partial", ".data")).doesNotExist();
    }

    @Test
    void dropsACompleteBlobThatTheDiskCantRead() throws Exception {
        leaveSealed();
        open();
        try (StoredBlob blob = store.find(IMAGE.key()).orElseThrow()) {
            try (RandomAccessFile data =
                    new RandomAccessFile(file("blobs", ".data").toFile(), "rw")) {
                data.setLength(3_000);
            }
            assertThat(blob.intact(0, 3_000)).isTrue();
            assertThat(blob.intact(0, 5_500)).isFalse();
        }
        assertThat(store.find(IMAGE.key())).isEmpty();
        assertThat(store.usage().bytes()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 10, 100})
    void dropsACompleteBlobWhoseSidecarAPowerCutHasCut(int length) throws Exception {
        leaveSealed();
        try (RandomAccessFile sidecar =
                new RandomAccessFile(file("blobs", ".blocks").toFile(), "rw")) {
            sidecar.setLength(length);
        }
        open();
        assertThat(store.find(IMAGE.key())).isEmpty();
        assertThat(store.usage().bytes()).isZero();
    }

    @Test
    void doesNotReadAgainWhatWasJustWritten() throws Exception {
        try (StoredBlob blob = IMAGE.storedIn(store)) {
            awaitPublished();
            corrupt(file("blobs", ".data"), 2_500);
            assertThat(blob.intact(0, 5_500)).isTrue();
        }
    }

    private void awaitPublished() {
        await().until(() -> Files.exists(file("blobs", ".blocks")));
    }

    @Test
    void rejectsABlockThatHasChangedOnDisk() throws Exception {
        leavePartial(0, 1, 2, 5);
        corrupt(file("partial", ".data"), 1_500);
        open();
        try (StoredBlob blob = store.find(IMAGE.key()).orElseThrow();
                BlobReader reader = blob.reader(0, 5_500)) {
            assertThat(blob.recheck()).isEqualTo(3);
            assertThat(rejected).containsExactly(1);
            assertThat(blob.holds(1)).isFalse();
            assertThat(reader.awaitReadable(Duration.ZERO)).isEqualTo(1_000);
            IMAGE.write(blob, 1);
            assertThat(reader.awaitReadable(Duration.ZERO)).isEqualTo(3_000);
        }
        store.close();
        open();
        try (StoredBlob blob = store.find(IMAGE.key()).orElseThrow()) {
            assertThat(blob.recheck()).describedAs("the newer record counts").isEqualTo(4);
        }
    }

    @Test
    void aBlockThatIsBeingOverwrittenIsNoLongerClaimed() throws Exception {
        leavePartial(0, 1);
        open();
        try (StoredBlob blob = store.find(IMAGE.key()).orElseThrow();
                BlockWriter writer = blob.writer(1)) {
            writer.write(ByteBuffer.wrap(new byte[10]));
            assertThat(blob.recheck()).isEqualTo(1);
            assertThat(blob.holds(1)).isFalse();
            assertThat(rejected).isEmpty();
        }
    }

    @Test
    void ignoresATornSidecarTailAndWritesOverIt() throws Exception {
        leavePartial(0, 1);
        Path sidecar = file("partial", ".blocks");
        byte[] bytes = Files.readAllBytes(sidecar);
        Files.write(sidecar, Arrays.copyOf(bytes, bytes.length - 7));
        open();
        try (StoredBlob blob = store.find(IMAGE.key()).orElseThrow()) {
            assertThat(blob.recheck()).isEqualTo(1);
            IMAGE.write(blob, 3, 1);
        }
        store.close();
        open();
        try (StoredBlob blob = store.find(IMAGE.key()).orElseThrow()) {
            assertThat(blob.recheck()).isEqualTo(3);
        }
    }

    @Test
    void skipsASidecarRecordThatMakesNoSense() throws Exception {
        leavePartial(0, 1, 2);
        Path sidecar = file("partial", ".blocks");
        corrupt(sidecar, Files.size(sidecar) - 2 * 40 + 10);
        Files.write(sidecar, new byte[200], StandardOpenOption.APPEND);
        Files.write(sidecar, Sidecar.record(6, new byte[32], 0), StandardOpenOption.APPEND);
        Files.write(sidecar, Sidecar.record(-1, new byte[32], 0), StandardOpenOption.APPEND);
        open();
        try (StoredBlob blob = store.find(IMAGE.key()).orElseThrow()) {
            assertThat(blob.recheck()).isEqualTo(2);
            assertThat(blob.holds(1)).isFalse();
        }
    }

    @Test
    void dropsABlobWhoseSidecarIsDamaged() throws Exception {
        leaveSealed();
        for (long position : new long[] {0, 9, 12, 20, 50, 60, 66}) {
            Path sidecar = file("blobs", ".blocks");
            byte[] bytes = Files.readAllBytes(sidecar);
            byte[] data = Files.readAllBytes(file("blobs", ".data"));
            corrupt(sidecar, position);
            open();
            assertThat(store.find(IMAGE.key()))
                    .describedAs("header byte " + position)
                    .isEmpty();
            assertThat(store.usage().bytes()).isZero();
            store.close();
            assertThat(sidecar).doesNotExist();
            Files.write(file("blobs", ".data"), data);
            Files.write(sidecar, bytes);
        }
    }

    @Test
    void dropsASealedBlobThatIsShortOfBytesOrHashes() throws Exception {
        leaveSealed();
        byte[] data = Files.readAllBytes(file("blobs", ".data"));
        byte[] sidecar = Files.readAllBytes(file("blobs", ".blocks"));
        Files.write(file("blobs", ".data"), Arrays.copyOf(data, 5_499));
        open();
        assertThat(store.find(IMAGE.key())).isEmpty();
        store.close();
        Files.write(file("blobs", ".data"), data);
        Files.write(file("blobs", ".blocks"), Arrays.copyOf(sidecar, sidecar.length - 1));
        open();
        assertThat(store.find(IMAGE.key())).isEmpty();
        try (StoredBlob blob = store.create(IMAGE.key(), IMAGE.layout())) {
            assertThat(blob.held().isEmpty()).isTrue();
        }
    }

    @Test
    void dropsABlobOfWhichHalfIsMissing() throws Exception {
        leavePartial(0, 1);
        byte[] sidecar = Files.readAllBytes(file("partial", ".blocks"));
        Files.delete(file("partial", ".blocks"));
        open();
        assertThat(store.usage().blobs()).isZero();
        assertThat(file("partial", ".data")).doesNotExist();
        store.close();
        Files.write(file("partial", ".blocks"), sidecar);
        open();
        assertThat(store.usage().blobs()).isZero();
        assertThat(file("partial", ".blocks")).doesNotExist();
    }

    @Test
    void aBlobPartedWhileItWasMovedIsPartialAgain() throws Exception {
        for (String moved : List.of(".data", ".blocks")) {
            leaveSealed();
            String other = moved.equals(".data") ? ".blocks" : ".data";
            Files.createDirectories(file("partial", other).getParent());
            Files.move(file("blobs", other), file("partial", other));
            open();
            try (StoredBlob blob = store.find(IMAGE.key()).orElseThrow()) {
                assertThat(blob.sealed()).isFalse();
                assertThat(blob.held().isEmpty()).isTrue();
                assertThat(blob.recheck()).isEqualTo(6);
                blob.seal();
            }
            store.close();
            assertThat(file("blobs", moved)).exists();
            assertThat(file("blobs", other)).exists();
            assertThat(file("partial", moved)).doesNotExist();
            open();
            store.drop(IMAGE.key());
        }
    }

    @Test
    void aCompleteBlobWinsOverAPartialOne() throws Exception {
        leaveSealed();
        Files.createDirectories(file("partial", ".data").getParent());
        Files.write(file("partial", ".data"), new byte[5_500]);
        Files.copy(file("blobs", ".blocks"), file("partial", ".blocks"));
        open();
        assertThat(store.usage().bytes()).isEqualTo(5_500);
        assertThat(file("partial", ".data")).doesNotExist();
        assertThat(file("partial", ".blocks")).doesNotExist();
        try (StoredBlob blob = store.find(IMAGE.key()).orElseThrow()) {
            assertThat(blob.sealed()).isTrue();
        }
    }

    @Test
    void aSealedBlobThatCannotBeMovedIsServedAndCheckedAgainAfterARestart() throws Exception {
        Files.delete(directory.resolve("blobs"));
        Files.createFile(directory.resolve("blobs"));
        try (StoredBlob blob = IMAGE.storedIn(store);
                BlobReader reader = blob.reader(0, 5_500)) {
            assertThat(TestBlob.read(reader, reader.awaitReadable(Duration.ZERO)))
                    .isEqualTo(IMAGE.content().bytes);
        }
        store.close();
        Files.delete(directory.resolve("blobs"));
        open();
        try (StoredBlob blob = store.find(IMAGE.key()).orElseThrow()) {
            assertThat(blob.sealed()).isFalse();
            assertThat(blob.recheck()).isEqualTo(6);
        }
    }

    @Test
    void aFullDiskFailsTheBlockAndNothingElse() throws Exception {
        assumeTrue(Files.exists(Path.of("/dev/full")));
        try (StoredBlob blob = store.create(IMAGE.key(), IMAGE.layout())) {
            Path data = file("partial", ".data");
            Files.move(data, directory.resolve("aside"));
            Files.createSymbolicLink(data, Path.of("/dev/full"));
            try (BlockWriter writer = blob.writer(0)) {
                assertThat(writes(writer, IMAGE.block(0))).isFalse();
            }
            assertThat(blob.held().isEmpty()).isTrue();
        }
        store.close();
        Files.delete(file("partial", ".data"));
        Files.move(directory.resolve("aside"), file("partial", ".data"));
        open();
        IMAGE.storedIn(store).close();
        await().atMost(10, SECONDS).until(() -> Files.exists(file("blobs", ".blocks")));
    }

    @Test
    void aFullDiskUnderTheSidecarFailsTheBlockAndNothingElse() throws Exception {
        assumeTrue(Files.exists(Path.of("/dev/full")));
        try (StoredBlob blob = store.create(IMAGE.key(), IMAGE.layout())) {
            Path sidecar = file("partial", ".blocks");
            Files.move(sidecar, directory.resolve("aside"));
            Files.createSymbolicLink(sidecar, Path.of("/dev/full"));
            try (BlockWriter writer = blob.writer(0)) {
                writer.write(ByteBuffer.wrap(IMAGE.block(0)));
                assertThat(completes(writer)).isFalse();
            }
            assertThat(blob.held().isEmpty()).isTrue();
        }
        store.close();
        Files.delete(file("partial", ".blocks"));
        Files.move(directory.resolve("aside"), file("partial", ".blocks"));
        open();
        IMAGE.storedIn(store).close();
        await().atMost(10, SECONDS).until(() -> Files.exists(file("blobs", ".blocks")));
    }

    private static boolean writes(BlockWriter writer, byte[] bytes) {
        try {
            writer.write(ByteBuffer.wrap(bytes));
            return true;
        } catch (IOException _) {
            return false;
        }
    }

    private static boolean completes(BlockWriter writer) {
        try {
            writer.complete();
            return true;
        } catch (IOException _) {
            return false;
        }
    }

    @Test
    void keepsNothingOpenOnceItIsClosed() throws Exception {
        assumeTrue(Files.exists(Path.of("/proc/self/fd")));
        for (int i = 0; i < 50; i++) {
            TestBlob.ofSize(100 + i).storedIn(store).close();
        }
        store.close();
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            assertThat(open.map(StoreRecoveryTest::target).filter(path -> path.startsWith(directory.toString())))
                    .isEmpty();
        }
    }

    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException _) {
            return "";
        }
    }
}
