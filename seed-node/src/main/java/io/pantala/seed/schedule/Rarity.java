package io.pantala.seed.schedule;

import java.util.Arrays;

/** How many copies of each block there are or will be, and the blocks in ascending order of that. */
final class Rarity {
    private final int[] copies;
    private final int[] order;
    private final int[] place;

    /** Where, in the order, the blocks with at least so many copies begin. */
    private int[] start;

    /** No copies of {@code blocks} blocks. */
    Rarity(int blocks) {
        copies = new int[blocks];
        order = new int[blocks];
        place = new int[blocks];
        Arrays.setAll(order, block -> block);
        Arrays.setAll(place, block -> block);
        start = new int[] {0, blocks, blocks};
    }

    int copies(int block) {
        return copies[block];
    }

    /** The block at this place of the order: 0 is the rarest. */
    int at(int index) {
        return order[index];
    }

    /** Where in the order the blocks begin of which there is a copy at all. */
    int firstHeld() {
        return start[1];
    }

    void add(int block) {
        int now = copies[block];
        if (now + 2 == start.length) {
            int known = start.length;
            start = Arrays.copyOf(start, 2 * known);
            Arrays.fill(start, known, start.length, order.length);
        }
        swap(place[block], --start[now + 1]);
        copies[block] = now + 1;
    }

    void remove(int block) {
        int now = copies[block];
        swap(place[block], start[now]++);
        copies[block] = now - 1;
    }

    private void swap(int from, int to) {
        int moved = order[to];
        order[to] = order[from];
        order[from] = moved;
        place[order[to]] = to;
        place[moved] = from;
    }
}
