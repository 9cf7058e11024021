package io.pantala.store;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.manifest.BlockHashes;
import io.pantala.manifest.Digest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlobObserverTest {
    private static final TestBlob IMAGE = TestBlob.ofSize(5_500);

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

    /** Writes down what it is told, and checks each hash. */
    private static class Recorder implements BlobObserver {
        final List<String> events = new ArrayList<>();
        final TestBlob of;

        Recorder(TestBlob of) {
            this.of = of;
        }

        @Override
        public void onBlocks(int first, byte[] hashes) {
            int blocks = hashes.length / BlockHashes.LENGTH;
            for (int i = 0; i < blocks; i++) {
                assertThat(Arrays.copyOfRange(hashes, i * BlockHashes.LENGTH, (i + 1) * BlockHashes.LENGTH))
                        .isEqualTo(of.hash(first + i));
            }
            events.add(first + "-" + (first + blocks - 1));
        }

        @Override
        public void onSealed() {
            events.add("sealed");
        }

        @Override
        public void onFailed(BlobFailure failure) {
            events.add(failure.getClass().getSimpleName());
        }
    }

    @Test
    void isToldWhatIsHeldThenWhatComesThenTheEnd() throws Exception {
        IMAGE.write(blob, 0, 1, 3);
        Recorder recorder = new Recorder(IMAGE);
        blob.observe(recorder);
        assertThat(recorder.events).containsExactly("0-1", "3-3");
        IMAGE.write(blob, 5, 4, 4);
        assertThat(recorder.events).describedAs("without the last").containsExactly("0-1", "3-3", "4-4");
        IMAGE.write(blob, 2);
        blob.seal();
        blob.seal();
        assertThat(recorder.events).containsExactly("0-1", "3-3", "4-4", "2-2", "5-5", "sealed");
    }

    @Test
    void isToldAllOfASealedBlobAtOnce() throws Exception {
        IMAGE.writeAll(blob);
        blob.seal();
        Recorder recorder = new Recorder(IMAGE);
        blob.observe(recorder);
        assertThat(recorder.events).containsExactly("0-5", "sealed");
    }

    @Test
    void isToldThatAnEmptyBlobIsSealed() throws Exception {
        TestBlob empty = TestBlob.ofSize(0);
        Recorder recorder = new Recorder(empty);
        try (StoredBlob none = store.create(empty.key(), empty.layout())) {
            none.observe(recorder);
            assertThat(recorder.events).isEmpty();
            none.seal();
        }
        assertThat(recorder.events).containsExactly("sealed");
    }

    @Test
    void isToldOfAFailureAndOfWhatFollowsIt() throws Exception {
        Recorder recorder = new Recorder(IMAGE);
        blob.observe(recorder);
        IMAGE.write(blob, 0);
        blob.fail(new BlobFailure.Interrupted("cut"));
        IMAGE.write(blob, 1);
        Recorder later = new Recorder(IMAGE);
        blob.observe(later);
        store.drop(IMAGE.key());
        assertThat(recorder.events).containsExactly("0-0", "Interrupted", "1-1", "DigestMismatch");
        assertThat(later.events).containsExactly("0-1", "DigestMismatch");
    }

    @Test
    void isToldOfNothingOnceItsSubscriptionIsClosed() throws Exception {
        Recorder recorder = new Recorder(IMAGE);
        try (Subscription _ = blob.observe(recorder)) {
            IMAGE.write(blob, 0);
        }
        IMAGE.write(blob, 1);
        assertThat(recorder.events).containsExactly("0-0");
    }

    @Test
    void harmsNobodyWhenItThrows() throws Exception {
        AtomicInteger calls = new AtomicInteger();
        blob.observe(new Recorder(IMAGE) {
            @Override
            public void onBlocks(int first, byte[] hashes) {
                calls.incrementAndGet();
                throw new IllegalStateException("on purpose");
            }
        });
        Recorder recorder = new Recorder(IMAGE);
        blob.observe(recorder);
        IMAGE.write(blob, 0, 1);
        assertThat(recorder.events).containsExactly("0-0", "1-1");
        assertThat(calls).hasValue(2);
    }

    @Test
    void isToldOfRecheckedBlocks() throws Exception {
        IMAGE.write(blob, 0, 2);
        blob.close();
        store.close();
        store = BlobStore.open(
                new StoreConfig(directory, OptionalLong.of(1_000_000)), StoreListener.NONE, Clock.systemUTC());
        blob = store.find(IMAGE.key()).orElseThrow();
        Recorder recorder = new Recorder(IMAGE);
        blob.observe(recorder);
        assertThat(recorder.events).isEmpty();
        blob.recheck();
        assertThat(recorder.events).containsExactly("0-0", "2-2");
    }

    @Test
    void mayAskTheBlobAndAnotherThreadMayGoOnMeanwhile() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        List<Boolean> held = new ArrayList<>();
        Recorder recorder = new Recorder(IMAGE) {
            @Override
            public void onBlocks(int first, byte[] hashes) {
                super.onBlocks(first, hashes);
                held.add(blob.holds(first));
                inside.countDown();
                try {
                    assertThat(goOn.await(10, SECONDS)).isTrue();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
        };
        blob.observe(recorder);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> first = threads.submit(() -> {
                IMAGE.write(blob, 0);
                return null;
            });
            assertThat(inside.await(10, SECONDS)).isTrue();
            IMAGE.write(blob, 2, 3, 4); // not held up by the observer
            assertThat(recorder.events).containsExactly("0-0");
            goOn.countDown();
            first.get(10, SECONDS);
        }
        assertThat(recorder.events).containsExactly("0-0", "2-4");
        assertThat(held).containsExactly(true, true);
    }

    @Test
    void isToldEachBlockOnceAndOneAtATimeHoweverManyWrite() throws Exception {
        TestBlob large = TestBlob.ofSize(200_500);
        int threads = 8;
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger overlaps = new AtomicInteger();
        int[] told = new int[large.layout().count()];
        BlobObserver observer = new BlobObserver() {
            @Override
            public void onBlocks(int first, byte[] hashes) {
                overlaps.addAndGet(inside.getAndIncrement());
                for (int i = 0; i < hashes.length / BlockHashes.LENGTH; i++) {
                    told[first + i]++;
                }
                inside.decrementAndGet();
            }

            @Override
            public void onSealed() {
                told[0] += 10;
            }

            @Override
            public void onFailed(BlobFailure failure) {
                told[0] += 100;
            }
        };
        CyclicBarrier start = new CyclicBarrier(threads);
        try (StoredBlob lease = store.create(large.key(), large.layout());
                ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            lease.observe(observer);
            List<Future<?>> writers = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                int from = thread;
                writers.add(executor.submit(() -> {
                    start.await(10, SECONDS);
                    writeEvery(large, lease, from, threads);
                    return null;
                }));
            }
            for (Future<?> writer : writers) {
                writer.get(30, SECONDS);
            }
            lease.seal();
        }
        assertThat(overlaps).hasValue(0);
        assertThat(told[0]).isEqualTo(11);
        assertThat(Arrays.copyOfRange(told, 1, told.length)).containsOnly(1);
    }

    private static void writeEvery(TestBlob image, StoredBlob blob, int from, int step) throws IOException {
        for (int block = from; block < image.layout().count(); block += step) {
            image.write(blob, block);
        }
    }

    @Test
    void namesBothDigestsOfAMismatch() {
        assertThat(new BlobFailure.DigestMismatch(IMAGE.key().digest(), Digest.EMPTY_SHA256))
                .hasToString("wanted " + IMAGE.key().digest() + ", got " + Digest.EMPTY_SHA256);
    }
}
