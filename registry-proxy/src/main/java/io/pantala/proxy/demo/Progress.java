package io.pantala.proxy.demo;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;

/** How far a round of pulls has come, seen from outside while it runs. */
final class Progress {
    private final long imageSize;
    private final List<LongAdder> received;
    private final AtomicInteger verified = new AtomicInteger();
    private final AtomicInteger wrong = new AtomicInteger();

    Progress(int hosts, long imageSize) {
        this.imageSize = imageSize;
        this.received = Stream.generate(LongAdder::new).limit(hosts).toList();
    }

    int hosts() {
        return received.size();
    }

    void received(int host, int bytes) {
        received.get(host).add(bytes);
    }

    void verified(boolean right) {
        (right ? verified : wrong).incrementAndGet();
    }

    /** Digests that matched. */
    int verified() {
        return verified.get();
    }

    /** Digests that did not. */
    int wrong() {
        return wrong.get();
    }

    /** Bytes of all hosts. */
    long delivered() {
        return received.stream().mapToLong(LongAdder::sum).sum();
    }

    /** Bytes that all hosts want. */
    long wanted() {
        return imageSize * hosts();
    }

    /** From 0 to 1. */
    double share(int host) {
        return Math.min(1, (double) received.get(host).sum() / imageSize);
    }

    double share() {
        return Math.min(1, (double) delivered() / wanted());
    }
}
