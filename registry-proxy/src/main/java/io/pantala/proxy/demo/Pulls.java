package io.pantala.proxy.demo;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Rounds of the same pulls at the same time, shown on a screen. */
final class Pulls {
    private static final Duration FRAME = Duration.ofMillis(100);

    private final DemoImage image;
    private final SharedLink link;
    private final Duration patience;
    private final Screen screen;

    /** @param patience how long a round may take before it is given up */
    Pulls(DemoImage image, SharedLink link, Duration patience, Screen screen) {
        this.image = image;
        this.link = link;
        this.patience = patience;
        this.screen = screen;
    }

    /**
     * Pulls the image through each of these at once.
     *
     * @param name of the round
     */
    Round run(String name, List<URI> registries) throws InterruptedException {
        Progress progress = new Progress(registries.size(), image.size());
        AtomicReference<@Nullable String> failure = new AtomicReference<>();
        CountDownLatch running = new CountDownLatch(registries.size());
        long sentBefore = link.sent();
        long start = System.nanoTime();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int host = 0; host < registries.size(); host++) {
                EnginePull pull = new EnginePull(registries.get(host), host, progress);
                threads.execute(() -> attempt(pull, failure, running));
            }
            try {
                while (!running.await(FRAME.toMillis(), TimeUnit.MILLISECONDS)) {
                    screen.draw(progress, link.sent() - sentBefore, since(start));
                    if (since(start).compareTo(patience) > 0) {
                        failure.compareAndSet(null, "not done after " + Screen.seconds(patience));
                        break;
                    }
                }
            } finally {
                threads.shutdownNow();
            }
        }
        Duration took = since(start);
        screen.end(progress, link.sent() - sentBefore, took);
        return new Round(
                name,
                progress.delivered(),
                link.sent() - sentBefore,
                took,
                progress.verified(),
                image.digests() * registries.size(),
                failure.get());
    }

    private static void attempt(EnginePull pull, AtomicReference<@Nullable String> failure, CountDownLatch running) {
        try {
            pull.run();
        } catch (IOException | RuntimeException e) {
            failure.compareAndSet(null, String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            running.countDown();
        }
    }

    private static Duration since(long nanos) {
        return Duration.ofNanos(System.nanoTime() - nanos);
    }
}
