package io.pantala.store;

import java.time.Duration;

/**
 * A block as it comes, for those who pass it on before it is whole. Nobody has checked its bytes yet; so the last one is
 * withheld until they have turned out right, and whoever has them all has the block.
 */
public final class IncomingBlock implements AutoCloseable {
    private final BlockWriter writer;

    IncomingBlock(BlockWriter writer) {
        this.writer = writer;
        writer.follow(1);
    }

    /**
     * Waits for more of its bytes than a number of them to be in their place in the blob's file.
     *
     * @param most how long to wait
     * @return how many are; -1 when no more came in that time, or none will
     */
    public int await(int than, Duration most) throws InterruptedException {
        return writer.awaitReadable(than, most.toNanos());
    }

    /** To be called once. */
    @Override
    public void close() {
        writer.follow(-1);
    }
}
