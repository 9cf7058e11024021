package io.pantala.seed.backfill;

import java.time.Duration;

/** Does something later. */
interface Timer {
    /** Runs the task once after the delay, unless the returned handle is run before. */
    Runnable after(Duration delay, Runnable task);

    /** By the system's clock, each on a virtual thread. */
    static Timer system() {
        return (delay, task) -> {
            Thread waiting = Thread.ofVirtual().name("backfill-timer").start(() -> {
                try {
                    Thread.sleep(delay);
                } catch (InterruptedException _) {
                    return;
                }
                // A new thread, since a late cancellation must not interrupt the task.
                Thread.ofVirtual().name("backfill-timer").start(task);
            });
            return waiting::interrupt;
        };
    }
}
