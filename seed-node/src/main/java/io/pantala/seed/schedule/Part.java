package io.pantala.seed.schedule;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A member's share in a swarm. */
final class Part {
    private static final int MOST_READERS = 16;
    private static final int[] FROM_THE_START = {0};

    final Member member;
    final Swarm swarm;
    final Locality locality;
    final long[] held;

    /** Ordered, not late and not yet held. */
    final long[] coming;

    /** Orders that it is to carry out. For a block that is late there may be more than one. */
    final List<Task> tasks = new ArrayList<>();

    /** The first missing block past each of its readers. */
    int[] cursors = FROM_THE_START.clone();

    int heldCount;
    int comingCount;

    /** Whether it wants the whole blob, also when it has it. */
    boolean wants;

    /** Whether it is counted among those that want blocks. */
    boolean wanting;

    /** Whether it waits to be looked at. */
    boolean awake;

    /** Whether it is no share in its swarm any more. */
    boolean left;

    /** Its place in the pool of each kind; negative: it is in none. */
    final int[] places = new int[Pool.KINDS];

    private boolean counted;

    Part(Member member, Swarm swarm, Locality locality) {
        this.member = member;
        this.swarm = swarm;
        this.locality = locality;
        int words = (swarm.blocks() + 63) >> 6;
        this.held = new long[words];
        this.coming = new long[words];
        this.counted = !member.seed && !member.suspended;
        Arrays.fill(places, -1);
    }

    boolean holds(int block) {
        return (held[block >> 6] & 1L << block) != 0;
    }

    /** Whether what it has counts as copies that others can get. */
    boolean isCounted() {
        return counted;
    }

    /** Whether it holds a block or expects it. */
    boolean has(int block) {
        return holds(block) || isComing(block);
    }

    boolean isComing(int block) {
        return (coming[block >> 6] & 1L << block) != 0;
    }

    boolean isComplete() {
        return heldCount == swarm.blocks();
    }

    boolean lacksSomething() {
        return heldCount + comingCount < swarm.blocks();
    }

    /** Blocks that another has, out of 64 from a word's start on, that this one neither has nor expects. */
    long useful(Part from, int word) {
        long useful = from.held[word] & ~(held[word] | coming[word]);
        return tasks.size() == comingCount ? useful : useful & ~ordered(from, word);
    }

    /** How many blocks it holds from one on, before another. */
    int heldWithin(int from, int end) {
        int count = 0;
        for (int block = from; block < end; block = (block & ~63) + 64) {
            long word = held[block >> 6] & -1L << block;
            if (end - (block & ~63) < 64) {
                word &= (1L << end) - 1;
            }
            count += Long.bitCount(word);
        }
        return count;
    }

    /** Whether another has anything that this one neither has nor expects. */
    boolean canUse(Part from) {
        for (int word = 0; word < held.length; word++) {
            if (useful(from, word) != 0) {
                return true;
            }
        }
        return false;
    }

    private long ordered(Part from, int word) {
        long ordered = 0;
        for (Task task : tasks) {
            if (task.from == from && task.block >> 6 == word) {
                ordered |= 1L << task.block;
            }
        }
        return ordered;
    }

    /** How many orders for this block it is to carry out. */
    int orders(int block) {
        int orders = 0;
        for (Task task : tasks) {
            orders += task.block == block ? 1 : 0;
        }
        return orders;
    }

    /** Whether an order for this block is left that could be relied on. */
    boolean isOrdered(int block) {
        for (Task task : tasks) {
            if (task.block == block && !task.late) {
                return true;
            }
        }
        return false;
    }

    /** False when it was held before. */
    boolean hold(int block) {
        if (holds(block)) {
            return false;
        }
        if (isComing(block)) {
            coming[block >> 6] &= ~(1L << block);
            comingCount--;
        } else if (counted) {
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
            if (counted) {
                locality.remove(block);
            }
        }
    }

    void expect(int block) {
        coming[block >> 6] |= 1L << block;
        comingCount++;
        if (counted) {
            locality.add(block);
        }
    }

    /** No order that could be relied on is left. */
    void unexpect(int block) {
        if (isComing(block)) {
            coming[block >> 6] &= ~(1L << block);
            comingCount--;
            if (counted) {
                locality.remove(block);
            }
        }
    }

    /** Has what it has count as copies or not. Never what a seed has. */
    void count(boolean count) {
        if (count == counted || member.seed) {
            return;
        }
        counted = count;
        for (int block = 0; block < swarm.blocks(); block++) {
            if (has(block)) {
                if (count) {
                    locality.add(block);
                } else {
                    locality.remove(block);
                }
            }
        }
    }

    /** Its readers are at these blocks; without any it is as if one were at the start. */
    void read(int[] blocks) {
        cursors = blocks.length == 0
                ? FROM_THE_START.clone()
                : Arrays.stream(blocks).distinct().limit(MOST_READERS).toArray();
        for (int i = 0; i < cursors.length; i++) {
            cursors[i] = nextMissing(Math.clamp(cursors[i], 0, swarm.blocks()));
        }
    }

    private int nextMissing(int from) {
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
