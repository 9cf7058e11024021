package io.pantala.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How blobs are cut, which of the blocks there are, and their hashes. */
class BlocksTest {
    private static final int KIB = 1 << 10;
    private static final int MIB = 1 << 20;

    @Test
    void blockSizeFollowsTheBlob() {
        assertThat(BlockLayout.of(1).blockSize()).isEqualTo(256 * KIB);
        assertThat(BlockLayout.of(256L * MIB).blockSize()).isEqualTo(256 * KIB);
        assertThat(BlockLayout.of(256L * MIB + 1024).blockSize()).isEqualTo(320 * KIB);
        assertThat(BlockLayout.of(1L << 30).blockSize()).isEqualTo(MIB);
        assertThat(BlockLayout.of(1L << 30).count()).isEqualTo(1024);
        assertThat(BlockLayout.of(20_000_000_000L).blockSize()).isEqualTo(8 * MIB);
    }

    @Test
    void coversEveryByteOnce() {
        for (long size : new long[] {1, 2, 999, 1_000, 1_001, 2_000, 123_456}) {
            BlockLayout layout = new BlockLayout(size, 1_000);
            long end = 0;
            for (int block = 0; block < layout.count(); block++) {
                assertThat(layout.offset(block)).isEqualTo(end);
                assertThat(layout.length(block)).isBetween(1, 1_000);
                assertThat(layout.blockAt(end)).isEqualTo(block);
                end += layout.length(block);
                assertThat(layout.blockAt(end - 1)).isEqualTo(block);
            }
            assertThat(end).isEqualTo(size);
            assertThat(layout.last()).isEqualTo(layout.count() - 1);
        }
    }

    @Test
    void anEmptyBlobHasNoBlocks() {
        BlockLayout layout = BlockLayout.of(0);
        assertThat(layout.count()).isZero();
        assertThat(layout.last()).isEqualTo(-1);
        assertThatThrownBy(() -> layout.offset(0)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> layout.blockAt(0)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void countsBeyondFourGigabytes() {
        BlockLayout layout = BlockLayout.of(20_000_000_000L);
        assertThat(layout.count()).isEqualTo(2_385);
        assertThat(layout.offset(layout.last())).isEqualTo(2_384L * 8 * MIB);
        assertThat(layout.length(layout.last())).isEqualTo((int) (20_000_000_000L - 2_384L * 8 * MIB));
        assertThat(layout.blockAt(19_999_999_999L)).isEqualTo(2_384);
        assertThat(BlockLayout.of(8L << 40).count()).isEqualTo(1 << 20);
    }

    @Test
    void refusesImpossibleLayouts() {
        assertThatThrownBy(() -> BlockLayout.of(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> BlockLayout.of((8L << 40) + 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> BlockLayout.of(Long.MAX_VALUE)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new BlockLayout(5, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new BlockLayout(5, -1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new BlockLayout(5, 8 * MIB + 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new BlockLayout(5_000_000, 1))
                .describedAs("a hostile layout would take much memory")
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aSetAgreesWithASimplerOne() {
        Random random = new Random(7);
        for (int count : new int[] {1, 63, 64, 65, 256}) {
            BlockSet set = new BlockSet(count);
            TreeSet<Integer> model = new TreeSet<>();
            for (int step = 0; step < 3 * count; step++) {
                int block = random.nextInt(count);
                if (random.nextInt(4) == 0) {
                    assertThat(set.remove(block)).isEqualTo(model.remove(block));
                } else {
                    assertThat(set.add(block)).isEqualTo(model.add(block));
                }
                int from = random.nextInt(count);
                Integer next = model.ceiling(from);
                assertThat(set.next(from)).isEqualTo(next == null ? count : next);
                int missing = IntStream.range(from, count)
                        .filter(each -> !model.contains(each))
                        .findFirst()
                        .orElse(count);
                assertThat(set.nextMissing(from)).isEqualTo(missing);
                assertThat(set.runEnd(from)).isEqualTo(missing);
                assertThat(set.contains(from)).isEqualTo(model.contains(from));
                assertThat(set.size()).isEqualTo(model.size());
                assertThat(set.isEmpty()).isEqualTo(model.isEmpty());
                assertThat(set.isFull()).isEqualTo(model.size() == count);
            }
            assertThat(BlockSet.of(count, set.toBytes())).isEqualTo(set).hasSameHashCodeAs(set);
        }
    }

    @Test
    void aSetMayBeEmptyOrFull() {
        assertThat(new BlockSet(0).isFull()).isTrue();
        assertThat(new BlockSet(0).isEmpty()).isTrue();
        assertThat(BlockSet.full(0)).isEqualTo(new BlockSet(0));
        assertThat(BlockSet.full(100).isFull()).isTrue();
        assertThat(BlockSet.full(100).runEnd(3)).isEqualTo(100);
        assertThat(BlockSet.full(100).next(100)).isEqualTo(100);
        assertThat(BlockSet.full(100).nextMissing(0)).isEqualTo(100);
        assertThat(BlockSet.full(100)).hasToString("100 of 100 blocks").isNotEqualTo(BlockSet.full(101));
    }

    @Test
    void aCopyOfASetIsItsOwn() {
        BlockSet set = new BlockSet(10);
        BlockSet copy = set.copy();
        set.add(3);
        assertThat(copy.isEmpty()).isTrue();
    }

    @Test
    void aSetRefusesBlocksThatThereAreNot() {
        BlockSet set = new BlockSet(10);
        assertThatThrownBy(() -> set.add(10)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> set.contains(-1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> BlockSet.of(10, new byte[] {0, 4})).isInstanceOf(IllegalArgumentException.class);
        assertThat(BlockSet.of(10, new byte[] {0, 2, 0, 0}).contains(9)).isTrue();
        assertThat(BlockSet.of(10, new byte[0]).isEmpty()).isTrue();
    }

    private static byte[] hash(int of) {
        return Digest.newSha256().digest(new byte[] {(byte) of});
    }

    @Test
    void hashesAreKnownOrNot() {
        BlockHashes hashes = new BlockHashes(4);
        assertThat(hashes.get(2)).isNull();
        assertThat(hashes.matches(2, new byte[32])).isFalse();
        hashes.put(2, hash(2));
        assertThat(hashes.get(2)).isEqualTo(hash(2));
        assertThat(hashes.knows(2)).isTrue();
        assertThat(hashes.knows(1)).isFalse();
        assertThat(hashes.matches(2, hash(2))).isTrue();
        assertThat(hashes.matches(2, hash(1))).isFalse();
        assertThat(hashes.matches(2, new byte[0])).isFalse();
        assertThat(hashes.known().size()).isEqualTo(1);
        assertThat(hashes.isComplete()).isFalse();
    }

    @Test
    void hashesTravelPacked() {
        BlockHashes from = new BlockHashes(4);
        for (int block = 0; block < 4; block++) {
            from.put(block, hash(block));
        }
        BlockHashes to = new BlockHashes(4);
        to.putPacked(1, from.packed(1, 3));
        assertThat(to.knows(0)).isFalse();
        assertThat(to.get(3)).isEqualTo(hash(3));
        to.putPacked(0, from.packed(0, 1));
        assertThat(to.isComplete()).isTrue();
        assertThat(to.packed(0, 4)).isEqualTo(from.packed(0, 4));
        assertThat(to.packed(4, 0)).isEmpty();
    }

    @Test
    void hashesThatMakeNoSenseAreRefused() {
        BlockHashes hashes = new BlockHashes(2);
        assertThatThrownBy(() -> hashes.put(0, new byte[31])).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> hashes.putPacked(0, new byte[33])).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> hashes.putPacked(1, new byte[64])).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> hashes.putPacked(-1, new byte[32])).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> hashes.putPacked(Integer.MAX_VALUE, new byte[32]))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> hashes.packed(0, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> hashes.packed(0, -1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> hashes.get(2)).isInstanceOf(IndexOutOfBoundsException.class);
    }
}
