package io.pantala.manifest;

import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/** Which blocks of a blob: some of {@code count} indexes. Not safe for use by several threads at once. */
public final class BlockSet {
    private final int count;
    private final BitSet bits;

    /** No blocks yet, of {@code count}. */
    public BlockSet(int count) {
        this(count, new BitSet(count));
    }

    private BlockSet(int count, BitSet bits) {
        this.count = count;
        this.bits = bits;
    }

    /** All blocks of {@code count}. */
    public static BlockSet full(int count) {
        BlockSet set = new BlockSet(count);
        set.bits.set(0, count);
        return set;
    }

    /**
     * Reads what {@link #toBytes} wrote; an {@link IllegalArgumentException} when it names blocks that {@code count}
     * doesn't have.
     */
    public static BlockSet of(int count, byte[] bytes) {
        BitSet bits = BitSet.valueOf(bytes);
        if (bits.length() > count) {
            throw new IllegalArgumentException("block " + (bits.length() - 1) + " of " + count);
        }
        return new BlockSet(count, bits);
    }

    /** One bit a block, lowest first, without trailing zero bytes. */
    public byte[] toBytes() {
        return bits.toByteArray();
    }

    /** How many blocks there could be. */
    public int count() {
        return count;
    }

    /** How many blocks there are. */
    public int size() {
        return bits.cardinality();
    }

    public boolean isEmpty() {
        return bits.isEmpty();
    }

    public boolean isFull() {
        return bits.nextClearBit(0) >= count;
    }

    public boolean contains(int block) {
        return bits.get(checked(block));
    }

    /** Whether the set has changed. */
    public boolean add(int block) {
        boolean absent = !bits.get(checked(block));
        bits.set(block);
        return absent;
    }

    /** Whether the set has changed. */
    public boolean remove(int block) {
        boolean present = bits.get(checked(block));
        bits.clear(block);
        return present;
    }

    /** The end, exclusive, of the run of blocks that starts at {@code block}: {@code block} itself if it isn't here. */
    public int runEnd(int block) {
        return bits.nextClearBit(checked(block));
    }

    /** The first block here from {@code from} on; {@link #count} if there is none. */
    public int next(int from) {
        int found = bits.nextSetBit(from);
        return found < 0 ? count : found;
    }

    /** The first block that is not here from {@code from} on; {@link #count} if there is none. */
    public int nextMissing(int from) {
        return Math.min(bits.nextClearBit(from), count);
    }

    public BlockSet copy() {
        return new BlockSet(count, (BitSet) bits.clone());
    }

    private int checked(int block) {
        if (block < 0 || block >= count) {
            throw new IndexOutOfBoundsException("block " + block + " of " + count);
        }
        return block;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof BlockSet that && count == that.count && bits.equals(that.bits);
    }

    @Override
    public int hashCode() {
        return 31 * count + bits.hashCode();
    }

    @Override
    public String toString() {
        return size() + " of " + count + " blocks";
    }
}
