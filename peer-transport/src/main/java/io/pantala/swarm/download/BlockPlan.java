package io.pantala.swarm.download;

import io.pantala.manifest.BlockHashes;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.BlockSet;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Which blocks of one blob are here, on their way, or to be had, and which of those to fetch next when nobody says so:
 * those just past its readers first, then the rest in order. Owned by one thread.
 */
final class BlockPlan {
    /** Blocks past each reader that go before all others. */
    private static final int WINDOW = 16;

    private final BlockLayout layout;
    private final BlockHashes hashes;
    private final BlockSet held;
    private final byte[] onTheWay;
    private final byte[] failures;
    private BlockSet wanted;

    BlockPlan(BlockLayout layout) {
        this.layout = layout;
        this.hashes = new BlockHashes(layout.count());
        this.held = new BlockSet(layout.count());
        this.onTheWay = new byte[layout.count()];
        this.failures = new byte[layout.count()];
        this.wanted = new BlockSet(layout.count());
    }

    /** The source holds this block, and its hash is this. */
    void offered(int block, byte[] hash) {
        hashes.put(block, hash);
        if (!held.contains(block) && onTheWay[block] == 0) {
            wanted.add(block);
        }
    }

    /** There is no source any more. What the blocks' hashes are stays known. */
    void sourceLost() {
        wanted = new BlockSet(layout.count());
    }

    /** The hash that a block must have; null as long as it isn't known. */
    byte @Nullable [] hash(int block) {
        return hashes.get(block);
    }

    boolean holds(int block) {
        return held.contains(block);
    }

    /** The first block that isn't here. */
    int firstMissing() {
        return held.nextMissing(0);
    }

    /** The block is here. */
    void held(int block) {
        held.add(block);
        wanted.remove(block);
    }

    /** The block is on its way now, perhaps not for the first time. */
    void started(int block) {
        onTheWay[block]++;
        wanted.remove(block);
    }

    /** A transfer of the block has ended. */
    void ended(int block) {
        onTheWay[block]--;
    }

    boolean isOnTheWay(int block) {
        return onTheWay[block] > 0;
    }

    /** The block did not come, and may be had from the seed still. */
    void missed(int block) {
        if (!held.contains(block) && onTheWay[block] == 0 && hashes.knows(block)) {
            wanted.add(block);
        }
    }

    /**
     * The block did not come from the seed, which may be asked again.
     *
     * @return how often it has failed
     */
    int failed(int block) {
        missed(block);
        return ++failures[block];
    }

    /** The block to fetch next; empty when there is none to be had that isn't on its way. */
    OptionalInt next(long[] readPositions) {
        if (wanted.isEmpty()) {
            return OptionalInt.empty();
        }
        int nearest = Integer.MAX_VALUE;
        int chosen = -1;
        for (long position : readPositions) {
            if (position < layout.size()) {
                int at = layout.blockAt(position);
                int block = wanted.next(at);
                if (block < layout.count() && block - at < Math.min(nearest, WINDOW)) {
                    nearest = block - at;
                    chosen = block;
                }
            }
        }
        return OptionalInt.of(chosen >= 0 ? chosen : wanted.next(0));
    }

    /** How many blocks are here. */
    int held() {
        return held.size();
    }

    /** Whether every block is here. */
    boolean isComplete() {
        return held.isFull();
    }
}
