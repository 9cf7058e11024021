package io.pantala.examples.soak;

import java.util.SplittableRandom;

/** What a registry does wrong with one answer. Places in its body are shares of its length, from 0 to 1. */
sealed interface Fault {
    /** Nothing. */
    record None() implements Fault {}

    /** It answers with an error. */
    record Refusal(int status) implements Fault {}

    /** The connection ends in the body, properly or by a reset. */
    record Cut(double at, boolean reset) implements Fault {}

    /** Nothing comes any more. */
    record Stall(double at) implements Fault {}

    /** One byte is another one. */
    record Corrupt(double at) implements Fault {}

    /**
     * One by chance.
     *
     * @param share of answers that have any, from 0 to 1
     */
    static Fault draw(SplittableRandom random, double share) {
        boolean none = random.nextDouble() >= share;
        int kind = random.nextInt(10);
        double at = random.nextDouble();
        if (none) {
            return new None();
        }
        return switch (kind) {
            case 0, 1 -> new Refusal(500);
            case 2, 3 -> new Refusal(503);
            case 4, 5 -> new Cut(at, false);
            case 6 -> new Cut(at, true);
            case 7, 8 -> new Stall(at);
            default -> new Corrupt(at);
        };
    }
}
