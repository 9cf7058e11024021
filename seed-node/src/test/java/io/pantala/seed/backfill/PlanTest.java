package io.pantala.seed.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.BlockSet;
import io.pantala.seed.backfill.Plan.Segment;
import org.junit.jupiter.api.Test;

class PlanTest {
    private static final int BLOCK = 100;
    private static final long[] NOBODY = {};

    private final BlockLayout layout = new BlockLayout(10 * BLOCK - 1, BLOCK);
    private final BlockSet held = new BlockSet(10);

    @Test
    void goesFromTheStartWhenNobodyReads() {
        Plan plan = new Plan(layout, held::contains);

        assertThat(plan.next(NOBODY, 3 * BLOCK)).isEqualTo(new Segment(0, 3));
        assertThat(plan.next(NOBODY, 3 * BLOCK + 99)).isEqualTo(new Segment(3, 6));
        assertThat(plan.next(NOBODY, 100 * BLOCK)).isEqualTo(new Segment(6, 10));
        assertThat(plan.next(NOBODY, 3 * BLOCK)).isEqualTo(Segment.NONE);
        assertThat(plan.anythingFrom(0)).isFalse();
    }

    @Test
    void givesOneBlockAtLeast() {
        assertThat(new Plan(layout, held::contains).next(NOBODY, 1)).isEqualTo(new Segment(0, 1));
    }

    @Test
    void leavesOutWhatIsHeld() {
        held.add(0);
        held.add(4);
        Plan plan = new Plan(layout, held::contains);

        assertThat(plan.next(NOBODY, 10 * BLOCK)).isEqualTo(new Segment(1, 4));
        assertThat(plan.next(NOBODY, 10 * BLOCK)).isEqualTo(new Segment(5, 10));
    }

    @Test
    void leavesOutWhatOthersHaveBroughtMeanwhile() {
        Plan plan = new Plan(layout, held::contains);
        assertThat(plan.next(NOBODY, 2 * BLOCK)).isEqualTo(new Segment(0, 2));

        held.add(2);
        held.add(5);

        assertThat(plan.extend(0, 2, 10 * BLOCK)).isEqualTo(2);
        assertThat(plan.next(NOBODY, 10 * BLOCK)).isEqualTo(new Segment(3, 5));
        plan.release(new Segment(3, 5));
        held.add(3);
        assertThat(plan.next(new long[] {300}, 10 * BLOCK)).isEqualTo(new Segment(4, 5));
        assertThat(plan.next(NOBODY, 10 * BLOCK)).isEqualTo(new Segment(6, 10));
        assertThat(plan.anythingFrom(0)).isFalse();
    }

    @Test
    void goesWhereAReaderWaitsSoonest() {
        Plan plan = new Plan(layout, held::contains);
        long[] readers = {0, 750};

        assertThat(plan.next(readers, 2 * BLOCK)).isEqualTo(new Segment(0, 2));
        assertThat(plan.next(readers, 2 * BLOCK)).isEqualTo(new Segment(7, 9));
        assertThat(plan.next(readers, 2 * BLOCK)).isEqualTo(new Segment(2, 4));
        assertThat(plan.next(readers, 2 * BLOCK)).isEqualTo(new Segment(9, 10));
        assertThat(plan.next(readers, 2 * BLOCK)).isEqualTo(new Segment(4, 6));
        assertThat(plan.next(new long[] {750}, 2 * BLOCK)).isEqualTo(new Segment(6, 7));
    }

    @Test
    void extendsWhatIsUnderWayOnlyByWhatIsFree() {
        Plan plan = new Plan(layout, held::contains);
        Segment first = plan.next(NOBODY, BLOCK);
        plan.claim(3);

        assertThat(plan.extend(first.first(), first.end(), 10 * BLOCK)).isEqualTo(3);
        assertThat(plan.next(NOBODY, BLOCK)).isEqualTo(new Segment(4, 5));
    }

    @Test
    void offersAgainWhatWasReleased() {
        Plan plan = new Plan(layout, held::contains);
        Segment all = plan.next(NOBODY, 10 * BLOCK);
        plan.release(new Segment(5, all.end()));

        assertThat(plan.claim(4)).isFalse();
        assertThat(plan.claim(5)).isTrue();
        assertThat(plan.bytesLeft()).isEqualTo(4 * BLOCK);
        assertThat(plan.next(NOBODY, 10 * BLOCK)).isEqualTo(new Segment(6, 10));
    }
}
