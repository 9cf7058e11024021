package io.pantala.examples.soak;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class FaultTest {
    @Test
    void aShareOfAllAnswersHasOneOfEachKind() {
        List<Fault> drawn = draw(1);

        assertThat(drawn.stream()
                        .filter(fault -> !(fault instanceof Fault.None))
                        .count())
                .isCloseTo(2000, within(200L));
        assertThat(drawn)
                .hasAtLeastOneElementOfType(Fault.Refusal.class)
                .hasAtLeastOneElementOfType(Fault.Cut.class)
                .hasAtLeastOneElementOfType(Fault.Stall.class)
                .hasAtLeastOneElementOfType(Fault.Corrupt.class);
    }

    @Test
    void theSameSeedDrawsTheSame() {
        assertThat(draw(7)).isEqualTo(draw(7)).isNotEqualTo(draw(8));
    }

    private static List<Fault> draw(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return Stream.generate(() -> Fault.draw(random, 0.2)).limit(10_000).toList();
    }
}
