package io.pantala.seed.schedule;

import java.util.Optional;

/** Which block a receiver takes best from a source. */
final class Choice {
    /** What a seed may send again: some blocks at once, then one for so many sent first. */
    private static final int REPEATS_AT_ONCE = 4;

    private static final int FIRSTS_FOR_A_REPEAT = 100;

    private final int window;

    /**
     * Blocks of the window that a receiver may hold while its reader waits for the first: with more, that one goes next.
     * Rarer ones would go before it for as long as the window takes, which over a slow link is longer than engines wait.
     */
    private final int patience;

    private final int seedSlots;
    private final int relays;

    Choice(ConductorConfig config) {
        this.window = config.window();
        this.patience = window / 16;
        this.seedSlots = config.seedSlots();
        this.relays = config.relays();
    }

    /** Where no copy of a block may be that the receiver could be sent, for it to come from farther away. */
    private enum Scope {
        ZONE,
        REGION,
        SWARM;

        boolean covers(Locality locality, Zone zone) {
            return switch (this) {
                case ZONE -> locality.zone.sameZone(zone);
                case REGION -> locality.zone.sameRegion(zone);
                case SWARM -> true;
            };
        }

        Copies copies(Locality locality) {
            return switch (this) {
                case ZONE -> locality.rarity;
                case REGION -> locality.region;
                case SWARM -> locality.swarm.copies();
            };
        }
    }

    /** The block, of those that a source holds, that a receiver takes best from it; -1 if there is none. */
    int held(Part to, Part from, long now) {
        if (from.member == to.member || Trust.avoids(to.member, from.member, now)) {
            return -1;
        }
        boolean near = from.locality == to.locality;
        boolean onlyNew = from.member.seed && !mayRepeat(to.swarm);
        if (near && !onlyNew) {
            int soon = nearReader(to, from);
            if (soon >= 0) {
                return soon;
            }
        }
        if (!to.canUse(from)) {
            return -1;
        }
        if (onlyNew) {
            if (near) {
                return firstNew(to, from, Scope.ZONE);
            }
            return maySendAway(from) ? firstNew(to, from, Scope.SWARM) : -1;
        }
        if (!near) {
            return firstNew(to, from, from.locality.zone.sameRegion(to.locality.zone) ? Scope.ZONE : Scope.REGION);
        }
        return rarest(to, from);
    }

    /** The block, of those that a source is just receiving, that a receiver takes best from it; -1 if there is none. */
    int relayed(Part to, Part from, long now) {
        if (to.member.relayed >= relays
                || from.member.relaysFrom > now
                || from.locality != to.locality
                || from.member == to.member
                || Trust.avoids(to.member, from.member, now)) {
            return -1;
        }
        Rarity rarity = to.locality.rarity;
        int best = -1;
        int fewest = Integer.MAX_VALUE;
        for (Task task : from.tasks) {
            int block = task.block;
            // The last one is given to nobody before the whole is proved; of two that bring a block, the late one would
            // be passed on.
            boolean relayable = !task.late && block < to.swarm.blocks() - 1 && from.orders(block) == 1;
            if (relayable && rarity.of(block) < fewest && !to.holds(block) && to.orders(block) == 0) {
                fewest = rarity.of(block);
                best = block;
            }
        }
        return best;
    }

    /** Why a seed is to send a receiver what hosts have; empty when none has it to pass on. */
    static Optional<Repeat> repeat(Part to, int block) {
        if (to.swarm.copies().of(block) == 0) {
            return Optional.empty();
        }
        int near = to.locality.rarity.of(block);
        if (near == 0) {
            return Optional.of(Repeat.AWAY);
        }
        return Optional.of(near <= hidden(to, block, Scope.ZONE) ? Repeat.AVOIDED : Repeat.BUSY);
    }

    /** Whether the seed may send what others have: it helps when it has nothing else to do. */
    private static boolean mayRepeat(Swarm swarm) {
        return swarm.copies().areComplete() || swarm.repeats < REPEATS_AT_ONCE + swarm.firsts / FIRSTS_FOR_A_REPEAT;
    }

    /** Whether the seed's own zone leaves it idle: else what began elsewhere would cross the border back. */
    private boolean maySendAway(Part seed) {
        return seed.locality.wanting == 0 || 2 * seed.member.serving.size() < seedSlots;
    }

    private int nearReader(Part to, Part from) {
        Rarity rarity = to.locality.rarity;
        int best = -1;
        int fewest = Integer.MAX_VALUE;
        int readers = to.cursors.length;
        for (int i = 0; i < readers; i++) {
            // Readers take turns in being the first.
            int cursor = to.cursors[(i + to.heldCount + to.comingCount) % readers];
            int end = Math.min(cursor + window, to.swarm.blocks());
            if (cursor < end && isUseful(to, from, cursor) && to.heldWithin(cursor, end) > patience) {
                return cursor;
            }
            for (int block = cursor; block < end; block = (block & ~63) + 64) {
                long useful = to.useful(from, block >> 6) & -1L << block;
                if (end - (block & ~63) < 64) {
                    useful &= (1L << end) - 1;
                }
                while (useful != 0) {
                    int candidate = (block & ~63) + Long.numberOfTrailingZeros(useful);
                    useful &= useful - 1;
                    if (rarity.of(candidate) < fewest) {
                        fewest = rarity.of(candidate);
                        best = candidate;
                    }
                }
            }
        }
        return best;
    }

    private static boolean isUseful(Part to, Part from, int block) {
        return (to.useful(from, block >> 6) & 1L << block) != 0;
    }

    private static int rarest(Part to, Part from) {
        Rarity rarity = to.locality.rarity;
        for (int i = 0; i < to.swarm.blocks(); i++) {
            int block = rarity.at(i);
            if (isUseful(to, from, block)) {
                return block;
            }
        }
        return -1;
    }

    /** The first block, in the order of reading, of which there is no copy here that the receiver could be sent. */
    private static int firstNew(Part to, Part from, Scope scope) {
        Copies copies = scope.copies(to.locality);
        boolean hides = !to.member.avoided.isEmpty();
        for (int word = 0; word < from.held.length; word++) {
            long useful = to.useful(from, word);
            if (!hides) {
                useful &= copies.none(word);
            }
            for (; useful != 0; useful &= useful - 1) {
                int block = (word << 6) + Long.numberOfTrailingZeros(useful);
                if (copies.of(block) <= hidden(to, block, scope)) {
                    return block;
                }
            }
        }
        return -1;
    }

    /** Copies of a block that are with members that the receiver avoids. */
    private static int hidden(Part to, int block, Scope scope) {
        int hidden = 0;
        for (Member member : to.member.avoided.keySet()) {
            Part part = to.swarm.find(member);
            if (part != null && part.isCounted() && part.has(block) && scope.covers(part.locality, to.locality.zone)) {
                hidden++;
            }
        }
        return hidden;
    }
}
