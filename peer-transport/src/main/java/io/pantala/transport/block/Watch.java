package io.pantala.transport.block;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Closes a connection that stands still, or carries one transfer for too long. */
final class Watch implements AutoCloseable {
    private final ScheduledExecutorService timer;
    private final Connection connection;
    private final long stall;
    private final long end;
    private volatile long lastProgress = System.nanoTime();
    private volatile boolean fired;
    private boolean over;
    private @Nullable Future<?> next;

    Watch(ScheduledExecutorService timer, Connection connection, Duration stall, Duration most) {
        this.timer = timer;
        this.connection = connection;
        this.stall = stall.toNanos();
        this.end = lastProgress + most.toNanos();
        schedule(this.stall);
    }

    void progressed() {
        lastProgress = System.nanoTime();
    }

    boolean fired() {
        return fired;
    }

    private synchronized void check() {
        long now = System.nanoTime();
        long left = Math.min(lastProgress + stall, end) - now;
        if (over) {
            return;
        }
        if (left <= 0) {
            fired = true;
            connection.close();
        } else {
            schedule(left);
        }
    }

    private synchronized void schedule(long nanos) {
        try {
            next = timer.schedule(this::check, nanos, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            fired = true;
            connection.close();
        }
    }

    @Override
    public synchronized void close() {
        over = true;
        if (next != null) {
            next.cancel(false);
        }
    }
}
