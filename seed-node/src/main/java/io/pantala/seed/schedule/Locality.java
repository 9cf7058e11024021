package io.pantala.seed.schedule;

import java.util.ArrayList;
import java.util.List;

/** The members of one zone in one swarm. */
final class Locality {
    /** In times of a transfer inside zones. */
    private static final double ON_TIME = 2;

    private static final double LATE = 4;
    private static final double FEWEST = 2;

    final Zone zone;
    final Rarity rarity;

    /** How many copies of each block the zone's region has or will have, and the swarm. Shared with others. */
    final int[] regionCopies;

    final int[] swarmCopies;

    /** Those that could send something. */
    final List<Part> free = new ArrayList<>();

    /** Those that want something and found no source. */
    final List<Part> starving = new ArrayList<>();

    /** How many want the blob. */
    int wanting;

    /** Blocks on their way into this zone, and how many may be. */
    int crossing;

    private double crossingsAllowed;

    Locality(Zone zone, int[] regionCopies, int[] swarmCopies, int crossings) {
        this.zone = zone;
        this.rarity = new Rarity(swarmCopies.length);
        this.regionCopies = regionCopies;
        this.swarmCopies = swarmCopies;
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
        regionCopies[block]++;
        swarmCopies[block]++;
    }

    void remove(int block) {
        rarity.remove(block);
        regionCopies[block]--;
        swarmCopies[block]--;
    }
}
