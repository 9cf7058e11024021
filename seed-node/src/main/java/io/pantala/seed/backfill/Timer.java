package io.pantala.seed.backfill;

import java.time.Duration;

/** Does something later, and tells how time goes by. */
interface Timer {
    /** Nanoseconds since some moment, always the same one. */
    long nanos();

    /** Runs the task once after the delay, unless the returned handle is run before. */
    Runnable after(Duration delay, Runnable task);

    /** By the system's clock, each on a virtual thread. */
    static Timer system() {
        return new Timer() {
            @Override
            public long nanos() {
                return System.nanoTime();
            }

            @Override
            public Runnable after(Duration delay, Runnable task) {
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
            }
        };
    }
}
