package io.pantala.examples.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ArrivalTest {
    private final Random random = new Random(1);

    @Test
    void hostsComeAtOnce() {
        assertThat(Arrival.parse("at-once").times(3, random)).containsOnly(Duration.ZERO);
    }

    @Test
    void hostsComeOneByOneAtARate() {
        List<Duration> times = Arrival.parse("poisson:2.5").times(5_000, random);

        assertThat(times.getFirst()).isZero();
        assertThat(times).isSorted();
        assertThat(times.getLast().toMillis() / 1e3).isEqualTo(2_000, within(200.0));
        assertThat(times.stream().distinct().count()).isGreaterThan(4_900);
    }

    @Test
    void hostsComeInWavesOfTheSameSize() {
        assertThat(Arrival.parse("waves:2:1500ms").times(4, random))
                .containsExactly(Duration.ZERO, Duration.ZERO, Duration.ofMillis(1500), Duration.ofMillis(1500));
        assertThat(Arrival.parse("waves:3:1s").times(7, random))
                .endsWith(Duration.ofSeconds(2))
                .contains(Duration.ofSeconds(1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "all", "poisson", "poisson:0", "poisson:-1", "waves:4", "waves:0:1s", "waves:2:soon"})
    void refusesAnythingElse(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Arrival.parse(text));
    }
}
