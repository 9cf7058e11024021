package io.pantala.swarm.download;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.manifest.BlockLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BlockPlanTest {
    private static final long[] NOBODY_READS = {};

    private final BlockPlan plan = new BlockPlan(new BlockLayout(100 * 10, 10));

    @Test
    void fetchesNothingThatIsNotOffered() {
        assertThat(plan.next(NOBODY_READS)).isEmpty();
        offer(3, 5);
        assertThat(drain(NOBODY_READS)).containsExactly(3, 4);
    }

    @Test
    void goesInOrderWhenNobodyReads() {
        offer(0, 5);
        assertThat(drain(NOBODY_READS)).containsExactly(0, 1, 2, 3, 4);
    }

    @Test
    void fetchesWhatReadersWaitForFirst() {
        offer(0, 100);
        long[] positions = {405, 700};
        assertThat(List.of(take(positions), take(positions), take(positions), take(positions)))
                .containsExactly(40, 70, 41, 71);
    }

    @Test
    void turnsToTheRestWhenTheReadersWindowIsFull() {
        offer(0, 100);
        long[] positions = {500};
        List<Integer> window =
                IntStream.range(0, 16).mapToObj(_ -> take(positions)).toList();
        assertThat(window)
                .containsExactlyElementsOf(IntStream.range(50, 66).boxed().toList());
        assertThat(take(positions)).isZero();
    }

    @Test
    void ignoresReadersAtTheEnd() {
        offer(0, 3);
        assertThat(drain(new long[] {1000})).containsExactly(0, 1, 2);
    }

    @Test
    void doesNotFetchWhatIsHeldOrOnItsWay() {
        plan.held(0);
        offer(0, 3);
        assertThat(take(NOBODY_READS)).isEqualTo(1);
        offer(0, 3);
        assertThat(drain(NOBODY_READS)).containsExactly(2);
        assertThat(plan.isOnTheWay(0)).isFalse();
        assertThat(plan.isOnTheWay(1)).isTrue();
    }

    @Test
    void doesNotWantWhatMissedOnceAsLongAsItIsOnItsWayAnotherTime() {
        offer(0, 1);
        plan.started(0);
        plan.started(0);
        plan.ended(0);
        plan.missed(0);
        assertThat(plan.next(NOBODY_READS)).isEmpty();
        plan.ended(0);
        plan.missed(0);
        assertThat(take(NOBODY_READS)).isZero();
    }

    @Test
    void fetchesAgainWhatFailedAndCountsHowOften() {
        offer(0, 1);
        take(NOBODY_READS);
        plan.ended(0);
        assertThat(plan.failed(0)).isEqualTo(1);
        take(NOBODY_READS);
        plan.ended(0);
        assertThat(plan.failed(0)).isEqualTo(2);
        assertThat(take(NOBODY_READS)).isZero();
    }

    @Test
    void forgetsWhatALostSourceOfferedButNotTheHashes() {
        offer(0, 3);
        take(NOBODY_READS);
        plan.sourceLost();
        plan.ended(0);
        assertThat(plan.next(NOBODY_READS)).isEmpty();
        assertThat(plan.hash(2)).isNotNull();
        offer(0, 1);
        assertThat(drain(NOBODY_READS)).containsExactly(0);
    }

    @Test
    void isCompleteWhenAllIsHeld() {
        IntStream.range(0, 99).forEach(plan::held);
        assertThat(plan.isComplete()).isFalse();
        plan.held(99);
        assertThat(plan.isComplete()).isTrue();
        assertThat(new BlockPlan(new BlockLayout(0, 10)).isComplete()).isTrue();
    }

    private void offer(int from, int to) {
        for (int block = from; block < to; block++) {
            plan.offered(block, new byte[32]);
        }
    }

    private int take(long[] positions) {
        int block = plan.next(positions).orElseThrow();
        plan.started(block);
        return block;
    }

    private List<Integer> drain(long[] positions) {
        List<Integer> blocks = new ArrayList<>();
        for (OptionalInt next = plan.next(positions); next.isPresent(); next = plan.next(positions)) {
            blocks.add(next.getAsInt());
            plan.started(next.getAsInt());
        }
        return blocks;
    }
}
