package io.pantala.examples.soak;

import io.pantala.examples.rig.Blob;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** All that is done to a fleet at once, for as long as it is to last, and the rest after it. */
final class Strain {
    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final Duration SAY = Duration.ofSeconds(30);

    private final Settings settings;
    private final Fleet fleet;
    private final Catalogue catalogue;
    private final Report report;
    private final long start = System.nanoTime();
    private final long end;
    private final SplittableRandom random;
    private final Breaker breaker;
    private volatile boolean over;

    Strain(Settings settings, Fleet fleet, Catalogue catalogue, Report report) {
        this.settings = settings;
        this.fleet = fleet;
        this.catalogue = catalogue;
        this.report = report;
        this.end = start + settings.duration().toNanos();
        this.random = new SplittableRandom(settings.seed());
        this.breaker = new Breaker(fleet, random.split(), settings.pause());
    }

    void run() throws Exception {
        try (ExecutorService threads = Executors.newThreadPerTaskExecutor(
                Thread.ofPlatform().daemon().name("soak-", 0).factory())) {
            try {
                Future<?> breaking = threads.submit(task(() -> breaker.run(half())));
                List<Future<?>> pulling = new ArrayList<>();
                for (Member host : fleet.hosts()) {
                    for (int i = 0; i < settings.engines(); i++) {
                        SplittableRandom own = random.split();
                        pulling.add(threads.submit(task(() -> pull(host, own))));
                    }
                }
                await(breaking, pulling);
                over = true;
                breaker.stop();
                breaking.get();
                for (Future<?> each : pulling) {
                    each.get();
                }
            } catch (ExecutionException e) {
                throw e.getCause() instanceof IOException failure ? failure : new IOException(e.getCause());
            } finally {
                over = true;
                threads.shutdownNow();
            }
        }
        report.broken(breaker.kills(), breaker.stops());
        settle();
    }

    private long half() {
        return start + settings.duration().toNanos() / 2;
    }

    /** Work that may fail, and has no result. */
    private interface Work {
        void run() throws Exception;
    }

    private static Callable<@Nullable Void> task(Work work) {
        return () -> {
            work.run();
            return null;
        };
    }

    private void pull(Member host, SplittableRandom own) throws IOException, InterruptedException {
        Puller engine = new Puller(
                host.site(),
                Fleet.proxy(),
                Fleet.UPSTREAM,
                blob -> fleet.registry().hasCorrupted(blob.digest()),
                report.tally(),
                settings.patience());
        while (!over) {
            Blob blob = catalogue.borrow(own.nextDouble());
            try {
                engine.pull(Puller.Wish.draw(blob, own));
            } finally {
                catalogue.giveBack(blob);
            }
        }
    }

    /** Waits until the end, or until something can't go on, and looks at the nodes meanwhile. */
    private void await(Future<?> breaking, List<Future<?>> pulling) throws InterruptedException {
        long say = start + SAY.toNanos();
        while (System.nanoTime() < end && !breaking.isDone() && pulling.stream().noneMatch(Future::isDone)) {
            Thread.sleep(LOOK);
            look();
            if (System.nanoTime() > say) {
                report.progress(Duration.ofNanos(System.nanoTime() - start));
                say += SAY.toNanos();
            }
        }
    }

    private void look() {
        for (Member member : fleet.members()) {
            try {
                member.look();
            } catch (IOException e) {
                // It is being started again; that it does start, the breaker sees.
            }
        }
    }

    /** Waits until nothing is left behind, or for as long as that may take. */
    private void settle() throws Exception {
        long until = System.nanoTime() + settings.settling().toNanos();
        while (report.leftovers(half()) && System.nanoTime() < until) {
            Thread.sleep(LOOK);
        }
    }
}
