package io.pantala.manifest;

/**
 * How a blob of a known size is cut into blocks: all of {@code blockSize} bytes but the last, which is shorter or equal.
 * An empty blob has no blocks.
 *
 * @param size bytes of the whole blob
 * @param blockSize bytes of a block
 */
public record BlockLayout(long size, int blockSize) {
    private static final int GRAIN = 64 << 10;
    private static final int SMALLEST = 256 << 10;
    private static final int LARGEST = 8 << 20;
    private static final int AIM = 1024;

    /** Blocks of a blob; 8 TiB with the largest blocks. What is kept for each block stays within memory. */
    private static final int MOST = 1 << 20;

    public BlockLayout {
        if (size < 0 || blockSize < 1 || blockSize > LARGEST) {
            throw new IllegalArgumentException("impossible layout: size " + size + ", block size " + blockSize);
        }
        if (size > (long) MOST * blockSize) {
            throw new IllegalArgumentException(
                    "a blob of " + size + " bytes has more than " + MOST + " blocks of " + blockSize);
        }
    }

    /**
     * The layout of a blob of {@code size} bytes: about 1024 blocks, each a multiple of 64 KiB from 256 KiB to 8 MiB, so
     * that a swarm's ramp-up stays a few percent of the whole and a slow link still yields a block every few seconds.
     */
    public static BlockLayout of(long size) {
        long wanted = (size / AIM + GRAIN - 1) / GRAIN * GRAIN;
        return new BlockLayout(size, Math.clamp(wanted, SMALLEST, LARGEST));
    }

    /** How many blocks there are. */
    public int count() {
        return (int) ((size + blockSize - 1) / blockSize);
    }

    /** Where block {@code index} starts, in bytes from the start of the blob. */
    public long offset(int index) {
        return (long) checked(index) * blockSize;
    }

    /** Bytes of block {@code index}. */
    public int length(int index) {
        return (int) Math.min(blockSize, size - offset(index));
    }

    /** The index of the last block; -1 for an empty blob. */
    public int last() {
        return count() - 1;
    }

    /** The block that holds the byte at {@code position}. */
    public int blockAt(long position) {
        if (position < 0 || position >= size) {
            throw new IndexOutOfBoundsException("byte " + position + " of " + size);
        }
        return (int) (position / blockSize);
    }

    private int checked(int index) {
        if (index < 0 || index >= count()) {
            throw new IndexOutOfBoundsException("block " + index + " of " + count());
        }
        return index;
    }
}
