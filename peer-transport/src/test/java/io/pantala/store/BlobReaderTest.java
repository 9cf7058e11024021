package io.pantala.store;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pantala.manifest.Digest;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlobReaderTest {
    private static final TestBlob IMAGE = TestBlob.ofSize(5_500);
    private static final Duration NOW = Duration.ZERO;
    private static final Duration LONG = Duration.ofSeconds(30);

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

    /** Waits on a thread of its own, and returns once it really waits. */
    private static CompletableFuture<Long> waiting(BlobReader reader) {
        CompletableFuture<Long> readable = new CompletableFuture<>();
        FutureTask<?> task = new FutureTask<>(() -> {
            try {
                readable.complete(reader.awaitReadable(LONG));
            } catch (BlobFailedException | TimeoutException | InterruptedException e) {
                readable.completeExceptionally(e);
            }
            return null;
        });
        Thread thread = Thread.ofPlatform().daemon().start(task);
        await().atMost(10, SECONDS).until(() -> thread.getState() == Thread.State.TIMED_WAITING);
        return readable;
    }

    @Test
    void followsTheVerifiedPrefix() throws Exception {
        try (BlobReader reader = blob.reader(0, 5_500)) {
            assertThatThrownBy(() -> reader.awaitReadable(NOW)).isInstanceOf(TimeoutException.class);
            IMAGE.write(blob, 1, 2);
            assertThatThrownBy(() -> reader.awaitReadable(NOW)).isInstanceOf(TimeoutException.class);
            IMAGE.write(blob, 0);
            assertThat(reader.awaitReadable(NOW)).isEqualTo(3_000);
            reader.advance(2_999);
            assertThat(reader.awaitReadable(NOW)).isEqualTo(3_000);
            reader.advance(1);
            assertThatThrownBy(() -> reader.awaitReadable(NOW)).isInstanceOf(TimeoutException.class);
        }
    }

    @Test
    void neverSeesTheLastBlockBeforeTheSeal() throws Exception {
        try (BlobReader whole = blob.reader(0, 5_500);
                BlobReader tail = blob.reader(5_000, 5_500)) {
            IMAGE.writeAll(blob);
            assertThat(whole.awaitReadable(NOW)).isEqualTo(5_000);
            assertThatThrownBy(() -> tail.awaitReadable(NOW)).isInstanceOf(TimeoutException.class);
            CompletableFuture<Long> waiting = waiting(tail);
            blob.seal();
            assertThat(waiting.get(10, SECONDS)).isEqualTo(5_500);
            assertThat(TestBlob.read(whole, whole.awaitReadable(NOW))).isEqualTo(IMAGE.content().bytes);
        }
    }

    @Test
    void neverSeesTheOnlyBlockBeforeTheSeal() throws Exception {
        TestBlob config = TestBlob.ofSize(2);
        try (StoredBlob small = store.create(config.key(), config.layout());
                BlobReader reader = small.reader(0, 2)) {
            config.writeAll(small);
            assertThatThrownBy(() -> reader.awaitReadable(NOW)).isInstanceOf(TimeoutException.class);
            small.seal();
            assertThat(reader.awaitReadable(NOW)).isEqualTo(2);
        }
    }

    @Test
    void readsARangeInTheMiddleThatNeedsOnlyItsOwnBlocks() throws Exception {
        try (BlobReader reader = blob.reader(1_234, 3_001)) {
            IMAGE.write(blob, 2, 3);
            assertThatThrownBy(() -> reader.awaitReadable(NOW)).isInstanceOf(TimeoutException.class);
            IMAGE.write(blob, 1);
            assertThat(reader.awaitReadable(NOW)).isEqualTo(3_001);
            assertThat(TestBlob.read(reader, 3_001)).isEqualTo(Arrays.copyOfRange(IMAGE.content().bytes, 1_234, 3_001));
            assertThat(reader.awaitReadable(NOW)).describedAs("at the end").isEqualTo(3_001);
        }
    }

    @Test
    void wakesUpWhenItsBlockComes() throws Exception {
        try (BlobReader first = blob.reader(0, 5_500);
                BlobReader second = blob.reader(3_500, 5_500)) {
            CompletableFuture<Long> waitingForFirst = waiting(first);
            CompletableFuture<Long> waitingForFourth = waiting(second);
            IMAGE.write(blob, 3);
            assertThat(waitingForFourth.get(10, SECONDS)).isEqualTo(4_000);
            assertThat(waitingForFirst).isNotDone();
            IMAGE.write(blob, 0);
            assertThat(waitingForFirst.get(10, SECONDS)).isEqualTo(1_000);
        }
    }

    @Test
    void getsWhatIsHeldBeforeItFailsAndReadersOfLaterLeasesGoOn() throws Exception {
        BlobFailure gone = new BlobFailure.Interrupted("the registry is gone");
        try (BlobReader reader = blob.reader(0, 5_500)) {
            IMAGE.write(blob, 0);
            blob.fail(gone);
            assertThat(reader.awaitReadable(NOW)).isEqualTo(1_000);
            reader.advance(1_000);
            assertThatThrownBy(() -> reader.awaitReadable(LONG))
                    .isInstanceOfSatisfying(
                            BlobFailedException.class,
                            e -> assertThat(e.failure()).isEqualTo(gone));
        }
        try (StoredBlob lease = store.find(IMAGE.key()).orElseThrow();
                BlobReader later = lease.reader(1_000, 5_500)) {
            CompletableFuture<Long> waiting = waiting(later);
            IMAGE.write(blob, 1);
            assertThat(waiting.get(10, SECONDS)).isEqualTo(2_000);
        }
    }

    @Test
    void wakesUpWhenTheFillFails() throws Exception {
        try (BlobReader reader = blob.reader(0, 5_500)) {
            CompletableFuture<Long> waiting = waiting(reader);
            blob.fail(new BlobFailure.Interrupted("the registry is gone"));
            assertThatThrownBy(() -> waiting.get(10, SECONDS)).hasCauseInstanceOf(BlobFailedException.class);
        }
    }

    @Test
    void wakesUpWhenTheBlobIsDropped() throws Exception {
        try (BlobReader reader = blob.reader(0, 5_500)) {
            IMAGE.writeAll(blob);
            reader.advance(5_000);
            CompletableFuture<Long> waiting = waiting(reader);
            blob.fail(new BlobFailure.DigestMismatch(IMAGE.key().digest(), Digest.EMPTY_SHA256));
            store.drop(IMAGE.key());
            assertThatThrownBy(() -> waiting.get(10, SECONDS)).hasMessageContaining("wanted sha256:");
        }
    }

    @Test
    void getsNothingMoreOnceTheBlobIsDropped() throws Exception {
        IMAGE.write(blob, 0);
        try (BlobReader reader = blob.reader(0, 5_500)) {
            store.drop(IMAGE.key());
            assertThatThrownBy(() -> reader.awaitReadable(LONG)).isInstanceOf(BlobFailedException.class);
        }
    }

    @Test
    void wakesUpWhenItIsClosed() throws Exception {
        BlobReader reader = blob.reader(0, 5_500);
        CompletableFuture<Long> waiting = waiting(reader);
        reader.close();
        reader.close();
        assertThatThrownBy(() -> waiting.get(10, SECONDS)).hasMessageContaining("the reader was closed");
    }

    @Test
    void keepsTheBlobWhenTheLeaseItCameFromIsClosed() throws Exception {
        try (BlobReader reader = blob.reader(0, 1_000)) {
            IMAGE.write(blob, 0);
            blob.close();
            assertThat(TestBlob.read(reader, reader.awaitReadable(NOW))).isEqualTo(IMAGE.block(0));
        }
    }

    @Test
    void opensItsFileAgainWhenSomeoneClosedIt() throws Exception {
        IMAGE.write(blob, 0);
        try (BlobReader reader = blob.reader(0, 1_000)) {
            FileChannel channel = reader.channel();
            assertThat(blob.channel()).isSameAs(channel);
            channel.close();
            assertThat(TestBlob.read(reader, reader.awaitReadable(NOW))).isEqualTo(IMAGE.block(0));
        }
    }

    @Test
    void tellsWhereReadersWait() {
        assertThat(blob.readPositions()).isEmpty();
        try (BlobReader _ = blob.reader(3_000, 4_000);
                BlobReader moving = blob.reader(0, 5_500);
                BlobReader _ = blob.reader(3_000, 5_500);
                BlobReader _ = blob.reader(7, 7)) {
            assertThat(blob.readPositions()).containsExactly(0, 3_000);
            moving.advance(1_500);
            assertThat(blob.readPositions()).containsExactly(1_500, 3_000);
            moving.advance(4_000);
            assertThat(blob.readPositions()).containsExactly(3_000);
        }
        assertThat(blob.readPositions()).isEmpty();
    }

    @Test
    void refusesPositionsOutsideTheBlob() {
        for (long[] range : new long[][] {{-1, 5}, {5, 4}, {0, 5_501}, {5_501, 5_501}}) {
            assertThatThrownBy(() -> blob.reader(range[0], range[1])).isInstanceOf(IndexOutOfBoundsException.class);
        }
        try (BlobReader reader = blob.reader(0, 10)) {
            assertThatThrownBy(() -> reader.advance(11)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> reader.advance(-1)).isInstanceOf(IndexOutOfBoundsException.class);
            reader.advance(10);
            assertThat(reader.position()).isEqualTo(reader.end());
        }
    }
}
