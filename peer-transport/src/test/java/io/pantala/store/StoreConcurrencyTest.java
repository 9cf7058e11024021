package io.pantala.store;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.manifest.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreConcurrencyTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private BlobStore open(long quota) throws StoreException {
        return BlobStore.open(
                new StoreConfig(directory, OptionalLong.of(quota)), StoreListener.NONE, Clock.systemUTC());
    }

    private static byte[] hashOf(TestBlob image, int from, int to) {
        MessageDigest digest = Digest.newSha256();
        digest.update(image.content().bytes, from, to - from);
        return digest.digest();
    }

    private static byte[] readAll(StoredBlob blob, int from, int to) throws Exception {
        MessageDigest digest = Digest.newSha256();
        try (BlobReader reader = blob.reader(from, to)) {
            while (reader.position() < reader.end()) {
                digest.update(TestBlob.read(reader, reader.awaitReadable(LONG)));
            }
        }
        return digest.digest();
    }

    /** As a good source, or as one that sends rubbish or breaks off. */
    private static void writeAsASource(TestBlob image, StoredBlob blob, Random random) throws IOException {
        List<Integer> order = IntStream.range(0, image.layout().count()).boxed().collect(Collectors.toList());
        java.util.Collections.shuffle(order, random);
        for (int block : order) {
            byte[] bytes = image.block(block);
            boolean bad = random.nextInt(3) == 0;
            if (bad) {
                bytes[random.nextInt(bytes.length)] ^= 1;
            }
            try (BlockWriter writer = blob.writer(block)) {
                int half = random.nextInt(bytes.length);
                writer.write(ByteBuffer.wrap(bytes, 0, half));
                if (bad && random.nextBoolean()) {
                    continue;
                }
                writer.write(ByteBuffer.wrap(bytes, half, bytes.length - half));
                assertThat(writer.complete(image.hash(block))).isEqualTo(!bad);
            }
        }
    }

    @Test
    void everyReaderGetsTheRightBytesHoweverManyWriteRubbishBesides() throws Exception {
        TestBlob image = TestBlob.ofSize(3_000_100, 64 << 10);
        int size = 3_000_100;
        try (BlobStore store = open(10_000_000);
                StoredBlob blob = store.create(image.key(), image.layout());
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < 16; i++) {
                int seed = i;
                all.add(threads.submit(() -> {
                    Random random = new Random(seed);
                    int from = seed == 0 ? 0 : random.nextInt(size);
                    int to = seed == 0 ? size : from + random.nextInt(size - from + 1);
                    assertThat(readAll(blob, from, to)).isEqualTo(hashOf(image, from, to));
                    return null;
                }));
            }
            List<Future<?>> sources = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                int seed = i;
                sources.add(threads.submit(() -> {
                    writeAsASource(image, blob, new Random(seed));
                    return null;
                }));
            }
            for (Future<?> source : sources) {
                source.get(60, SECONDS);
            }
            image.writeAll(blob);
            blob.seal();
            for (Future<?> each : all) {
                each.get(60, SECONDS);
            }
        }
        try (BlobStore store = open(10_000_000);
                StoredBlob blob = store.find(image.key()).orElseThrow()) {
            assertThat(blob.sealed()).isTrue();
            assertThat(readAll(blob, 0, size)).isEqualTo(image.key().digest().sha256Bytes());
        }
    }

    @Test
    void manyBlobsComeAndGoWithinTheQuotaAndNoneIsEverWrong() throws Exception {
        List<TestBlob> images = IntStream.range(0, 12)
                .mapToObj(i -> TestBlob.ofSize(20_000 + i))
                .toList();
        long quota = 110_000;
        try (BlobStore store = open(quota);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> all = new ArrayList<>();
            for (int thread = 0; thread < 4; thread++) {
                int seed = thread;
                all.add(threads.submit(() -> {
                    Random random = new Random(seed);
                    for (int round = 0; round < 60; round++) {
                        TestBlob image = images.get(random.nextInt(images.size()));
                        if (random.nextInt(10) == 0) {
                            store.drop(image.key());
                        } else {
                            pull(store, image);
                        }
                        assertThat(store.usage().bytes()).isBetween(0L, quota);
                    }
                    return null;
                }));
            }
            for (Future<?> each : all) {
                each.get(120, SECONDS);
            }
        }
        try (BlobStore store = open(quota)) {
            for (TestBlob image : images) {
                try (StoredBlob blob = store.find(image.key()).orElse(null)) {
                    if (blob != null && blob.sealed()) {
                        assertThat(readAll(blob, 0, image.content().bytes.length))
                                .isEqualTo(image.key().digest().sha256Bytes());
                    }
                }
            }
        }
    }

    private static void pull(BlobStore store, TestBlob image) throws Exception {
        try (StoredBlob blob = store.create(image.key(), image.layout())) {
            image.writeAll(blob);
            blob.seal();
            assertThat(readAll(blob, 0, image.content().bytes.length))
                    .isEqualTo(image.key().digest().sha256Bytes());
        } catch (NoRoomException | BlobFailedException | IOException _) {
            // all the room was in use just then, or another thread dropped it
        }
    }

    @Test
    void aRecheckAndWritersOfTheSameBlocksAgree() throws Exception {
        TestBlob image = TestBlob.ofSize(1_000_000, 16 << 10);
        try (BlobStore store = open(10_000_000);
                StoredBlob blob = store.create(image.key(), image.layout())) {
            image.writeAll(blob);
        }
        try (BlobStore store = open(10_000_000);
                StoredBlob blob = store.find(image.key()).orElseThrow();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                int seed = i;
                all.add(threads.submit(blob::recheck));
                all.add(threads.submit(() -> {
                    writeAsASource(image, blob, new Random(seed));
                    return null;
                }));
            }
            for (Future<?> each : all) {
                each.get(60, SECONDS);
            }
            image.writeAll(blob);
            for (int block = 0; block < image.layout().count(); block++) {
                MessageDigest digest = Digest.newSha256();
                blob.readTo(digest, block);
                assertThat(Arrays.equals(digest.digest(), blob.hash(block))).isTrue();
                assertThat(blob.hash(block)).isEqualTo(image.hash(block));
            }
            blob.seal();
            assertThat(readAll(blob, 0, 1_000_000))
                    .isEqualTo(image.key().digest().sha256Bytes());
        }
    }
}
