package io.pantala.seed.schedule;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PaceTest {
    private static final int USUAL = Rehearsal.CONFIG.slots();

    private final Pace pace = new Pace(Rehearsal.CONFIG);
    private final Swarm swarm = new Swarm(Rehearsal.layout(10), 4);
    private final Member member = new Member(Zone.NONE, false);
    private final Member other = new Member(Zone.NONE, false);

    @BeforeEach
    void knowWhatIsUsual() {
        for (int i = 0; i < 500; i++) {
            usual();
        }
    }

    private void usual() {
        result(new Member(Zone.NONE, false), new Member(Zone.NONE, false), 300);
    }

    @Test
    void whoeverIsUnknownIsTakenForUsual() {
        assertThat(pace.sendable(member)).isEqualTo(USUAL);
        assertThat(pace.receivable(member)).isEqualTo(USUAL);
    }

    @Test
    void aSlowSourceSendsLessAtOnceAndTheUsualAgainOnceItIsFast() {
        results(50, member, other, 3000);
        assertThat(pace.sendable(member)).isEqualTo(2);

        results(3, member, other, 300);
        assertThat(pace.sendable(member)).isEqualTo(USUAL);
    }

    @Test
    void aFastSourceSendsMoreAtOnce() {
        results(5, member, other, 30);

        assertThat(pace.sendable(member)).isEqualTo(Rehearsal.CONFIG.mostSlots());
    }

    @Test
    void aSourceThatHadLittleToDoIsNotTakenForSlow() {
        for (int i = 0; i < 20; i++) {
            order(member, other, 1);
            pace.learn(member.serving.getFirst(), MILLISECONDS.toNanos(3000), 0, MILLISECONDS.toNanos(3000));
            clear(member, other);
        }

        assertThat(pace.sendable(member)).isEqualTo(USUAL);
    }

    @Test
    void aSlowReceiverHasLessOnItsWay() {
        results(50, other, member, 3000);

        assertThat(pace.receivable(member)).isEqualTo(2);
    }

    @Test
    void aFastReceiverHasMoreOnItsWay() {
        results(5, other, member, 30);

        assertThat(pace.receivable(member)).isEqualTo(Rehearsal.CONFIG.mostSlots());
    }

    @Test
    void whatWasRelayedSaysNothingOfLinks() {
        for (int i = 0; i < 50; i++) {
            Task relayed = new Task(swarm.join(member), swarm.join(other), 1, 0, USUAL);
            pace.learn(relayed, MILLISECONDS.toNanos(3000), 0, MILLISECONDS.toNanos(3000));
        }

        assertThat(pace.sendable(other)).isEqualTo(USUAL);
        assertThat(pace.receivable(member)).isEqualTo(USUAL);
    }

    @Test
    void aLimitIsBelievedBeforeAnythingIsSeen() {
        member.up.limit(Rehearsal.BLOCK / 1e9);
        member.down.limit(Rehearsal.BLOCK / 1e9);
        assertThat(pace.sendable(member)).isEqualTo(2);
        assertThat(pace.receivable(member)).isEqualTo(2);

        member.up.limit(Double.POSITIVE_INFINITY);
        member.down.limit(Double.POSITIVE_INFINITY);
        assertThat(pace.sendable(member)).isEqualTo(USUAL);
        assertThat(pace.receivable(member)).isEqualTo(USUAL);
    }

    @Test
    void whoeverHearsOfOrdersLateHasMoreOfThem() {
        for (int i = 0; i < 60; i++) {
            order(other, member, USUAL);
            long took = MILLISECONDS.toNanos(300);
            // Two thirds of a transfer's time the order or its report was on its way.
            pace.learn(other.serving.getFirst(), took, MILLISECONDS.toNanos(50), MILLISECONDS.toNanos(550));
            clear(other, member);
        }

        assertThat(pace.receivable(member)).isEqualTo(USUAL + 2);
        assertThat(pace.receivable(other)).isEqualTo(USUAL);
    }

    @Test
    void anAbsurdDelayHasItsBound() {
        for (int i = 0; i < 200; i++) {
            order(other, member, USUAL);
            pace.learn(other.serving.getFirst(), 1, 0, MILLISECONDS.toNanos(550));
            clear(other, member);
        }

        assertThat(pace.receivable(member)).isLessThanOrEqualTo(4 * Rehearsal.CONFIG.mostSlots());
    }

    private void results(int count, Member from, Member to, int millis) {
        for (int i = 0; i < count; i++) {
            result(from, to, millis);
            // All others go on meanwhile.
            for (int j = 0; j < 20; j++) {
                usual();
            }
        }
    }

    /** A block came while both had as many transfers as is usual. */
    private void result(Member from, Member to, int millis) {
        order(from, to, USUAL);
        long took = MILLISECONDS.toNanos(millis);
        pace.learn(from.serving.getFirst(), took, 0, took);
        clear(from, to);
    }

    private void order(Member from, Member to, int shared) {
        swarm.join(from).hold(0);
        for (int i = 1; i <= shared; i++) {
            from.serving.add(new Task(swarm.join(to), swarm.join(from), 0, 0, shared));
        }
        to.receiving = shared;
    }

    private static void clear(Member from, Member to) {
        from.serving.clear();
        to.receiving = 0;
    }
}
