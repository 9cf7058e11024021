package io.pantala.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pantala.manifest.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Clock;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlockWriterTest {
    private static final TestBlob IMAGE = TestBlob.ofSize(400_000, 150_000);
    private static final byte[] BAD = new byte[150_000];

    @TempDir
    Path directory;

    private BlobStore store;
    private StoredBlob blob;

    @BeforeEach
    void open() throws Exception {
        store = BlobStore.open(
                new StoreConfig(directory, OptionalLong.of(1_000_000)), StoreListener.NONE, Clock.systemUTC());
        blob = store.create(IMAGE.key(), IMAGE.layout());
    }

    @AfterEach
    void close() {
        blob.close();
        store.close();
    }

    private static void write(BlockWriter writer, byte[] bytes, int from, int to) throws IOException {
        writer.write(ByteBuffer.wrap(bytes, from, to - from));
    }

    private byte[] onDisk(int block) throws IOException {
        MessageDigest digest = Digest.newSha256();
        blob.readTo(digest, block);
        return digest.digest();
    }

    @Test
    void takesBytesInAnyPortionsFromAnyKindOfBuffer() throws Exception {
        byte[] block = IMAGE.block(1);
        try (BlockWriter writer = blob.writer(1)) {
            ByteBuffer direct = ByteBuffer.allocateDirect(100_000).put(0, block, 0, 100_000);
            writer.write(direct);
            assertThat(direct.hasRemaining()).isFalse();
            assertThat(writer.remaining()).isEqualTo(50_000);
            writer.write(ByteBuffer.allocate(0));
            write(writer, block, 100_000, 100_001);
            writer.write(ByteBuffer.wrap(block, 100_001, 49_999).slice().asReadOnlyBuffer());
            assertThat(blob.holds(1)).isFalse();
            assertThat(writer.complete()).isEqualTo(IMAGE.hash(1));
        }
        assertThat(blob.holds(1)).isTrue();
        assertThat(blob.hash(1)).isEqualTo(IMAGE.hash(1));
        assertThat(onDisk(1)).isEqualTo(IMAGE.hash(1));
    }

    @Test
    void refusesMoreBytesThanTheBlockHas() throws Exception {
        try (BlockWriter writer = blob.writer(2)) {
            assertThat(writer.remaining()).isEqualTo(100_000);
            assertThatThrownBy(() -> write(writer, BAD, 0, 100_001)).isInstanceOf(IllegalStateException.class);
            assertThat(writer.remaining()).isEqualTo(100_000);
            write(writer, IMAGE.block(2), 0, 100_000);
            assertThatThrownBy(() -> write(writer, BAD, 0, 1)).isInstanceOf(IllegalStateException.class);
            assertThat(writer.complete(IMAGE.hash(2))).isTrue();
        }
    }

    @Test
    void refusesToCompleteABlockThatIsShort() throws Exception {
        try (BlockWriter writer = blob.writer(0)) {
            write(writer, IMAGE.block(0), 0, 149_999);
            assertThatThrownBy(() -> writer.complete(IMAGE.hash(0))).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(writer::complete).isInstanceOf(IllegalStateException.class);
        }
        assertThat(blob.holds(0)).isFalse();
    }

    @Test
    void refusesBlocksThatAreNotThere() throws Exception {
        assertThatThrownBy(() -> blob.writer(3)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> blob.writer(-1)).isInstanceOf(IndexOutOfBoundsException.class);
        blob.close();
        TestBlob other = TestBlob.ofSize(1_000_000, 150_000);
        store.create(other.key(), other.layout()).close(); // no lease is left that would keep the first
    }

    @Test
    void keepsNothingOfABlockWithTheWrongHash() throws Exception {
        try (BlockWriter writer = blob.writer(0)) {
            write(writer, BAD, 0, 150_000);
            assertThat(writer.complete(IMAGE.hash(0))).isFalse();
            assertThatThrownBy(() -> write(writer, BAD, 0, 1)).isInstanceOf(IllegalStateException.class);
        }
        assertThat(blob.holds(0)).isFalse();
        assertThatThrownBy(() -> onDisk(0)).isInstanceOf(IllegalStateException.class);
        IMAGE.write(blob, 0);
        assertThat(onDisk(0)).isEqualTo(IMAGE.hash(0));
    }

    @Test
    void aBadSecondCopyCannotSpoilAGoodFirst() throws Exception {
        try (BlockWriter good = blob.writer(0);
                BlockWriter bad = blob.writer(0)) {
            write(good, IMAGE.block(0), 0, 70_000);
            write(bad, BAD, 0, 150_000);
            assertThat(bad.complete(IMAGE.hash(0))).isFalse();
            write(good, IMAGE.block(0), 70_000, 150_000);
            assertThat(good.complete(IMAGE.hash(0))).isTrue();
        }
        assertThat(onDisk(0)).isEqualTo(IMAGE.hash(0));
    }

    @Test
    void aGoodSecondCopyOvertakesABadFirst() throws Exception {
        try (BlockWriter bad = blob.writer(0)) {
            write(bad, BAD, 0, 70_000);
            try (BlockWriter good = blob.writer(0)) {
                write(good, IMAGE.block(0), 0, 150_000);
                assertThat(good.complete(IMAGE.hash(0))).isTrue();
            }
            write(bad, BAD, 70_000, 150_000);
            assertThat(bad.complete(IMAGE.hash(0))).isFalse();
        }
        assertThat(onDisk(0)).isEqualTo(IMAGE.hash(0));
    }

    @Test
    void bothOfTwoGoodCopiesAreRight() throws Exception {
        try (BlockWriter first = blob.writer(0);
                BlockWriter second = blob.writer(0)) {
            write(first, IMAGE.block(0), 0, 150_000);
            write(second, IMAGE.block(0), 0, 150_000);
            assertThat(second.complete(IMAGE.hash(0))).isTrue();
            assertThat(first.complete(IMAGE.hash(0))).isTrue();
        }
        assertThat(onDisk(0)).isEqualTo(IMAGE.hash(0));
    }

    @Test
    void aCopyOfAHeldBlockIsCheckedButNotWritten() throws Exception {
        IMAGE.write(blob, 0);
        try (BlockWriter bad = blob.writer(0);
                BlockWriter good = blob.writer(0)) {
            write(bad, BAD, 0, 150_000);
            assertThat(bad.complete()).isEqualTo(Digest.newSha256().digest(BAD));
            write(good, IMAGE.block(0), 0, 150_000);
            assertThat(good.complete(IMAGE.hash(0))).isTrue();
        }
        assertThat(onDisk(0)).isEqualTo(IMAGE.hash(0));
        assertThat(blob.hash(0)).isEqualTo(IMAGE.hash(0));
    }

    @Test
    void theNextWriterMayStartOverWhereOneGaveUp() throws Exception {
        for (int attempt = 0; attempt < 3; attempt++) {
            try (BlockWriter writer = blob.writer(0)) {
                write(writer, BAD, 0, 100_000);
            }
        }
        IMAGE.write(blob, 0);
        assertThat(onDisk(0)).isEqualTo(IMAGE.hash(0));
    }

    @Test
    void leavesNothingAsideBehind() throws Exception {
        try (BlockWriter _ = blob.writer(0);
                BlockWriter aside = blob.writer(0)) {
            write(aside, BAD, 0, 10);
        }
        assertThat(directory.resolve("trash")).isEmptyDirectory();
    }

    @Test
    void anInterruptedWriterHarmsNoOther() throws Exception {
        try (BlockWriter other = blob.writer(1)) {
            write(other, IMAGE.block(1), 0, 10);
            CompletableFuture<Boolean> written = new CompletableFuture<>();
            Thread interrupted = Thread.ofVirtual().start(() -> {
                try (BlockWriter writer = blob.writer(0)) {
                    Thread.currentThread().interrupt();
                    write(writer, IMAGE.block(0), 0, 150_000);
                    written.complete(true);
                } catch (IOException _) {
                    written.complete(false);
                }
            });
            assertThat(written.get(10, TimeUnit.SECONDS)).isFalse();
            interrupted.join();
            write(other, IMAGE.block(1), 10, 150_000);
            assertThat(other.complete(IMAGE.hash(1))).isTrue();
        }
        IMAGE.write(blob, 0);
        assertThat(onDisk(0)).isEqualTo(IMAGE.hash(0));
        assertThat(onDisk(1)).isEqualTo(IMAGE.hash(1));
    }
}
