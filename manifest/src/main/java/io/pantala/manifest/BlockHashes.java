package io.pantala.manifest;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The sha256 of each block of a blob, as far as they are known. Not safe for use by several threads at once.
 */
public final class BlockHashes {
    /** Bytes of one hash. */
    public static final int LENGTH = 32;

    private final BlockSet known;
    private final byte[] hashes;

    /** No hashes yet, of {@code count} blocks. */
    public BlockHashes(int count) {
        this.known = new BlockSet(count);
        this.hashes = new byte[Math.multiplyExact(count, LENGTH)];
    }

    /** How many blocks there are, known or not. */
    public int count() {
        return known.count();
    }

    public boolean knows(int block) {
        return known.contains(block);
    }

    /** Which blocks' hashes are known. A copy. */
    public BlockSet known() {
        return known.copy();
    }

    public boolean isComplete() {
        return known.isFull();
    }

    /** The hash of a block; null when it isn't known yet. */
    public byte @Nullable [] get(int block) {
        return known.contains(block) ? Arrays.copyOfRange(hashes, block * LENGTH, (block + 1) * LENGTH) : null;
    }

    /** Sets the hash of one block. */
    public void put(int block, byte[] hash) {
        if (hash.length != LENGTH) {
            throw new IllegalArgumentException("a sha256 has " + LENGTH + " bytes, not " + hash.length);
        }
        putPacked(block, hash);
    }

    /** Sets the hashes of successive blocks, one after the other in {@code packed}. */
    public void putPacked(int first, byte[] packed) {
        int blocks = packed.length / LENGTH;
        if (packed.length % LENGTH != 0 || first < 0 || first > count() - blocks) {
            throw new IllegalArgumentException(
                    packed.length + " bytes can't be the hashes of blocks " + first + " on, of " + count());
        }
        System.arraycopy(packed, 0, hashes, first * LENGTH, packed.length);
        for (int block = first; block < first + blocks; block++) {
            known.add(block);
        }
    }

    /** The hashes of known, successive blocks, one after the other. */
    public byte[] packed(int first, int blocks) {
        if (first < 0 || blocks < 0 || first > count() - blocks || known.nextMissing(first) < first + blocks) {
            throw new IllegalArgumentException(
                    "not all of " + blocks + " hashes from block " + first + " on are known");
        }
        return Arrays.copyOfRange(hashes, first * LENGTH, (first + blocks) * LENGTH);
    }

    /** Whether a block's hash is known and is this one. */
    public boolean matches(int block, byte[] hash) {
        return known.contains(block)
                && Arrays.equals(hashes, block * LENGTH, (block + 1) * LENGTH, hash, 0, hash.length);
    }
}
