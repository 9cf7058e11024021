package io.pantala.examples.simulator;

import java.util.ArrayList;
import java.util.List;

/** One direction of a line, shared by all that goes over it: each flow gets its part, and what others leave. */
final class Link {
    /** The share of a flow of weight 1 must have changed by so much for others to be told. */
    private static final double NOTICEABLE = 0.02;

    private static final int ROUNDS = 6;

    final double bytesPerSecond;
    final List<Flow> flows = new ArrayList<>();

    /** Bytes per second for each unit of a flow's weight. */
    double level = Double.POSITIVE_INFINITY;

    /** Whether its level is to be found again. */
    boolean stale;

    Link(double bytesPerSecond) {
        this.bytesPerSecond = bytesPerSecond;
    }

    /** Finds the level at which all is used, given what other links leave to each flow; whether that is news to them. */
    boolean balance() {
        double before = level;
        level = find();
        return Math.abs(level - before) > NOTICEABLE * before || Double.isInfinite(before) != Double.isInfinite(level);
    }

    private double find() {
        double weights = 0;
        for (int i = 0; i < flows.size(); i++) {
            weights += flows.get(i).weight;
        }
        if (weights == 0) {
            return Double.POSITIVE_INFINITY;
        }
        double found = bytesPerSecond / weights;
        for (int round = 0; round < ROUNDS; round++) {
            double elsewhere = 0;
            double open = 0;
            for (int i = 0; i < flows.size(); i++) {
                Flow flow = flows.get(i);
                double least = flow.levelBeside(this);
                if (least <= found) {
                    elsewhere += least * flow.weight;
                } else {
                    open += flow.weight;
                }
            }
            if (open == 0) {
                // Nothing is held up here.
                return Double.POSITIVE_INFINITY;
            }
            double next = (bytesPerSecond - elsewhere) / open;
            if (next <= found * 1.0001) {
                return next;
            }
            found = next;
        }
        return found;
    }
}
