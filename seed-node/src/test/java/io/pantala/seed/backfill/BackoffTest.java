package io.pantala.seed.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BackoffTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    private final Backoff backoff = new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(30), new Random(1));

    @Test
    void doublesUpToItsBound() {
        for (int attempt = 1; attempt < 100; attempt++) {
            Duration most = Duration.ofSeconds(attempt < 6 ? 1L << (attempt - 1) : 30);
            assertThat(backoff.delay(attempt, Duration.ZERO)).isBetween(most.dividedBy(2), most);
        }
    }

    @Test
    void givesNoTwoTheSameDelay() {
        assertThat(backoff.delay(3, Duration.ZERO)).isNotEqualTo(backoff.delay(3, Duration.ZERO));
    }

    @Test
    void waitsAsLongAsItIsAskedToButNotForEver() {
        assertThat(backoff.delay(1, Duration.ofSeconds(7))).isEqualTo(Duration.ofSeconds(7));
        assertThat(backoff.delay(1, Duration.ofDays(1))).isEqualTo(Duration.ofSeconds(30));
    }

    @Test
    void readsBothFormsOfRetryAfter() {
        assertThat(Reply.retryAfter("120", NOW)).isEqualTo(Duration.ofMinutes(2));
        assertThat(Reply.retryAfter("Thu, 01 Jan 2026 00:01:00 GMT", NOW)).isEqualTo(Duration.ofMinutes(1));
        assertThat(Reply.retryAfter("Wed, 31 Dec 2025 00:01:00 GMT", NOW)).isEqualTo(Duration.ZERO);
        assertThat(Reply.retryAfter("soon", NOW)).isEqualTo(Duration.ZERO);
        assertThat(Reply.retryAfter("99999999999", NOW)).isEqualTo(Duration.ZERO);
        assertThat(Reply.retryAfter(null, NOW)).isEqualTo(Duration.ZERO);
    }
}
