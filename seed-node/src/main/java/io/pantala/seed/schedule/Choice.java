package io.pantala.seed.schedule;

import org.jspecify.annotations.Nullable;

/** Which block a receiver takes best from a source. */
final class Choice {
    /** What a seed may send again: some blocks at once, then one for so many sent first. */
    private static final int REPEATS_AT_ONCE = 4;

    private static final int FIRSTS_FOR_A_REPEAT = 20;

    private final int window;

    /** @param window blocks past a reader that go before all others */
    Choice(int window) {
        this.window = window;
    }

    /** The block that a receiver takes best from a source; -1 if there is none. */
    int of(Part to, Part from, long now) {
        if (from.member == to.member || isAvoided(to.member, from.member, now)) {
            return -1;
        }
        if (from.member.seed && !mayRepeat(to.swarm)) {
            // Its own zone comes first: what began elsewhere would cross the border back.
            boolean own = from.locality == to.locality || from.locality.wanting == 0;
            return own ? firstNew(to, from, to.locality.swarmCopies) : -1;
        }
        if (from.locality != to.locality) {
            boolean sameRegion = from.locality.zone.sameRegion(to.locality.zone);
            return firstNew(to, from, sameRegion ? null : to.locality.regionCopies);
        }
        int near = nearReader(to, from);
        return near >= 0 ? near : rarest(to, from);
    }

    private static boolean isAvoided(Member to, Member from, long now) {
        if (to.avoided.isEmpty()) {
            return false;
        }
        Long until = to.avoided.get(from);
        return until != null && until > now;
    }

    /** Whether the seed may send what others have: it helps when it has nothing else to do. */
    private static boolean mayRepeat(Swarm swarm) {
        return swarm.firsts >= swarm.blocks() || swarm.repeats < REPEATS_AT_ONCE + swarm.firsts / FIRSTS_FOR_A_REPEAT;
    }

    private int nearReader(Part to, Part from) {
        Rarity rarity = to.locality.rarity;
        int best = -1;
        int fewest = Integer.MAX_VALUE;
        for (int cursor : to.cursors) {
            int end = Math.min(cursor + window, to.swarm.blocks());
            for (int block = cursor; block < end; block = (block & ~63) + 64) {
                long useful = to.useful(from.held, block >> 6) & -1L << block;
                if (end - (block & ~63) < 64) {
                    useful &= (1L << end) - 1;
                }
                while (useful != 0) {
                    int candidate = (block & ~63) + Long.numberOfTrailingZeros(useful);
                    useful &= useful - 1;
                    if (rarity.copies(candidate) < fewest) {
                        fewest = rarity.copies(candidate);
                        best = candidate;
                    }
                }
            }
        }
        return best;
    }

    private static int rarest(Part to, Part from) {
        if (!hasAnything(to, from)) {
            return -1;
        }
        Rarity rarity = to.locality.rarity;
        for (int i = 0; i < to.swarm.blocks(); i++) {
            int block = rarity.at(i);
            if ((to.useful(from.held, block >> 6) & 1L << block) != 0) {
                return block;
            }
        }
        return -1;
    }

    /**
     * The first block, in the order of reading, of which the receiver's zone has no copy, or which others there have
     * failed to send.
     *
     * @param elsewhere copies of each block where there may be none either; null if that doesn't matter
     */
    private static int firstNew(Part to, Part from, int @Nullable [] elsewhere) {
        if (!hasAnything(to, from)) {
            return -1;
        }
        Rarity rarity = to.locality.rarity;
        int end = to.desperate.length == 0 ? rarity.firstHeld() : to.swarm.blocks();
        int first = -1;
        for (int i = 0; i < end; i++) {
            int block = rarity.at(i);
            boolean isNew = rarity.copies(block) == 0 && (elsewhere == null || elsewhere[block] == 0);
            if ((isNew || to.isDesperate(block))
                    && (first < 0 || block < first)
                    && (to.useful(from.held, block >> 6) & 1L << block) != 0) {
                first = block;
            }
        }
        return first;
    }

    private static boolean hasAnything(Part to, Part from) {
        for (int word = 0; word < from.held.length; word++) {
            if (to.useful(from.held, word) != 0) {
                return true;
            }
        }
        return false;
    }
}
