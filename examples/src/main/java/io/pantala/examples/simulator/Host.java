package io.pantala.examples.simulator;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;

/** A host or the seed. */
final class Host {
    private static final int REMEMBERED = 64;
    private static final int LEAST_REMEMBERED = 8;
    private static final double PERCENTILE = 0.95;
    private static final double MARGIN = 1.5;
    static final double SOONEST_LATE = 0.15;
    private static final double UNKNOWN_LATE = 2;

    final int index;
    final int zone;
    final boolean slow;
    final Link up;
    final Link down;
    final BitSet held;
    private final int blocks;

    /** What it has decided or been told to fetch and not begun, and what it fetches or asks for. */
    final Deque<Fetch> waiting = new ArrayDeque<>();

    final List<Fetch> fetching = new ArrayList<>();

    /** What others fetch from it, and what they wait for. */
    final List<Fetch> serving = new ArrayList<>();

    final Deque<Fetch> queue = new ArrayDeque<>();

    int heldCount;
    double arrived;

    /** When the first half of the blob could be read, and when all was here; negative: not yet. */
    double half = -1;

    double done = -1;
    boolean gone;

    private int prefix;
    private final double[] took = new double[REMEMBERED];
    private int count;
    private double lateAfter = UNKNOWN_LATE;

    Host(int index, int zone, boolean slow, double rate, int blocks) {
        this.index = index;
        this.zone = zone;
        this.slow = slow;
        this.up = new Link(rate);
        this.down = new Link(rate);
        this.held = new BitSet(blocks);
        this.blocks = blocks;
    }

    /** It has a block; false when it had it before. */
    boolean hold(int block, double now) {
        if (held.get(block)) {
            return false;
        }
        held.set(block);
        heldCount++;
        prefix = held.nextClearBit(prefix);
        if (half < 0 && 2 * prefix >= blocks) {
            half = now;
        }
        if (heldCount == blocks) {
            done = now;
        }
        return true;
    }

    /** The bytes that it has of a block that it is receiving; 0 if it isn't. */
    double arrived(int block, double now) {
        double most = 0;
        for (Fetch fetch : fetching) {
            if (fetch.block == block) {
                most = Math.max(most, fetch.arrived(now));
            }
        }
        return most;
    }

    /** Whether it has a block or is to fetch it. */
    boolean expects(int block) {
        return held.get(block)
                || fetching.stream().anyMatch(fetch -> fetch.block == block)
                || waiting.stream().anyMatch(fetch -> fetch.block == block);
    }

    /** The first block that it lacks. */
    int prefix() {
        return prefix;
    }

    void took(double seconds) {
        took[count++ % REMEMBERED] = seconds;
        if (count >= LEAST_REMEMBERED && (count < REMEMBERED || count % LEAST_REMEMBERED == 0)) {
            double[] sorted = Arrays.copyOf(took, Math.min(count, REMEMBERED));
            Arrays.sort(sorted);
            lateAfter = Math.max(SOONEST_LATE, MARGIN * sorted[(int) (PERCENTILE * (sorted.length - 1))]);
        }
    }

    /** After so many seconds a fetch is late. */
    double lateAfter() {
        return lateAfter;
    }
}
