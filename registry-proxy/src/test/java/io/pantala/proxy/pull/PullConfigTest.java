package io.pantala.proxy.pull;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PullConfigTest {
    private static final Duration DOCKERD_GIVES_A_PING = Duration.ofSeconds(15);
    private static final Duration JIB_GIVES_ANYTHING = Duration.ofSeconds(20);
    private static final Duration FOR_THE_WAY = Duration.ofSeconds(1);

    @Test
    void anEngineIsAnsweredBeforeItGivesUp() {
        PullConfig waits = PullConfig.DEFAULT;
        assertThat(waits.ping()).isLessThan(DOCKERD_GIVES_A_PING.minus(FOR_THE_WAY));
        assertThat(waits.answer()).isLessThan(JIB_GIVES_ANYTHING.minus(FOR_THE_WAY));
        // The registry is asked for the bytes then, and has to bring some.
        assertThat(waits.gap().plus(waits.idle())).isLessThan(JIB_GIVES_ANYTHING.minus(FOR_THE_WAY));
    }

    @Test
    void eachPartOfAnAnswerEndsWithinIt() {
        PullConfig waits = PullConfig.DEFAULT;
        assertThat(waits.grant().plus(waits.opening())).isLessThanOrEqualTo(waits.answer());
        assertThat(waits.stall()).isLessThan(waits.gap());
    }

    @Test
    void waitsAtLeastForAMoment() {
        Duration second = Duration.ofSeconds(1);
        assertThatThrownBy(() ->
                        new PullConfig(second, second, second, second, second, Duration.ZERO, Duration.ZERO, second))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
