package io.pantala.seed.tracker;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The thread that owns what is shared among hosts: runs one event after the other, now or later. */
final class Owner implements Executor, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Owner.class);

    private final ScheduledThreadPoolExecutor thread;

    Owner() {
        thread = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("seed-tracker").factory());
        thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    @Override
    public void execute(Runnable event) {
        thread.execute(() -> run(event));
    }

    void executeIn(Duration delay, Runnable event) {
        try {
            var _ = thread.schedule(() -> run(event), delay.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            // It is closed, and with it all that would have been done later.
        }
    }

    /** One event that goes wrong must not silence those after it. */
    private static void run(Runnable event) {
        try {
            event.run();
        } catch (RuntimeException e) {
            LOG.error("An event went wrong", e);
        }
    }

    /** Runs what was given already, and takes no more. */
    @Override
    public void close() {
        thread.shutdown();
    }
}
