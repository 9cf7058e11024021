package io.pantala.seed.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RarityTest {
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 63, 64, 65, 200})
    void countsAndOrdersLikeANaiveModel(int blocks) {
        Rarity rarity = new Rarity(blocks);
        int[] model = new int[blocks];
        Random random = new Random(blocks);
        check(rarity, model);
        for (int step = 0; blocks > 0 && step < 3000; step++) {
            int block = random.nextInt(blocks);
            // Ever more copies in the first half, ever fewer in the second.
            if (model[block] > 0 && random.nextInt(10) < (step < 1500 ? 3 : 7)) {
                rarity.remove(block);
                model[block]--;
            } else {
                rarity.add(block);
                model[block]++;
            }
            check(rarity, model);
        }
    }

    private static void check(Rarity rarity, int[] model) {
        int blocks = model.length;
        int[] order = IntStream.range(0, blocks).map(rarity::at).toArray();
        assertThat(Arrays.stream(order).sorted()).containsExactly(sequence(blocks));
        assertThat(Arrays.stream(order).map(block -> model[block]).toArray()).isSorted();
        for (int block = 0; block < blocks; block++) {
            assertThat(rarity.of(block)).isEqualTo(model[block]);
            assertThat((rarity.none(block >> 6) & 1L << block) != 0).isEqualTo(model[block] == 0);
        }
        assertThat(rarity.areComplete()).isEqualTo(Arrays.stream(model).allMatch(copies -> copies > 0));
    }

    private static Integer[] sequence(int blocks) {
        return IntStream.range(0, blocks).boxed().toArray(Integer[]::new);
    }
}
