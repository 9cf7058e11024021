package io.pantala.examples.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FaultsTest {
    @Test
    void readsHowManyHostsDieAndWhen() {
        assertThat(Faults.Hosts.parse("20%@50%")).isEqualTo(new Faults.Hosts(20, 50));
    }

    @ParameterizedTest
    @CsvSource({"20,24,5", "1,10,1", "99,2,1", "50,1,1"})
    void someHostsDieAndOneLives(int percent, int hosts, int dead) {
        assertThat(new Faults.Hosts(percent, 50).of(hosts)).isEqualTo(dead);
    }

    @Test
    void readsWhetherTheSeedComesBack() {
        assertThat(Faults.Seed.parse("50%")).isEqualTo(new Faults.Seed(50, Optional.empty()));
        assertThat(Faults.Seed.parse("10%+1500ms"))
                .isEqualTo(new Faults.Seed(10, Optional.of(Duration.ofMillis(1500))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "20", "20%", "0%@50%", "100%@50%", "20%@100%", "20%@half"})
    void refusesHostsThatCanNotDieSo(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Faults.Hosts.parse(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "50", "100%", "50%+soon", "-1%"})
    void refusesASeedThatCanNotDieSo(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Faults.Seed.parse(text));
    }
}
