package io.pantala.seed.schedule;

/** The members of one zone in one swarm. */
final class Locality {
    /** In times of a transfer inside zones. */
    private static final double ON_TIME = 2;

    private static final double LATE = 4;
    private static final double FEWEST = 2;

    final Zone zone;

    final Swarm swarm;

    /** Copies in this zone, and in its whole region. */
    final Rarity rarity;

    final Copies region;

    final Pool free = new Pool(Pool.FREE);
    final Pool starving = new Pool(Pool.STARVING);

    /** How many want blocks. */
    int wanting;

    /** Blocks on their way into this zone, and how many may be. */
    int crossing;

    private double crossingsAllowed;

    /** @param crossings blocks on their way into the zone at first */
    Locality(Zone zone, Swarm swarm, Copies region, int crossings) {
        this.zone = zone;
        this.swarm = swarm;
        this.rarity = new Rarity(swarm.blocks());
        this.region = region;
        this.crossingsAllowed = crossings;
    }

    boolean mayCross() {
        return crossing < (int) crossingsAllowed;
    }

    /**
     * A block has crossed the border: its link is to be filled, but no queue built up before it.
     *
     * @param times as long as a transfer inside zones
     */
    void crossed(double times, int mostCrossings) {
        if (times <= ON_TIME) {
            crossingsAllowed = Math.min(mostCrossings, crossingsAllowed + 4 / crossingsAllowed);
        } else if (times > LATE) {
            crossingsAllowed = Math.max(FEWEST, crossingsAllowed * 0.9);
        }
    }

    void add(int block) {
        rarity.add(block);
        region.add(block);
        swarm.copies().add(block);
    }

    void remove(int block) {
        rarity.remove(block);
        region.remove(block);
        swarm.copies().remove(block);
        swarm.lost |= rarity.of(block) == 0;
    }
}
