package io.pantala.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class OutagesTest {
    private static final Location HOST = new Location(true, "registry.example", 443, "");
    private static final Location OTHER = new Location(true, "other.example", 443, "");
    private static final UpstreamException FAILURE = new UpstreamException(UpstreamException.Kind.TIMEOUT, "no answer");

    private final AtomicLong now = new AtomicLong(17);
    private final Outages outages = new Outages(Duration.ofMinutes(1), now::get);

    @Test
    void lastTillTheHostAnswers() {
        fail(3);
        assertThat(mayAsk(HOST)).isTrue();
        assertThat(mayAsk(HOST)).isFalse();

        outages.answered(HOST);

        assertThat(mayAsk(HOST)).isTrue();
        assertThat(mayAsk(HOST)).isTrue();
    }

    @Test
    void beginWithTheThirdFailureInARow() {
        fail(2);
        outages.answered(HOST);
        fail(2);
        assertThat(mayAsk(HOST)).isTrue();
        assertThat(mayAsk(HOST)).isTrue();
    }

    @Test
    void letOneAtATimeTry() {
        fail(3);
        assertThat(mayAsk(HOST)).isTrue();
        fail(1);
        assertThat(mayAsk(HOST)).isTrue();
        assertThat(mayAsk(HOST)).isFalse();
        outages.left(HOST);
        assertThat(mayAsk(HOST)).isTrue();
    }

    @Test
    void doNotWaitLongForOneThatTries() {
        fail(3);
        assertThat(mayAsk(HOST)).isTrue();
        pass(Duration.ofSeconds(4));
        assertThat(mayAsk(HOST)).isFalse();
        pass(Duration.ofSeconds(1));
        assertThat(mayAsk(HOST)).isTrue();
    }

    @Test
    void areOverForAllWhoWaitWhenOneFindsTheHostBack() throws Exception {
        fail(3);
        assertThat(mayAsk(HOST)).isTrue();
        List<Future<Boolean>> waiting = List.of(askPatiently(), askPatiently());

        outages.answered(HOST);

        for (Future<Boolean> each : waiting) {
            assertThat(each.get(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void goOnForAllWhoWaitWhenOneFindsTheHostOut() throws Exception {
        fail(3);
        assertThat(mayAsk(HOST)).isTrue();
        List<Future<Boolean>> waiting = List.of(askPatiently(), askPatiently());

        fail(1);

        for (Future<Boolean> each : waiting) {
            assertThat(each.get(10, TimeUnit.SECONDS)).isFalse();
        }
    }

    @Test
    void areTriedByOneOfThoseWhoWaitWhenATryIsLeft() throws Exception {
        fail(3);
        assertThat(mayAsk(HOST)).isTrue();
        List<Future<Boolean>> waiting = List.of(askPatiently(), askPatiently());

        outages.left(HOST);

        assertThat(waiting).extracting(each -> each.get(10, TimeUnit.SECONDS)).containsExactlyInAnyOrder(true, false);
    }

    @Test
    void areForgottenAfterAWhile() {
        fail(3);
        pass(Duration.ofSeconds(10));
        assertThat(mayAsk(HOST)).isTrue();
        assertThat(mayAsk(HOST)).isTrue();
        fail(2);
        pass(Duration.ofSeconds(10));
        fail(1);
        assertThat(mayAsk(HOST)).isTrue();
        assertThat(mayAsk(HOST)).isTrue();
    }

    @Test
    void concernOneHost() {
        fail(3);
        assertThat(mayAsk(HOST)).isTrue();
        assertThat(mayAsk(OTHER)).isTrue();
        assertThat(mayAsk(OTHER)).isTrue();
    }

    @Test
    void sayWhatHasFailed() throws Exception {
        fail(3);
        outages.enter(HOST, Duration.ZERO);
        assertThatExceptionOfType(UpstreamException.class)
                .isThrownBy(() -> outages.enter(HOST, Duration.ZERO))
                .withMessage("no answer (as a moment ago)")
                .satisfies(e -> assertThat(e.kind()).isEqualTo(UpstreamException.Kind.TIMEOUT));
    }

    @Test
    void areNotKeptOfAnyNumberOfHosts() {
        for (int i = 0; i < 3000; i++) {
            Location host = new Location(true, "host" + i, 443, "");
            for (int failures = 0; failures < 3; failures++) {
                outages.failed(host, FAILURE);
            }
        }
        Location last = new Location(true, "host2999", 443, "");
        assertThat(mayAsk(last)).isTrue();
        assertThat(mayAsk(last)).isTrue();
        pass(Duration.ofSeconds(10));
        fail(3);
        assertThat(mayAsk(HOST)).isTrue();
        assertThat(mayAsk(HOST)).isFalse();
    }

    private void fail(int times) {
        for (int i = 0; i < times; i++) {
            outages.failed(HOST, FAILURE);
        }
    }

    private void pass(Duration time) {
        now.addAndGet(time.toNanos());
    }

    /** Returns when it waits. */
    private Future<Boolean> askPatiently() {
        var asking = new FutureTask<>(() -> {
            try {
                outages.enter(HOST, Duration.ofMinutes(1));
                return true;
            } catch (UpstreamException e) {
                return false;
            }
        });
        Thread thread = Thread.ofPlatform().daemon().start(asking);
        await().until(() -> thread.getState() == Thread.State.TIMED_WAITING);
        return asking;
    }

    private boolean mayAsk(Location host) {
        try {
            outages.enter(host, Duration.ZERO);
            return true;
        } catch (UpstreamException e) {
            return false;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
