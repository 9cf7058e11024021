package io.pantala.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Percentage.withPercentage;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RateLimitTest {
    private long now = 5;

    @ParameterizedTest
    @CsvSource({"200000, 4096", "1000000, 65536", "100000000, 65536", "10000000000, 262144"})
    void overSecondsWhatPassesIsTheRate(long rate, int portion) {
        RateLimit limit = RateLimit.of(rate, () -> now);
        long start = now;
        long moved = 0;
        while (now - start < Duration.ofSeconds(5).toNanos()) {
            moved += portion;
            now += limit.take(portion) + 1000;
        }

        double bytesPerSecond = moved / ((now - start) / 1e9);
        assertThat(bytesPerSecond).isLessThan(1.05 * rate);
        if (portion * 1e9 / rate > 1000) {
            assertThat(bytesPerSecond).isCloseTo((double) rate, withPercentage(5));
        }
    }

    @Test
    void thoseWhoShareItWaitBehindOneAnother() {
        RateLimit limit = RateLimit.of(1_000_000, () -> now);
        limit.take(20_000);

        assertThat(limit.take(100_000)).isEqualTo(100_000_000);
        assertThat(limit.take(50_000)).isEqualTo(150_000_000);
    }

    @Test
    void aLongRestIsNotSavedUp() {
        RateLimit limit = RateLimit.of(1_000_000, () -> now);
        now += Duration.ofHours(1).toNanos();

        assertThat(limit.take(1_000_000)).isBetween(970_000_000L, 1_000_000_000L);
    }

    @Test
    void withoutALimitNobodyWaits() {
        assertThat(RateLimit.of(Long.MAX_VALUE)).isSameAs(RateLimit.NONE);
        assertThat(RateLimit.NONE.take(Long.MAX_VALUE)).isZero();
        assertThat(RateLimit.NONE.portion(1 << 20)).isEqualTo(1 << 20);
        assertThat(RateLimit.NONE.isNone()).isTrue();
    }

    @Test
    void portionsAreSmallWhereTheRateIs() {
        assertThat(RateLimit.of(1_000_000).portion(1 << 20)).isEqualTo(20_000);
        assertThat(RateLimit.of(128_000).portion(1 << 20)).isEqualTo(4096);
        assertThat(RateLimit.of(128_000).portion(100)).isEqualTo(100);
    }

    @Test
    void aRateThatMovesNothingIsRefused() {
        assertThatThrownBy(() -> RateLimit.of(0)).isInstanceOf(IllegalArgumentException.class);
    }
}
