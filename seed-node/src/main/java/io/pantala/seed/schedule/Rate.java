package io.pantala.seed.schedule;

/** What a member's link is seen to carry in one direction: quick to credit, slow to blame, and it forgets blame. */
final class Rate {
    private static final double CREDIT = 0.5;
    private static final double BLAME = 0.1;
    private static final double FORGIVENESS = 0.03;

    private static final double CLEARLY = 3;

    private double bytesPerNano;
    private double limit = Double.POSITIVE_INFINITY;

    /** It is not to carry more than so many bytes per nanosecond. */
    void limit(double bytesPerNano) {
        limit = bytesPerNano;
    }

    /**
     * Something was seen.
     *
     * @param sample bytes per nanosecond
     * @param typical of all members, the same
     */
    void saw(double sample, double typical) {
        if (bytesPerNano == 0) {
            bytesPerNano = sample;
            return;
        }
        bytesPerNano += (sample > bytesPerNano ? CREDIT : BLAME) * (sample - bytesPerNano);
        if (bytesPerNano < typical) {
            bytesPerNano += FORGIVENESS * (typical - bytesPerNano);
        }
    }

    long bytesPerSecond() {
        return Math.round(bytesPerNano * 1e9);
    }

    /** How fast it is beside the typical: 1 while nothing is known, and as long as it isn't clearly another. */
    double beside(double typical) {
        if (typical == 0) {
            return 1;
        }
        double ratio = Math.min(bytesPerNano == 0 ? typical : bytesPerNano, limit) / typical;
        return ratio > 1 / CLEARLY && ratio < CLEARLY ? 1 : ratio;
    }
}
