package io.pantala.examples.rig;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RateTest {
    @ParameterizedTest
    @CsvSource({"1gbit,1000000000", "100mbit,100000000", "56kbit,56000", "800bit,800", "1Gbit/s,1000000000"})
    void readsWhatPeopleWrite(String text, long bits) {
        assertThat(Rate.parse(text)).isEqualTo(new Rate(bits));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1", "1gb", "gbit", "-1gbit", "0mbit", "1.5gbit"})
    void refusesAnythingElse(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Rate.parse(text));
    }

    @Test
    void tellsBytesAndTimes() {
        Rate rate = Rate.parse("100mbit");

        assertThat(rate.bytesIn(2)).isEqualTo(25_000_000);
        assertThat(rate.secondsFor(25_000_000)).isEqualTo(2);
        assertThat(rate).hasToString("100 Mbit/s");
    }
}
