package io.pantala.seed.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ZoneTest {
    @ParameterizedTest
    @ValueSource(strings = {"", "eu-west", "eu-west/a", "eu-west/a/17", "A_1/b.2/c-3"})
    void readsWhatItWrites(String text) {
        assertThat(Zone.parse(text)).hasToString(text);
    }

    @Test
    void blankIsNoZone() {
        assertThat(Zone.parse("  ")).isEqualTo(Zone.NONE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "a/", "/a", "a//c", "a/b/c/d", "a b", "é"})
    void refusesWhatNamesNoZone(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Zone.parse(text))
                .withMessageStartingWith("must read region/zone/rack");
    }

    @Test
    void refusesNamesThatAreTooLong() {
        assertThatIllegalArgumentException().isThrownBy(() -> Zone.parse("a".repeat(129)));
    }

    @Test
    void isTheSameInTwoRacksAndAnotherInTwoRegions() {
        Zone zone = Zone.parse("eu/a/1");

        assertThat(zone.sameZone(Zone.parse("eu/a/2"))).isTrue();
        assertThat(zone.sameZone(Zone.parse("us/a/1"))).isFalse();
        assertThat(zone.sameRegion(Zone.parse("eu/b"))).isTrue();
        assertThat(zone.sameZone(Zone.parse("eu/b"))).isFalse();
    }
}
