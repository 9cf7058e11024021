package io.pantala.examples.lab;

import io.pantala.examples.rig.Rate;
import org.jspecify.annotations.Nullable;

/**
 * What no swarm on these links can beat.
 *
 * @param source rate of the registry's link and of the seed's
 * @param link rate of each host's
 * @param border rate of what joins a zone to the others; null where nothing narrows it
 */
record Bound(Rate source, Rate link, @Nullable Rate border) {
    /** Of a full frame on the links of the lab's network, with TCP's time stamps. */
    private static final double PAYLOAD = 1448.0 / 1514;

    /**
     * The seconds until the last of so many hosts, which begin at once, can have all of it.
     *
     * @param blocks that it is cut into
     */
    double seconds(int hosts, long bytes, int blocks) {
        if (source.equals(link)) {
            double rampUp = (31 - Integer.numberOfLeadingZeros(hosts)) / (double) blocks;
            return Math.max(carrying(bytes, link) * (1 + rampUp), atBorder(bytes));
        }
        double together = hosts * bytes / (payload(source) + hosts * payload(link));
        return Math.max(together, alone(bytes));
    }

    /** The seconds that a host needs, whatever others have by then. */
    double alone(long bytes) {
        return Math.max(Math.max(carrying(bytes, source), carrying(bytes, link)), atBorder(bytes));
    }

    /** The seconds until the last of so many hosts has all of it straight from the registry. */
    double unaided(int hosts, long bytes) {
        return Math.max(carrying(hosts * bytes, source), carrying(bytes, link));
    }

    private double atBorder(long bytes) {
        return border == null ? 0 : carrying(bytes, border);
    }

    private static double carrying(long bytes, Rate rate) {
        return bytes / payload(rate);
    }

    /** Bytes of content a second. */
    private static double payload(Rate rate) {
        return rate.bits() / 8.0 * PAYLOAD;
    }
}
