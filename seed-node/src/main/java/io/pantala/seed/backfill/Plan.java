package io.pantala.seed.backfill;

import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.BlockSet;
import java.util.function.IntPredicate;

/** Which blocks of a blob nobody has and nobody fetches yet, and which of them come next. */
final class Plan {
    private final BlockLayout layout;
    private final IntPredicate held;
    private final BlockSet claimed;

    /** Successive blocks, {@code end} exclusive. */
    record Segment(int first, int end) {
        static final Segment NONE = new Segment(0, 0);

        boolean isEmpty() {
            return first >= end;
        }
    }

    /** @param held whether a block need not be fetched, or not any more: others may bring blocks too */
    Plan(BlockLayout layout, IntPredicate held) {
        this.layout = layout;
        this.held = held;
        this.claimed = new BlockSet(layout.count());
        for (int block = 0; block < layout.count(); block++) {
            if (held.test(block)) {
                claimed.add(block);
            }
        }
    }

    /**
     * Claims what is to be fetched next: where a reader will wait soonest, or else from the start.
     *
     * @param readPositions the bytes that readers wait for or are at
     * @param most bytes; one block at least
     */
    synchronized Segment next(long[] readPositions, long most) {
        int best = nextFree(0);
        int ahead = Integer.MAX_VALUE;
        for (long position : readPositions) {
            int at = layout.blockAt(position);
            int missing = nextFree(at);
            if (missing < layout.count() && missing - at < ahead) {
                best = missing;
                ahead = missing - at;
            }
        }
        return best < layout.count() ? new Segment(best, extend(best, best, most)) : Segment.NONE;
    }

    /**
     * Claims blocks from {@code end} on while they are free and no more than {@code most} bytes from the start of
     * {@code first}; of an empty segment one in any case.
     *
     * @return the new end
     */
    synchronized int extend(int first, int end, long most) {
        int last = end;
        while (last < layout.count()
                && nextFree(last) == last
                && (last == first || layout.offset(last) + layout.length(last) - layout.offset(first) <= most)) {
            claimed.add(last++);
        }
        return last;
    }

    /** Claims one block; false when another has it. */
    synchronized boolean claim(int block) {
        return claimed.add(block);
    }

    /** Leaves blocks to others. */
    synchronized void release(Segment segment) {
        for (int block = segment.first(); block < segment.end(); block++) {
            claimed.remove(block);
        }
    }

    /** The first block from this one on that is neither held nor fetched. */
    private int nextFree(int from) {
        int block = claimed.nextMissing(from);
        while (block < layout.count() && held.test(block)) {
            claimed.add(block);
            block = claimed.nextMissing(block + 1);
        }
        return block;
    }

    /** Whether any block from this one on is free. */
    synchronized boolean anythingFrom(int block) {
        return nextFree(block) < layout.count();
    }

    /** Bytes that nobody fetches yet, give or take the last block's difference. */
    synchronized long bytesLeft() {
        return (long) (layout.count() - claimed.size()) * layout.blockSize();
    }
}
