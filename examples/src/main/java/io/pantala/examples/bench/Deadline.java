package io.pantala.examples.bench;

import java.time.Duration;

/**
 * When a measurement should come to its end, with what it has by then.
 *
 * @param at in nanoseconds of {@link System#nanoTime}
 */
record Deadline(long at) {
    static Deadline in(Duration time) {
        return new Deadline(System.nanoTime() + time.toNanos());
    }

    Duration left() {
        return Duration.ofNanos(Math.max(0, at - System.nanoTime()));
    }

    boolean passed() {
        return left().isZero();
    }

    /** One of so many equal shares of what is left. */
    Deadline share(int count) {
        return in(left().dividedBy(count));
    }
}
