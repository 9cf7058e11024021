package io.pantala.examples.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.pantala.examples.rig.Rate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BoundTest {
    /** What links of 1514 Mbit/s carry of content in a second. */
    private static final long SECOND = 181_000_000;

    @ParameterizedTest
    @CsvSource({"1,1.00", "2,1.01", "3,1.01", "4,1.02", "24,1.04", "1000,1.09"})
    void onEqualLinksTheBlocksDoubleTheirHoldersFirst(int hosts, double seconds) {
        assertThat(bound("1514mbit", "1514mbit", null).seconds(hosts, SECOND, 100))
                .isEqualTo(seconds, within(1e-9));
    }

    @Test
    void slowLinksOfHostsAreTheLimitForAnyNumberOfThem() {
        Bound bound = bound("15140mbit", "1514mbit", null);

        assertThat(bound.seconds(1, SECOND, 100)).isEqualTo(1, within(1e-9));
        assertThat(bound.seconds(10_000, SECOND, 100)).isEqualTo(1, within(1e-9));
    }

    @Test
    void aSlowSourceIsTheLimit() {
        assertThat(bound("757mbit", "1514mbit", null).seconds(3, SECOND, 100)).isEqualTo(2, within(1e-9));
    }

    @Test
    void aNarrowBorderIsTheLimit() {
        assertThat(bound("1514mbit", "1514mbit", "757mbit").seconds(8, SECOND, 100))
                .isEqualTo(2, within(1e-9));
    }

    @Test
    void withoutASwarmTheSourceSendsToEachHost() {
        Bound bound = bound("15140mbit", "1514mbit", null);

        assertThat(bound.unaided(10, SECOND)).isEqualTo(1, within(1e-9));
        assertThat(bound.unaided(40, SECOND)).isEqualTo(4, within(1e-9));
    }

    private static Bound bound(String source, String link, @Nullable String border) {
        return new Bound(Rate.parse(source), Rate.parse(link), border == null ? null : Rate.parse(border));
    }
}
