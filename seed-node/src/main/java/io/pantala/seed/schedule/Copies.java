package io.pantala.seed.schedule;

/** How many copies of each block there are or will be somewhere. */
class Copies {
    private final int[] counts;

    /** The blocks without a copy, as bits. */
    private final long[] none;

    private int withoutCopy;

    /** No copies of {@code blocks} blocks. */
    Copies(int blocks) {
        counts = new int[blocks];
        none = new long[(blocks + 63) >> 6];
        for (int block = 0; block < blocks; block++) {
            none[block >> 6] |= 1L << block;
        }
        withoutCopy = blocks;
    }

    int of(int block) {
        return counts[block];
    }

    /** The blocks without a copy, out of 64 from a word's start on. */
    long none(int word) {
        return none[word];
    }

    /** Whether there is a copy of each block. */
    boolean areComplete() {
        return withoutCopy == 0;
    }

    void add(int block) {
        if (counts[block]++ == 0) {
            none[block >> 6] &= ~(1L << block);
            withoutCopy--;
        }
    }

    void remove(int block) {
        if (--counts[block] == 0) {
            none[block >> 6] |= 1L << block;
            withoutCopy++;
        }
    }
}
