package io.pantala.seed.schedule;

import java.util.Arrays;

/** Copies, and the blocks in ascending order of them. */
final class Rarity extends Copies {
    private final int[] order;
    private final int[] place;

    /** Where, in the order, the blocks with at least so many copies begin. */
    private int[] start;

    /** No copies of {@code blocks} blocks. */
    Rarity(int blocks) {
        super(blocks);
        order = new int[blocks];
        place = new int[blocks];
        Arrays.setAll(order, block -> block);
        Arrays.setAll(place, block -> block);
        start = new int[] {0, blocks, blocks};
    }

    /** The block at this place of the order: 0 is the rarest. */
    int at(int index) {
        return order[index];
    }

    @Override
    void add(int block) {
        int now = of(block);
        if (now + 2 == start.length) {
            int known = start.length;
            start = Arrays.copyOf(start, 2 * known);
            Arrays.fill(start, known, start.length, order.length);
        }
        swap(place[block], --start[now + 1]);
        super.add(block);
    }

    @Override
    void remove(int block) {
        swap(place[block], start[of(block)]++);
        super.remove(block);
    }

    private void swap(int from, int to) {
        int moved = order[to];
        order[to] = order[from];
        order[from] = moved;
        place[order[to]] = to;
        place[moved] = from;
    }
}
