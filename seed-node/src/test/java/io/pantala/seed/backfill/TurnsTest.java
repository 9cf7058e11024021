package io.pantala.seed.backfill;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pantala.manifest.UpstreamName;
import io.pantala.seed.backfill.Permits.Permit;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TurnsTest {
    private static final Duration LONG = Duration.ofMinutes(10);

    private final Permits permits = new Permits(1);
    private final Turns turns = new Turns(permits, UpstreamName.DOCKER_HUB);

    @Test
    void endWakesWhoeverWaitsAndLeavesNoInterruptBehind() throws Exception {
        CompletableFuture<Optional<Permit>> outcome = new CompletableFuture<>();
        CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
        try (Permit _ = turns.first(LONG).orElseThrow()) {
            Thread waiting = Thread.ofVirtual().start(() -> {
                try {
                    outcome.complete(turns.further(LONG));
                } catch (InterruptedException e) {
                    outcome.completeExceptionally(e);
                }
                interrupted.complete(Thread.currentThread().isInterrupted());
            });
            await().until(() -> waiting.getState() == Thread.State.TIMED_WAITING);

            turns.end();

            assertThat(outcome.get(10, SECONDS)).isEmpty();
            assertThat(interrupted.get(10, SECONDS)).isFalse();
        }
        assertThat(permits.acquireFurther(UpstreamName.DOCKER_HUB, Duration.ZERO))
                .isPresent();
    }

    @Test
    void givesNoTurnAnyMoreOnceEnded() throws Exception {
        turns.end();

        assertThat(turns.first(LONG)).isEmpty();
        assertThat(turns.further(LONG)).isEmpty();
    }
}
