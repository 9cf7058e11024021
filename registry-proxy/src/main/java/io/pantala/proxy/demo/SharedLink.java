package io.pantala.proxy.demo;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/** A network link of bounded rate that all of a registry's connections share, first come, first served. */
final class SharedLink {
    private static final long BURST_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final double nanosPerByte;
    private final LongAdder sent = new LongAdder();
    private long freeAt = System.nanoTime();

    /** @param rate bytes a second */
    SharedLink(long rate) {
        this.nanosPerByte = 1e9 / rate;
    }

    /** Waits for these bytes' turn. */
    void carry(int bytes) throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(book(bytes));
        sent.add(bytes);
    }

    /** Bytes so far. */
    long sent() {
        return sent.sum();
    }

    private synchronized long book(int bytes) {
        long now = System.nanoTime();
        freeAt = Math.max(freeAt, now - BURST_NANOS) + (long) (bytes * nanosPerByte);
        return freeAt - now;
    }
}
