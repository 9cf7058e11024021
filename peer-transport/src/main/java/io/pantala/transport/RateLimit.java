package io.pantala.transport;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * So many bytes per second, kept to by all who share it: whoever has moved bytes waits for as long as they take at that
 * rate, behind those who moved some before (a generic cell rate algorithm). Safe for use by several threads.
 */
public final class RateLimit {
    /** Lets everything pass. */
    public static final RateLimit NONE = new RateLimit(Long.MAX_VALUE, System::nanoTime);

    /** What a rest of this length leaves unused may be used later. */
    private static final long REST = Duration.ofMillis(20).toNanos();

    /** Debts below this are not worth a wait. */
    private static final long SHORTEST_WAIT = Duration.ofMillis(2).toNanos();

    private static final double NANOS = 1e9;

    /** A portion takes so long, as far as there is a choice. */
    private static final double PORTION = 0.02;

    private static final int SMALLEST_PORTION = 4 << 10;

    private final long bytesPerSecond;
    private final LongSupplier nanos;

    /** When all that was moved is paid for. */
    private long paid;

    private RateLimit(long bytesPerSecond, LongSupplier nanos) {
        this.bytesPerSecond = bytesPerSecond;
        this.nanos = nanos;
        this.paid = nanos.getAsLong() - REST;
    }

    /**
     * A limit of its own.
     *
     * @param bytesPerSecond positive; {@link Long#MAX_VALUE}: no limit
     */
    public static RateLimit of(long bytesPerSecond) {
        return of(bytesPerSecond, System::nanoTime);
    }

    /** @param nanos the time that passes, as {@link System#nanoTime} */
    static RateLimit of(long bytesPerSecond, LongSupplier nanos) {
        if (bytesPerSecond < 1) {
            throw new IllegalArgumentException("nothing could be moved at " + bytesPerSecond + " bytes per second");
        }
        return bytesPerSecond == Long.MAX_VALUE ? NONE : new RateLimit(bytesPerSecond, nanos);
    }

    /** What it lets pass; {@link Long#MAX_VALUE} where there is no limit. */
    public long bytesPerSecond() {
        return bytesPerSecond;
    }

    /** Whether there is no limit. */
    public boolean isNone() {
        return bytesPerSecond == Long.MAX_VALUE;
    }

    /** How many of these bytes to move in one go, so that neither others nor this one wait for long. */
    public int portion(int bytes) {
        return (int) Math.min(bytes, Math.max(SMALLEST_PORTION, PORTION * bytesPerSecond));
    }

    /** Bytes were moved: how long to wait before more are, in nanoseconds. */
    public synchronized long take(long bytes) {
        if (isNone()) {
            return 0;
        }
        long now = nanos.getAsLong();
        paid = Math.max(paid, now - REST) + (long) (bytes * NANOS / bytesPerSecond);
        return paid - now < SHORTEST_WAIT ? 0 : paid - now;
    }

    /** Bytes were moved: waits before more are, interrupted or not. */
    public void pay(long bytes) {
        long wait = take(bytes);
        long start = System.nanoTime();
        boolean interrupted = false;
        for (long left = wait; left > 0; left = wait - (System.nanoTime() - start)) {
            LockSupport.parkNanos(this, left);
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
