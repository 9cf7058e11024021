package io.pantala.seed.schedule;

/** How many transfers members can have at once, by what results tell about their links. */
final class Pace {
    private static final int LEAST_SLOTS = 2;
    private static final int MOST_LAG = 3;

    /** How much one result changes what counts as typical of all. */
    private static final double SLOWLY = 1.0 / 64;

    private final ConductorConfig config;

    /** In bytes per nanosecond. */
    private double typicalUp;

    private double typicalDown;

    /** As {@link Member#lag}. */
    private double typicalLag;

    /** Of a transfer inside a zone, in nanoseconds a byte. */
    private double typicalInside;

    Pace(ConductorConfig config) {
        this.config = config;
    }

    /** Orders that a member should have to carry out. */
    int receivable(Member member) {
        long slots = Math.round(config.slots() * member.down.beside(typicalDown));
        return withLag(Math.clamp(slots, LEAST_SLOTS, config.mostSlots()), member.lag);
    }

    /** Orders that should name a member as their source. */
    int sendable(Member member) {
        return withLag(slots(member), typicalLag);
    }

    private int slots(Member member) {
        int usual = member.seed ? config.seedSlots() : config.slots();
        return Math.clamp(
                Math.round(usual * member.up.beside(typicalUp)), LEAST_SLOTS, Math.max(usual, config.mostSlots()));
    }

    private static int withLag(int slots, double lag) {
        return slots + (int) Math.round(slots * lag);
    }

    /**
     * A block has come.
     *
     * @param took from asking the source to the last byte, in nanoseconds
     * @param waited before that, with the order in hand, in nanoseconds
     */
    void learn(Task task, long took, long waited, long now) {
        if (task.relayed) {
            // It came as fast as its source received it, which says nothing of their links.
            return;
        }
        Member from = task.from.member;
        Member to = task.to.member;
        double bytes = task.to.swarm.layout().length(task.block);
        double shared = (task.shared + from.serving.size()) / 2.0;
        if (shared >= slots(from) - 1) {
            double sample = bytes * shared / took;
            typicalUp = towards(sample, typicalUp);
            from.up.saw(sample, typicalUp);
        }
        double received = bytes * to.receiving / took;
        typicalDown = towards(received, typicalDown);
        to.down.saw(received, typicalDown);

        double lag = Math.clamp((double) (now - task.since - took - waited) / took, 0, MOST_LAG);
        to.lag += 0.1 * (lag - to.lag);
        typicalLag += SLOWLY * (lag - typicalLag);
        double nanosPerByte = took / bytes;
        if (task.crosses()) {
            double times = typicalInside == 0 ? 1 : nanosPerByte / typicalInside;
            task.to.locality.crossed(times, config.mostCrossings());
        } else {
            typicalInside = towards(nanosPerByte, typicalInside);
        }
    }

    private static double towards(double sample, double typical) {
        return typical == 0 ? sample : typical + SLOWLY * (sample - typical);
    }
}
