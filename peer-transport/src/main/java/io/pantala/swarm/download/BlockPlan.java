package io.pantala.swarm.download;

import io.pantala.manifest.BlockHashes;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.BlockSet;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Which blocks of one blob to fetch next: those just past its readers first, then the rest in order. Owned by one
 * thread.
 */
final class BlockPlan {
    /** Blocks past each reader that go before all others. */
    private static final int WINDOW = 16;

    private final BlockLayout layout;
    private final BlockHashes hashes;
    private final BlockSet held;
    private final BlockSet inFlight;
    private final byte[] failures;
    private BlockSet wanted;

    BlockPlan(BlockLayout layout) {
        this.layout = layout;
        this.hashes = new BlockHashes(layout.count());
        this.held = new BlockSet(layout.count());
        this.inFlight = new BlockSet(layout.count());
        this.failures = new byte[layout.count()];
        this.wanted = new BlockSet(layout.count());
    }

    /** The source holds this block, and its hash is this. */
    void offered(int block, byte[] hash) {
        hashes.put(block, hash);
        if (!held.contains(block) && !inFlight.contains(block)) {
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

    /** The block is here. */
    void held(int block) {
        held.add(block);
        inFlight.remove(block);
        wanted.remove(block);
    }

    /**
     * The block did not come.
     *
     * @param again whether the source may be asked for it once more
     * @return how often it has failed
     */
    int failed(int block, boolean again) {
        inFlight.remove(block);
        if (!again || held.contains(block)) {
            return 0;
        }
        wanted.add(block);
        return ++failures[block];
    }

    /** The block to fetch next, which is on its way from now on. */
    OptionalInt next(long[] readPositions) {
        OptionalInt next = choose(readPositions);
        next.ifPresent(block -> {
            wanted.remove(block);
            inFlight.add(block);
        });
        return next;
    }

    int held() {
        return held.size();
    }

    int inFlight() {
        return inFlight.size();
    }

    /** Whether every block is here. */
    boolean isComplete() {
        return held.isFull();
    }

    private OptionalInt choose(long[] readPositions) {
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
}
