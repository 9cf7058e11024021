package io.pantala.examples.simulator;

import io.pantala.manifest.BlockLayout;

/**
 * What is simulated. Times are in seconds, rates in bytes per second, shares from 0 to 1.
 *
 * @param size bytes of the blob
 * @param rate of each host's link, each way; the seed's and the registry's are as fast
 * @param delay of what hosts and the seed tell one another, in block times
 * @param latency of a request for a block, in block times
 * @param jitter of both: they take up to so much longer
 * @param unequal how unevenly connections share a link: the standard deviation of their weights' logarithm
 * @param slow the share of hosts whose links are slower
 * @param slower so many times
 * @param zones that hosts are in, in turns; the seed is in the first
 * @param border what the line between two zones carries, in links of a host; not used with one zone
 * @param failing the share of hosts that fail in a minute
 * @param arriving over how much of the bound hosts come; 0: all at once
 * @param chance the seed of all that is random
 */
record Scenario(
        int hosts,
        long size,
        double rate,
        double delay,
        double latency,
        double jitter,
        double unequal,
        double slow,
        double slower,
        int zones,
        double border,
        double failing,
        double arriving,
        long chance) {
    Scenario {
        if (hosts < 1 || size < 1 || !(rate > 0) || zones < 1 || zones > hosts || !(border > 0)) {
            throw new IllegalArgumentException("there must be at least one of each");
        }
        if (!(delay >= 0) || !(latency >= 0) || !(jitter >= 0) || !(unequal >= 0) || !(arriving >= 0)) {
            throw new IllegalArgumentException("times can't be negative");
        }
        if (!(slow >= 0 && slow < 1) || !(failing >= 0 && failing < 1) || !(slower >= 1)) {
            throw new IllegalArgumentException("a share must be from 0 to below 1, and slower not faster");
        }
    }

    /** One blob to so many hosts with equal links, all at once. */
    static Scenario equal(int hosts, long size, double rate) {
        return new Scenario(hosts, size, rate, 0.1, 0.02, 0.2, 0.3, 0, 10, 1, 2, 0, 0, 1);
    }

    Scenario withDelay(double blockTimes) {
        return new Scenario(
                hosts,
                size,
                rate,
                blockTimes,
                latency,
                jitter,
                unequal,
                slow,
                slower,
                zones,
                border,
                failing,
                arriving,
                chance);
    }

    Scenario withLatency(double blockTimes) {
        return new Scenario(
                hosts,
                size,
                rate,
                delay,
                blockTimes,
                jitter,
                unequal,
                slow,
                slower,
                zones,
                border,
                failing,
                arriving,
                chance);
    }

    Scenario withSlow(double share, double times) {
        return new Scenario(
                hosts, size, rate, delay, latency, jitter, unequal, share, times, zones, border, failing, arriving,
                chance);
    }

    Scenario withZones(int count, double links) {
        return new Scenario(
                hosts, size, rate, delay, latency, jitter, unequal, slow, slower, count, links, failing, arriving,
                chance);
    }

    Scenario withFailing(double share) {
        return new Scenario(
                hosts, size, rate, delay, latency, jitter, unequal, slow, slower, zones, border, share, arriving,
                chance);
    }

    Scenario withArriving(double ofBound) {
        return new Scenario(
                hosts, size, rate, delay, latency, jitter, unequal, slow, slower, zones, border, failing, ofBound,
                chance);
    }

    Scenario withChance(long seed) {
        return new Scenario(
                hosts, size, rate, delay, latency, jitter, unequal, slow, slower, zones, border, failing, arriving,
                seed);
    }

    /** What a slow host's link carries. */
    double slowRate() {
        return rate / slower;
    }

    BlockLayout layout() {
        return BlockLayout.of(size);
    }

    /** Seconds that a block takes over a link that it has for itself. */
    double blockTime() {
        return layout().blockSize() / rate;
    }

    /**
     * Seconds that all take at best, when all links are as fast as {@code linkRate}: each has to receive all of the blob,
     * and the first copies of a block can at most double with each time of a block.
     */
    double bound(double linkRate) {
        int doublings = 31 - Integer.numberOfLeadingZeros(hosts);
        return size / linkRate * (1 + (double) doublings / layout().count());
    }
}
