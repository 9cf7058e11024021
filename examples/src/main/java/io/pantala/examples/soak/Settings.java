package io.pantala.examples.soak;

import io.pantala.examples.rig.Rate;
import java.time.Duration;

/**
 * What is done, and for how long.
 *
 * @param seed of all that is left to chance
 * @param engines on each host
 * @param blobs that can be asked for at a time
 * @param largest bytes of a blob
 * @param rate of every link
 * @param faulty share of the registry's answers that are spoilt, from 0 to 1
 * @param pause between two nodes that are ended, on average
 * @param patience until a pull that isn't whole counts as lost
 * @param settling how long nodes may take, in the end, to let go of what they don't need
 */
record Settings(
        Duration duration,
        long seed,
        int hosts,
        int engines,
        int blobs,
        long largest,
        Rate rate,
        double faulty,
        Duration pause,
        Duration patience,
        Duration settling) {
    /** Bytes of the smallest blob that is asked for. */
    static final long SMALLEST = 16 << 10;

    Settings {
        if (!duration.isPositive()) {
            throw new IllegalArgumentException("--minutes: it must last for some time");
        }
        if (hosts < 1 || engines < 1) {
            throw new IllegalArgumentException("--hosts, --engines: there must be at least one");
        }
        if (largest < SMALLEST) {
            throw new IllegalArgumentException("--largest: must be at least 16KiB");
        }
        if (!pause.isPositive()) {
            throw new IllegalArgumentException("--pause: must be longer than nothing");
        }
        if (faulty < 0 || faulty > 0.5) {
            throw new IllegalArgumentException("--faulty: must be from 0 to 50");
        }
    }

    /** Bytes of blobs that a node keeps: fewer than there are, so that some go and come back. */
    long quota() {
        return 2 * largest;
    }

    /** Bytes on disk, at most: of the registry, of what nodes keep, and of what they are about to delete. */
    long room() {
        return blobs * largest + 2L * (hosts + 1) * quota();
    }
}
