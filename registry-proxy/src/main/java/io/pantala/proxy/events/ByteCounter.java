package io.pantala.proxy.events;

import io.micrometer.core.instrument.Counter;

/** Counts bytes; exact up to 2^53, as Prometheus does. */
record ByteCounter(Counter counter) {
    void add(long bytes) {
        counter.increment((double) bytes);
    }
}
