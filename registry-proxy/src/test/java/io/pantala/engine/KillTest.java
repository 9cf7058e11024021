package io.pantala.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Nodes as processes of their own, which end in the middle of a pull. */
class KillTest extends EngineTest {
    private static final long PASSED = 16_000_000;

    /** What had passed the tap and was not yet a block on disk: parts of the blocks under way, and socket buffers. */
    private static final long UNFINISHED = 4_000_000;

    private Path seedDirectory;
    private Path hostDirectory;

    @BeforeEach
    void pushLargeImage() throws IOException {
        image = TestImage.write(directory.resolve("large"), "library/large", "1", 2, 32_000_000);
        registry.push(image);
        seedDirectory = directory.resolve("nodes/seed");
        hostDirectory = directory.resolve("nodes/host");
        Files.createDirectories(directory.resolve("nodes"));
    }

    @Test
    void aHostAloneFetchesOnlyWhatIsMissingAfterItWasKilled() throws Exception {
        tap.holdAfter(PASSED);
        try (NodeProcess host = NodeProcess.host(hostDirectory, tap.port())) {
            CompletableFuture<Void> pull = pull(host);
            awaitHeldAndStored(hostDirectory);
            host.kill();
            assertFailed(pull);
        }
        tap.release();
        try (NodeProcess host = NodeProcess.host(hostDirectory, tap.port())) {
            pull(host).get(2, TimeUnit.MINUTES);
            assertNoMoreThanOnceAndAnOpenEnd();
            assertThat(host.terminate()).isZero();
        }
        assertNothingWentAstray();
    }

    @Test
    void aSeedAndAHostFetchOnlyWhatIsMissingAfterBothWereKilled() throws Exception {
        tap.holdAfter(PASSED);
        try (NodeProcess seed = NodeProcess.seed(seedDirectory, tap.port());
                NodeProcess host = NodeProcess.host(hostDirectory, tap.port(), "--seeds=" + seed.address())) {
            CompletableFuture<Void> pull = pull(host);
            awaitHeldAndStored(seedDirectory);
            host.kill();
            seed.kill();
            assertFailed(pull);
        }
        tap.release();
        try (NodeProcess seed = NodeProcess.seed(seedDirectory, tap.port());
                NodeProcess host = NodeProcess.host(hostDirectory, tap.port(), "--seeds=" + seed.address())) {
            pull(host).get(2, TimeUnit.MINUTES);
            assertNoMoreThanOnceAndAnOpenEnd();
            assertThat(host.terminate()).isZero();
            assertThat(seed.terminate()).isZero();
        }
        assertNothingWentAstray();
    }

    @Test
    void aPullGoesOnWhenItsSeedIsKilled() throws Exception {
        tap.holdAfter(PASSED);
        try (NodeProcess seed = NodeProcess.seed(seedDirectory, tap.port());
                NodeProcess host = NodeProcess.host(hostDirectory, tap.port(), "--seeds=" + seed.address())) {
            CompletableFuture<Void> pull = pull(host);
            awaitHeldAndStored(seedDirectory);
            seed.kill();
            tap.release();
            pull.get(2, TimeUnit.MINUTES);
        }
        assertNothingWentAstray();
    }

    private CompletableFuture<Void> pull(NodeProcess host) throws IOException {
        Engine skopeo = engineBehind(Kind.SKOPEO, host.address());
        return CompletableFuture.runAsync(() -> {
            try (skopeo) {
                skopeo.pull(image);
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
    }

    private static void assertFailed(CompletableFuture<Void> pull) throws Exception {
        assertThat(pull)
                .failsWithin(Duration.ofMinutes(1))
                .withThrowableOfType(ExecutionException.class)
                .withCauseInstanceOf(AssertionError.class);
    }

    private void awaitHeldAndStored(Path node) throws InterruptedException {
        tap.awaitHeld(Duration.ofSeconds(60));
        // Disks may set aside more than was written: all has come when there is no more of it.
        AtomicLong last = new AtomicLong();
        await().atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(400))
                .until(() -> {
                    long now = bytesOnDisk(node);
                    return now >= PASSED - UNFINISHED && now == last.getAndSet(now);
                });
    }

    /** Of sparse files, what is really there. */
    private static long bytesOnDisk(Path directory) {
        String used = Command.run(Map.of(), List.of("du", "--summarize", "--block-size=1", directory.toString()))
                .output();
        return Long.parseLong(used.split("\\s", 2)[0]);
    }

    private void assertNoMoreThanOnceAndAnOpenEnd() {
        long sent = tap.blobBytes().values().stream().mapToLong(Long::longValue).sum();
        long size = image.amd64().blobs().values().stream()
                .mapToLong(Long::longValue)
                .sum();
        assertThat(sent).isBetween(size, size + UNFINISHED);
    }
}
