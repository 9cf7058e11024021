package io.pantala.seed.schedule;

import java.util.ArrayList;
import java.util.List;

/** A member's share in a swarm. */
final class Part {
    final Member member;
    final Swarm swarm;
    final Locality locality;
    final long[] held;

    /** Ordered, not yet held. */
    final long[] coming;

    /** What its seed may send although others have it, since those others failed. */
    long[] desperate = {};

    /** Orders that it is to carry out. */
    final List<Task> tasks = new ArrayList<>();

    /** The first missing block past each of its readers. */
    int[] cursors = {0};

    int heldCount;
    int comingCount;
    boolean wants;

    /** Whether it waits to be looked at. */
    boolean awake;

    /** Its place among its locality's free and starving ones; negative: it is none. */
    int freeAt = -1;

    int starvingAt = -1;

    Part(Member member, Swarm swarm, Locality locality) {
        this.member = member;
        this.swarm = swarm;
        this.locality = locality;
        int words = swarm.words();
        this.held = new long[words];
        this.coming = new long[words];
    }

    boolean holds(int block) {
        return (held[block >> 6] & 1L << block) != 0;
    }

    boolean isComing(int block) {
        return (coming[block >> 6] & 1L << block) != 0;
    }

    boolean lacksSomething() {
        return heldCount + comingCount < swarm.blocks();
    }

    /** Blocks that another has, out of 64 from a word's start on, that this one neither has nor expects. */
    long useful(long[] has, int word) {
        return has[word] & ~(held[word] | coming[word]);
    }

    /** False when it was held before. */
    boolean hold(int block) {
        if (holds(block)) {
            return false;
        }
        boolean counted = isComing(block);
        if (counted) {
            coming[block >> 6] &= ~(1L << block);
            comingCount--;
        } else if (!member.seed) {
            locality.add(block);
        }
        held[block >> 6] |= 1L << block;
        heldCount++;
        for (int i = 0; i < cursors.length; i++) {
            cursors[i] = nextMissing(cursors[i]);
        }
        return true;
    }

    /** It turns out not to be held. */
    void unhold(int block) {
        if (holds(block)) {
            held[block >> 6] &= ~(1L << block);
            heldCount--;
            if (!member.seed) {
                locality.remove(block);
            }
        }
    }

    void expect(int block) {
        coming[block >> 6] |= 1L << block;
        comingCount++;
        if (!member.seed) {
            locality.add(block);
        }
    }

    /** No order for it is left. */
    void unexpect(int block) {
        if (isComing(block)) {
            coming[block >> 6] &= ~(1L << block);
            comingCount--;
            if (!member.seed) {
                locality.remove(block);
            }
        }
    }

    boolean isDesperate(int block) {
        return desperate.length > 0 && (desperate[block >> 6] & 1L << block) != 0;
    }

    void despair(int block) {
        if (desperate.length == 0) {
            desperate = new long[held.length];
        }
        desperate[block >> 6] |= 1L << block;
    }

    /** Whether some order for this block is left. */
    boolean isOrdered(int block) {
        for (Task task : tasks) {
            if (task.block() == block) {
                return true;
            }
        }
        return false;
    }

    int nextMissing(int from) {
        int block = from;
        while (block < swarm.blocks()) {
            long missing = ~held[block >> 6] & -1L << block;
            if (missing != 0) {
                return Math.min((block & ~63) + Long.numberOfTrailingZeros(missing), swarm.blocks());
            }
            block = (block & ~63) + 64;
        }
        return swarm.blocks();
    }
}
