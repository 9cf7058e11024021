package io.pantala.seed.schedule;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pantala.seed.schedule.Rehearsal.Order;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ConductorTest {
    private final Rehearsal stage = new Rehearsal();
    private final Conductor conductor = stage.conductor;

    @Nested
    class Orders {
        @Test
        void aHostAloneTakesEachBlockFromItsSeedOnceInOrder() {
            Swarm swarm = stage.swarm(10);
            Member seed = stage.seed(swarm);
            Member host = stage.wanting(swarm);

            List<Order> orders = new ArrayList<>(stage.decide());
            while (!stage.open.isEmpty()) {
                stage.fetched(stage.open.getFirst());
                orders.addAll(stage.decide());
            }

            assertThat(orders).extracting(Order::block).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
            assertThat(orders).allMatch(order -> order.to() == host && order.from() == seed);
        }

        @Test
        void aReceiverHasAsManyAsItHasSlotsAndOneMoreWhenOneEnds() {
            Swarm swarm = stage.swarm(10);
            stage.holder(swarm, Rehearsal.range(0, 10));
            stage.holder(swarm, Rehearsal.range(0, 10));
            Member host = stage.wanting(swarm);

            assertThat(stage.decide()).hasSize(3);
            assertThat(host.receiving()).isEqualTo(3);

            stage.fetched(stage.open.getFirst());

            assertThat(stage.decide()).hasSize(1);
        }

        @Test
        void aSourceHasAsManyAsItHasSlotsAndOneMoreWhenOneEnds() {
            Swarm swarm = stage.swarm(10);
            Member source = stage.holder(swarm, Rehearsal.range(0, 10));
            stage.wanting(swarm);
            stage.wanting(swarm);

            assertThat(stage.decide()).hasSize(3);
            assertThat(source.sending()).isEqualTo(3);

            stage.fetched(stage.open.getFirst());

            assertThat(stage.decide().stream().filter(order -> order.from() == source))
                    .hasSize(1);
        }

        @Test
        void aBlockThatJustCameIsPassedOnAtOnce() {
            Swarm swarm = stage.swarm(1);
            stage.seed(swarm);
            Member one = stage.wanting(swarm);
            stage.decide();
            Member two = stage.wanting(swarm);
            conductor.limits(one, 1, 1);
            stage.fetched(stage.open.getFirst());

            // The seed may repeat it too.
            assertThat(stage.decide())
                    .singleElement()
                    .satisfies(order -> assertThat(order.to()).isSameAs(two));
        }

        @Test
        void theLeastBusySourceIsTakenFirst() {
            Swarm swarm = stage.swarm(4);
            Member busy = stage.holder(swarm, 0, 1, 2);
            stage.wanting(swarm);
            stage.decide();
            Member idle = stage.holder(swarm, 0, 1, 2);
            Member host = stage.wanting(swarm);

            assertThat(busy.sending()).isEqualTo(3);
            assertThat(stage.decide()).isNotEmpty().allMatch(order -> order.from() == idle && order.to() == host);
        }

        @Test
        void theSameRackIsTakenFirst() {
            for (int i = 0; i < 5; i++) {
                Swarm swarm = stage.swarm(1);
                Stream.of("a/b/1", "a/b/2", "a/b/3", "a/b/4").forEach(rack -> stage.holder(swarm, rack));
                stage.wanting(swarm, "a/b/3");

                assertThat(stage.decide())
                        .singleElement()
                        .satisfies(order -> assertThat(order.from().zone()).hasToString("a/b/3"));
            }
        }

        @Test
        void whatIsToldTwiceIsOrderedOnce() {
            Swarm swarm = stage.swarm(2);
            Member source = stage.holder(swarm, 0, 0, 1);
            Member host = stage.wanting(swarm);
            conductor.wants(host, swarm);

            List<Order> orders = stage.decide();
            assertThat(orders).hasSize(2);
            stage.holds(source, swarm, 0, 1);
            conductor.wants(host, swarm);
            assertThat(stage.decide()).isEmpty();

            stage.fetched(orders.getFirst());
            stage.fetched(orders.getFirst());
            stage.holds(host, swarm, orders.getFirst().block());
            stage.fetched(orders.getLast());
            assertThat(stage.decide()).isEmpty();
            assertThat(source.sending()).isZero();
            assertThat(host.receiving()).isZero();
        }

        @Test
        void aFailureToldTwiceFreesOneSlot() {
            Swarm swarm = stage.swarm(8);
            stage.holder(swarm, Rehearsal.range(0, 8));
            Member host = stage.wanting(swarm);
            Order order = stage.decide().getFirst();

            stage.failed(order, Failure.OTHER);
            stage.failed(order, Failure.OTHER);
            stage.decide();

            assertThat(host.receiving()).isEqualTo(3);
        }

        @Test
        void whatCameFromElsewhereIsNotFetchedAgain() {
            Swarm swarm = stage.swarm(2);
            Member source = stage.holder(swarm, 0, 1);
            Member host = stage.wanting(swarm);
            stage.decide();

            stage.holds(host, swarm, 0, 1);

            assertThat(stage.decide()).isEmpty();
            assertThat(source.sending()).isZero();
            assertThat(host.receiving()).isZero();
        }

        @Test
        void aBlockThatTheBlobDoesNotHaveIsRefused() {
            Swarm swarm = stage.swarm(2);
            Member host = stage.wanting(swarm);

            assertThatThrownBy(() -> conductor.holds(host, swarm, 2)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> conductor.fetched(host, swarm, -1, host, 1, 0, 0))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }

        @Test
        void anEmptyBlobNeedsNoOrders() {
            Swarm swarm = stage.swarm(0);
            stage.seed(swarm);
            stage.wanting(swarm);

            assertThat(stage.decide()).isEmpty();
        }
    }

    @Nested
    class Blocks {
        @Test
        void theRarestGoesFirst() {
            Swarm swarm = stage.swarm(4);
            stage.holder(swarm, 0, 1, 2);
            stage.holder(swarm, 0, 2);
            stage.holder(swarm, 0, 2);
            stage.wanting(swarm);

            assertThat(stage.decide().getFirst().block()).isEqualTo(1);
        }

        @Test
        void copiesThatAreJustOrderedCount() {
            Swarm swarm = stage.swarm(4);
            stage.holder(swarm, 0, 1);
            stage.holder(swarm, 2, 3);
            conductor.limits(stage.wanting(swarm), 1, Long.MAX_VALUE);
            List<Order> first = stage.decide();
            assertThat(first).hasSize(3);
            Member other = stage.wanting(swarm);

            Set<Integer> taken = Rehearsal.blocks(first);
            assertThat(stage.decide().stream()
                            .filter(order -> order.to() == other)
                            .findFirst())
                    .hasValueSatisfying(order -> assertThat(taken).doesNotContain(order.block()));
        }

        @Test
        void whatIsSoonReadGoesBeforeWhatIsRarer() {
            Swarm swarm = stage.swarm(40);
            for (int i = 0; i < 3; i++) {
                stage.holder(swarm, Rehearsal.range(0, 20));
            }
            stage.holder(swarm, Rehearsal.range(0, 40));
            stage.wanting(swarm);

            // The window is of 4 blocks; 3 are ordered at once.
            assertThat(Rehearsal.blocks(stage.decide())).isSubsetOf(0, 1, 2, 3);
        }

        @Test
        void whatAReaderWaitsForGoesBeforeWhatIsRarerOnceMuchElseOfTheWindowIsThere() {
            Swarm swarm = stage.swarm(40);
            for (int i = 0; i < 3; i++) {
                stage.holder(swarm, 0);
            }
            stage.holder(swarm, 0, 1, 2, 3);
            Member host = stage.wanting(swarm);
            stage.holds(host, swarm, 2);

            assertThat(stage.decide().getFirst().block()).isZero();
        }

        @Test
        void theWindowIsLeftRatherThanIdledFor() {
            Swarm swarm = stage.swarm(40);
            stage.holder(swarm, 30, 31, 32);
            stage.wanting(swarm);

            assertThat(Rehearsal.blocks(stage.decide())).containsExactlyInAnyOrder(30, 31, 32);
        }

        @Test
        void theWindowFollowsEachReader() {
            Swarm swarm = stage.swarm(200);
            stage.holder(swarm, Rehearsal.range(0, 200));
            stage.holder(swarm, Rehearsal.range(0, 200));
            Member host = stage.wanting(swarm);
            stage.holds(host, swarm, Rehearsal.range(100, 104));
            conductor.reads(host, swarm, new int[] {62, 100});

            Set<Integer> blocks = new HashSet<>();
            for (int i = 0; i < 8; i++) {
                blocks.addAll(Rehearsal.blocks(stage.decide()));
                stage.fetched(stage.open.getFirst());
            }

            assertThat(blocks)
                    .isSubsetOf(Stream.of(Rehearsal.range(62, 74), Rehearsal.range(104, 116))
                            .flatMapToInt(Arrays::stream)
                            .boxed()
                            .toList());
            assertThat(blocks).contains(62, 104);
        }

        @Test
        void readersPastTheEndAskForNothingInParticular() {
            Swarm swarm = stage.swarm(3);
            stage.holder(swarm, 0, 1, 2);
            Member host = stage.wanting(swarm);
            conductor.reads(host, swarm, new int[] {Integer.MAX_VALUE, -1});
            conductor.reads(host, swarm, new int[0]);

            assertThat(Rehearsal.blocks(stage.decide())).containsExactlyInAnyOrder(0, 1, 2);
        }
    }

    @Nested
    class Seeds {
        @Test
        void aSeedSendsEachHostOtherBlocks() {
            Swarm swarm = stage.swarm(100);
            stage.seed(swarm);
            for (int i = 0; i < 5; i++) {
                stage.wanting(swarm);
            }

            List<Order> orders = stage.decide();

            assertThat(orders).hasSize(4);
            assertThat(Rehearsal.blocks(orders)).hasSize(4);
        }

        @Test
        void aSeedRepeatsFewBlocksWhileItHasNewOnes() {
            Swarm swarm = stage.swarm(200);
            Member seed = stage.seed(swarm);
            for (int i = 0; i < 20; i++) {
                stage.wanting(swarm);
            }

            List<Order> sent = new ArrayList<>();
            Random random = new Random(1);
            stage.decide();
            while (Rehearsal.blocks(sent).size() < 200) {
                Order order = stage.open.get(random.nextInt(stage.open.size()));
                if (order.from() == seed) {
                    sent.add(order);
                }
                stage.pass(Duration.ofMillis(10));
                stage.fetched(order);
                stage.decide();
            }

            assertThat(sent.size()).isLessThanOrEqualTo(200 + 4 + 200 / 20 + 4);
        }

        @Test
        void aSeedHelpsWhenTheHostsHaveAllBlocks() {
            Swarm swarm = stage.swarm(20);
            Member seed = stage.seed(swarm);
            Member holder = stage.holder(swarm, Rehearsal.range(0, 20));
            for (int i = 0; i < 3; i++) {
                stage.wanting(swarm);
            }

            stage.decide();

            assertThat(holder.sending()).isEqualTo(3);
            assertThat(seed.sending()).isEqualTo(4);
        }

        @Test
        void aSeedThatWantsTakesFromHostsWhatTheyHold() {
            Swarm swarm = stage.swarm(6);
            Member seed = conductor.join(Zone.NONE, true);
            stage.holds(seed, swarm, 0, 1);
            conductor.wants(seed, swarm);
            Member host = stage.holder(swarm, 2, 3, 4);

            List<Order> came = stage.play(new Random(1));

            assertThat(came).allMatch(order -> order.to() == seed && order.from() == host);
            assertThat(Rehearsal.blocks(came)).containsExactlyInAnyOrder(2, 3, 4);
        }

        @Test
        void whatASeedHasDoesNotCountAsACopy() {
            Swarm swarm = stage.swarm(2);
            Member seed = conductor.join(Zone.NONE, true);
            conductor.wants(seed, swarm);
            stage.holder(swarm, 0);
            stage.play(new Random(1));
            stage.holds(seed, swarm, 1);

            assertThat(swarm.copies().of(0)).isEqualTo(1);
            assertThat(swarm.copies().of(1)).isZero();
        }

        @Test
        void aRestartedSeedLearnsFromTheHostsAndSendsOnlyWhatTheyLack() {
            Swarm swarm = stage.swarm(100);
            Member seed = stage.seed(swarm);
            for (int i = 0; i < 4; i++) {
                Member host = stage.wanting(swarm);
                stage.holds(host, swarm, Rehearsal.range(0, 60));
            }

            List<Order> came = stage.play(new Random(1));

            long repeated = came.stream()
                    .filter(order -> order.from() == seed && order.block() < 60)
                    .count();
            assertThat(repeated).isZero();
            assertThat(came).hasSize(4 * 40);
        }
    }

    @Nested
    class Borders {
        private final Map<String, Integer> crossings = new HashMap<>();

        @Test
        void aBlockCrossesTheBorderOfEachZoneOnce() {
            Swarm swarm = stage.swarm(60);
            stage.seed(swarm, "r/a");
            for (int i = 0; i < 6; i++) {
                Stream.of("r/a", "r/b", "r/c").forEach(zone -> stage.wanting(swarm, zone));
            }

            List<Order> came = stage.play(new Random(1));

            assertThat(came).hasSize(18 * 60);
            count(came);
            assertThat(crossings).containsExactlyInAnyOrderEntriesOf(Map.of("r/b", 60, "r/c", 60));
        }

        @Test
        void aBlockCrossesTheBorderOfEachRegionOnce() {
            Swarm swarm = stage.swarm(60);
            stage.seed(swarm, "r/a");
            for (int i = 0; i < 6; i++) {
                Stream.of("r/a", "s/a", "s/b").forEach(zone -> stage.wanting(swarm, zone));
            }

            List<Order> came = stage.play(new Random(1));

            count(came);
            assertThat(crossings.values().stream().mapToInt(Integer::intValue)).hasSize(2);
            assertThat(crossings).containsEntry("s/a", 60).containsEntry("s/b", 60);
            assertThat(came.stream()
                            .filter(order ->
                                    !order.from().zone().sameRegion(order.to().zone())))
                    .hasSize(60);
        }

        @Test
        void aSeedInNoZoneOfTheHostsSendsEachBlockIntoOneOfThem() {
            Swarm swarm = stage.swarm(60);
            Member seed = stage.seed(swarm, "");
            for (int i = 0; i < 6; i++) {
                Stream.of("r/a", "r/b").forEach(zone -> stage.wanting(swarm, zone));
            }

            List<Order> came = stage.play(new Random(1));

            count(came);
            assertThat(crossings.values().stream().mapToInt(Integer::intValue).sum())
                    .isEqualTo(2 * 60);
            assertThat(came.stream().filter(order -> order.from() == seed)).hasSizeBetween(60, 66);
        }

        @Test
        void aZoneIsNotHeldUpByAFewSlowHostsInTheSeedsOwn() {
            Swarm swarm = stage.swarm(60);
            stage.seed(swarm, "r/a");
            Member slow = stage.wanting(swarm, "r/a");
            List<Member> others =
                    Stream.generate(() -> stage.wanting(swarm, "r/b")).limit(5).toList();

            List<Order> came = stage.play(new Random(1), order -> order.to() != slow);

            assertThat(came.stream().map(Order::to)).containsAll(others);
            assertThat(Rehearsal.blocks(came)).hasSizeGreaterThanOrEqualTo(57);
        }

        @Test
        void fewBlocksAreOnTheirWayOverABorderAtFirstAndMoreOnceItIsFoundFast() {
            Swarm swarm = stage.swarm(200);
            for (int i = 0; i < 10; i++) {
                stage.holder(swarm, "r/a");
                stage.wanting(swarm, "r/b");
            }

            assertThat(stage.decide()).hasSize(4);

            Random random = new Random(1);
            for (int i = 0; i < 60; i++) {
                stage.fetched(stage.open.get(random.nextInt(stage.open.size())));
                stage.decide();
            }

            assertThat(stage.open.stream().filter(ConductorTest::crosses)).hasSize(8);
        }

        @Test
        void fewerBlocksAreOnTheirWayOverABorderOnceItIsFoundSlow() {
            Swarm swarm = stage.swarm(200);
            for (int i = 0; i < 10; i++) {
                stage.holder(swarm, "r/a");
                stage.wanting(swarm, "r/b");
            }
            stage.decide();
            for (int i = 0; i < 60; i++) {
                Order order = stage.open.get(i % stage.open.size());
                stage.fetched(order, MILLISECONDS.toNanos(crosses(order) ? 2000 : 100));
                stage.decide();
            }

            assertThat(stage.open.stream().filter(ConductorTest::crosses)).hasSizeLessThanOrEqualTo(3);
        }

        private void count(List<Order> came) {
            came.stream()
                    .filter(ConductorTest::crosses)
                    .forEach(order -> crossings.merge(order.to().zone().toString(), 1, Integer::sum));
        }
    }

    @Nested
    class Faults {
        @Test
        void aBlockThatDidNotComeIsOrderedElsewhereAndItsSourceAvoidedByWhomItFailed() {
            Swarm swarm = stage.swarm(20);
            Member bad = stage.holder(swarm, Rehearsal.range(0, 20));
            Member host = stage.wanting(swarm);
            Order order = stage.decide().getFirst();
            Member good = stage.holder(swarm, Rehearsal.range(0, 20));
            Member other = stage.wanting(swarm);

            stage.failed(order, Failure.UNREACHABLE);
            List<Order> next = stage.decide();

            assertThat(next.stream().filter(each -> each.to() == host))
                    .singleElement()
                    .satisfies(each -> assertThat(each.from()).isSameAs(good));
            assertThat(next).anyMatch(each -> each.to() == other && each.from() == bad);
        }

        @Test
        void aSourceThatFailedIsAskedAgainLater() {
            Swarm swarm = stage.swarm(20);
            stage.holder(swarm, Rehearsal.range(0, 20));
            stage.wanting(swarm);
            List.copyOf(stage.decide()).forEach(order -> stage.failed(order, Failure.STALLED));
            assertThat(stage.decide()).isEmpty();

            stage.pass(Duration.ofSeconds(19));
            conductor.expire(stage.now);
            assertThat(stage.decide()).isEmpty();

            stage.pass(Duration.ofSeconds(2));
            conductor.expire(stage.now);
            assertThat(stage.decide()).hasSize(3);
        }

        @Test
        void aSourceThatFailedTwoReceiversIsLeftAloneByAllAndLongerEachTime() {
            Swarm swarm = stage.swarm(200);
            stage.holder(swarm, Rehearsal.range(0, 200));
            Member one = stage.wanting(swarm);
            Member two = stage.wanting(swarm);
            for (int seconds : new int[] {30, 60, 120, 240, 480, 600, 600}) {
                List<Order> orders = stage.decide();
                assertThat(orders).hasSize(3).extracting(Order::to).contains(one, two);
                orders.forEach(order -> stage.failed(order, Failure.REFUSED));
                Member third = stage.wanting(swarm);
                assertThat(stage.decide()).isEmpty();
                stage.pass(Duration.ofSeconds(seconds - 1));
                conductor.expire(stage.now);
                assertThat(stage.decide()).isEmpty();
                stage.pass(Duration.ofSeconds(2));
                conductor.expire(stage.now);
                conductor.leave(third);
            }
        }

        @Test
        void suspensionsAreForgottenAfterALongTime() {
            Swarm swarm = stage.swarm(200);
            Member source = stage.holder(swarm, Rehearsal.range(0, 200));
            corrupt(swarm, source);
            stage.pass(Duration.ofSeconds(31));
            conductor.expire(stage.now);
            stage.pass(Duration.ofMinutes(11));
            conductor.expire(stage.now);

            corrupt(swarm, source);
            stage.pass(Duration.ofSeconds(31));
            conductor.expire(stage.now);

            assertThat(source.suspended).isFalse();
        }

        @Test
        void aSourceOfWrongBytesIsLeftAloneAtOnceAndItsCopiesDoNotCount() {
            Swarm swarm = stage.swarm(20);
            Member bad = stage.holder(swarm, Rehearsal.range(0, 10));
            corrupt(swarm, bad);
            Member seed = stage.seed(swarm);

            assertThat(swarm.copies().of(0)).isZero();

            List<Order> came = stage.play(new Random(1));
            assertThat(came).hasSize(20).allMatch(order -> order.from() == seed);

            stage.pass(Duration.ofSeconds(31));
            conductor.expire(stage.now);
            assertThat(swarm.copies().of(0)).isEqualTo(2);
        }

        @Test
        void whoeverStarvesIsServedAtOnceWhenTheOnlyHolderIsLeftAlone() {
            // The seed has no more to repeat, and doesn't have the last block yet.
            Swarm swarm = stage.swarm(60);
            swarm.repeats = 1000;
            Member seed = conductor.join(Zone.NONE, true);
            stage.holds(seed, swarm, Rehearsal.range(0, 59));
            Member bad = stage.holder(swarm, 0, 1, 2, 3, 4, 5, 6, 7, 8);
            Member starving = stage.host();
            stage.holds(starving, swarm, Rehearsal.range(9, 59));
            Member busy = stage.wanting(swarm);
            stage.holds(busy, swarm, Rehearsal.range(9, 59));
            List<Order> orders = stage.decide();
            assertThat(orders).hasSize(3).extracting(Order::from).containsOnly(bad);
            conductor.wants(starving, swarm);
            assertThat(stage.decide()).isEmpty();

            stage.failed(orders.getFirst(), Failure.CORRUPT);

            assertThat(stage.decide()).anyMatch(order -> order.to() == starving && order.from() == seed);
        }

        @Test
        void aReceiverThatTroublesWithAllIsNotBelieved() {
            Swarm swarm = stage.swarm(40);
            List<Member> sources = Stream.generate(() -> stage.holder(swarm, Rehearsal.range(0, 40)))
                    .limit(30)
                    .toList();
            stage.wanting(swarm);
            stage.wanting(swarm);

            int failed = 0;
            stage.decide();
            while (!stage.open.isEmpty()) {
                stage.failed(stage.open.getFirst(), failed++ % 2 == 0 ? Failure.UNREACHABLE : Failure.CORRUPT);
                stage.decide();
            }

            assertThat(failed).isGreaterThan(sources.size());
            assertThat(sources.stream().filter(source -> source.suspended)).hasSizeLessThanOrEqualTo(9);
        }

        @ParameterizedTest
        @EnumSource
        void whatWasNotOrderedIsNotBelieved(Failure why) {
            Swarm swarm = stage.swarm(2);
            Member source = stage.holder(swarm, 0);
            long relaysFrom = source.relaysFrom;
            for (Member accuser : List.of(stage.wanting(swarm), stage.wanting(swarm), stage.host())) {
                for (int block : new int[] {0, 1}) {
                    assertThat(stage.failed(new Order(accuser, swarm, block, source), why))
                            .isFalse();
                }
                assertThat(accuser.avoided).isEmpty();
            }

            assertThat(swarm.copies().of(0)).isEqualTo(1);
            assertThat(source.complaints).isEmpty();
            assertThat(source.suspended).isFalse();
            assertThat(source.relaysFrom).isEqualTo(relaysFrom);
        }

        @Test
        void whatHasBeenTakenBackIsNotBelieved() {
            Swarm swarm = stage.swarm(1);
            Member slow = stage.holder(swarm, 0);
            stage.wanting(swarm);
            Order first = stage.decide().getFirst();
            stage.holder(swarm, 0);
            stage.late(first);
            stage.fetched(stage.decide().getFirst());

            stage.failed(first, Failure.CORRUPT);

            assertThat(slow.suspended).isFalse();
        }

        @Test
        void whatASourceTurnsOutNotToHoldIsOrderedElsewhere() {
            Swarm swarm = stage.swarm(2);
            Member seed = stage.seed(swarm);
            Member liar = stage.holder(swarm, 0, 1);
            Member host = stage.wanting(swarm);
            stage.decide().stream().filter(order -> order.from() == liar).forEach(order -> {
                stage.failed(order, Failure.NOT_HELD);
                assertThat(swarm.copies().of(order.block())).isZero();
            });

            assertThat(stage.decide()).isNotEmpty().allMatch(order -> order.to() == host && order.from() == seed);
        }

        @Test
        void aSourceThatLostABlockWantsItAgain() {
            Swarm swarm = stage.swarm(1);
            Member source = stage.holder(swarm, 0);
            conductor.wants(source, swarm);
            stage.wanting(swarm);
            Order order = stage.decide().getFirst();
            stage.failed(order, Failure.NOT_HELD);
            assertThat(stage.decide()).isEmpty();

            stage.seed(swarm);

            assertThat(stage.decide()).anyMatch(each -> each.to() == source);
        }

        @Test
        void aSeedIsAvoidedBrieflyAndNeverLeftAlone() {
            Swarm swarm = stage.swarm(20);
            Member seed = stage.seed(swarm);
            stage.wanting(swarm);
            stage.wanting(swarm);
            List.copyOf(stage.decide()).forEach(order -> stage.failed(order, Failure.UNREACHABLE));
            assertThat(stage.decide()).isEmpty();

            stage.pass(Duration.ofSeconds(3));
            conductor.expire(stage.now);

            assertThat(stage.decide()).hasSize(4).allMatch(order -> order.from() == seed);
        }

        @Test
        void twoThatCannotReachEachOtherGetAllFromOthers() {
            Swarm swarm = stage.swarm(40);
            Member seed = stage.seed(swarm);
            Member one = stage.wanting(swarm);
            Member two = stage.wanting(swarm);

            Set<Order> came = new HashSet<>();
            stage.decide();
            for (int i = 0; i < 1000 && !stage.open.isEmpty(); i++) {
                Order order = stage.open.get(i % stage.open.size());
                stage.pass(Duration.ofMillis(1));
                if (order.from() == seed) {
                    stage.fetched(order);
                    came.add(order);
                } else {
                    stage.failed(order, Failure.UNREACHABLE);
                }
                stage.decide();
            }

            assertThat(came.stream().filter(order -> order.to() == one)).hasSize(40);
            assertThat(came.stream().filter(order -> order.to() == two)).hasSize(40);
        }

        @Test
        void twoThatFailEachOtherStaySourcesOfAllOthers() {
            Swarm swarm = stage.swarm(60);
            Member seed = stage.seed(swarm);
            Member one = stage.wanting(swarm);
            Member other = stage.wanting(swarm);
            Set<Member> apart = Set.of(one, other);
            List<Member> others =
                    Stream.generate(() -> stage.wanting(swarm)).limit(4).toList();
            Random random = new Random(1);
            List<Order> came = new ArrayList<>();
            int failed = 0;
            stage.decide();
            while (!stage.open.isEmpty()) {
                Order order = stage.open.get(random.nextInt(stage.open.size()));
                stage.pass(Duration.ofMillis(300));
                if (apart.contains(order.to()) && apart.contains(order.from())) {
                    stage.failed(order, Failure.UNREACHABLE);
                    failed++;
                } else {
                    stage.fetched(order);
                    came.add(order);
                }
                stage.decide();
            }

            assertThat(came).hasSize(6 * 60);
            assertThat(failed).isBetween(1, 20);
            assertThat(came).filteredOn(order -> order.from() == seed).hasSizeBetween(60, 2 * 60);
            assertThat(came.stream()
                            .filter(order -> others.contains(order.to()))
                            .map(Order::from))
                    .containsAll(apart);
        }

        @Test
        void oneThatCannotReachAnyoneInItsZoneGetsAllFromAnother() {
            Swarm swarm = stage.swarm(40);
            stage.holder(swarm, "r/a");
            stage.holder(swarm, "r/b");
            Member host = stage.wanting(swarm, "r/a");

            Set<Integer> came = new HashSet<>();
            stage.decide();
            for (int i = 0; i < 1000 && !stage.open.isEmpty(); i++) {
                Order order = stage.open.get(i % stage.open.size());
                stage.pass(Duration.ofMillis(1));
                if (crosses(order)) {
                    stage.fetched(order);
                    came.add(order.block());
                } else {
                    stage.failed(order, Failure.UNREACHABLE);
                }
                stage.decide();
            }

            assertThat(came).hasSize(40);
            assertThat(host.receiving()).isZero();
        }

        @Test
        void anOrderThatNobodyReportsOnIsTakenBack() {
            Swarm swarm = stage.swarm(3);
            Member source = stage.holder(swarm, 0, 1, 2);
            Member host = stage.wanting(swarm);
            stage.decide();

            stage.pass(Duration.ofSeconds(121));
            conductor.expire(stage.now);

            assertThat(source.sending()).isZero();
            assertThat(host.receiving()).isZero();
            stage.holder(swarm, 0, 1, 2);
            assertThat(stage.decide()).hasSize(3).noneMatch(order -> order.from() == source);
        }

        /** All that a source sends now is wrong. */
        private void corrupt(Swarm swarm, Member source) {
            stage.wanting(swarm);
            stage.decide().stream()
                    .filter(order -> order.from() == source)
                    .forEach(order -> stage.failed(order, Failure.CORRUPT));
            assertThat(source.suspended).isTrue();
        }
    }

    @Nested
    class LateBlocks {
        @Test
        void aLateBlockIsOrderedFromASecondSourceAndTheFirstToComeWins() {
            Swarm swarm = stage.swarm(1);
            Member slow = stage.holder(swarm, 0);
            Member host = stage.wanting(swarm);
            Order first = stage.decide().getFirst();
            Member other = stage.holder(swarm, 0);

            stage.late(first);
            List<Order> second = stage.decide();

            assertThat(second).containsExactly(new Order(host, swarm, 0, other));
            assertThat(host.receiving()).isEqualTo(2);

            stage.fetched(second.getFirst());
            assertThat(stage.decide()).isEmpty();
            assertThat(host.receiving()).isZero();
            assertThat(slow.sending()).isZero();
            stage.fetched(first);
            assertThat(host.receiving()).isZero();
        }

        @Test
        void aSourceThatHadAllSlotsOfAReceiverAndIsLateLeavesSomeToOthers() {
            Swarm swarm = stage.swarm(3);
            stage.holder(swarm, Rehearsal.range(0, 3));
            Member host = stage.wanting(swarm);
            List<Order> slow = List.copyOf(stage.decide());
            Member other = stage.holder(swarm, Rehearsal.range(0, 3));
            assertThat(slow).hasSize(3);

            slow.forEach(stage::late);
            List<Order> again = List.copyOf(stage.decide());

            assertThat(again).hasSize(2).allMatch(order -> order.from() == other);
            stage.fetched(again.getFirst());
            assertThat(stage.decide()).singleElement().matches(order -> order.from() == other);
            List.copyOf(stage.open).forEach(stage::fetched);
            assertThat(host.late).isZero();
        }

        @Test
        void aSourceThatHadAllSlotsOfAReceiverAndIsLateLeavesSomeToOtherSwarms() {
            Swarm swarm = stage.swarm(3);
            stage.holder(swarm, Rehearsal.range(0, 3));
            Member host = stage.wanting(swarm);
            List<Order> slow = List.copyOf(stage.decide());
            Swarm another = stage.swarm(3);
            stage.holder(another, Rehearsal.range(0, 3));
            conductor.wants(host, another);
            assertThat(stage.decide()).isEmpty();

            slow.forEach(stage::late);

            assertThat(stage.decide()).hasSize(2).allMatch(order -> order.swarm() == another);
        }

        @Test
        void whoeverFindsAllLateIsNotGivenEverMore() {
            Swarm swarm = stage.swarm(100);
            Stream.generate(() -> stage.holder(swarm, Rehearsal.range(0, 100)))
                    .limit(20)
                    .forEach(_ -> {});
            Member host = stage.wanting(swarm);

            for (int i = 0; i < 50; i++) {
                List.copyOf(stage.decide()).forEach(stage::late);
                stage.pass(Rehearsal.CONFIG.avoid());
            }

            assertThat(host.receiving()).isBetween(Rehearsal.CONFIG.slots() + 1, Rehearsal.CONFIG.mostSlots() + 2);
        }

        @Test
        void aLateBlockMayStillComeFromTheFirst() {
            Swarm swarm = stage.swarm(1);
            stage.holder(swarm, 0);
            Member host = stage.wanting(swarm);
            Order first = stage.decide().getFirst();
            Member other = stage.holder(swarm, 0);
            stage.late(first);
            stage.decide();

            stage.fetched(first);

            assertThat(stage.decide()).isEmpty();
            assertThat(host.receiving()).isZero();
            assertThat(other.sending()).isZero();
        }

        @Test
        void aBlockThatIsLateTwiceIsOrderedFromAThirdSource() {
            Swarm swarm = stage.swarm(1);
            stage.holder(swarm, 0);
            stage.wanting(swarm);
            stage.late(stage.decide().getFirst());
            stage.holder(swarm, 0);
            stage.late(stage.decide().getFirst());
            Member third = stage.holder(swarm, 0);

            assertThat(stage.decide())
                    .singleElement()
                    .satisfies(order -> assertThat(order.from()).isSameAs(third));
        }

        @Test
        void aSourceThatIsLateGetsNoOtherOrderOfThatReceiver() {
            Swarm swarm = stage.swarm(20);
            Member slow = stage.holder(swarm, Rehearsal.range(0, 20));
            stage.wanting(swarm);
            List<Order> orders = stage.decide();
            stage.late(orders.getFirst());
            stage.fetched(orders.getLast());

            assertThat(stage.decide()).isEmpty();
            assertThat(slow.sending()).isEqualTo(2);
        }

        @Test
        void aSourceThatWasLateIsUsedAgainSoonerThanOneThatFailed() {
            Swarm swarm = stage.swarm(20);
            Member slow = stage.holder(swarm, Rehearsal.range(0, 20));
            Member host = stage.wanting(swarm);
            List<Order> orders = stage.decide();
            stage.late(orders.getFirst());
            stage.fetched(orders.getLast());
            stage.pass(Rehearsal.CONFIG.avoid().dividedBy(10));
            conductor.expire(stage.now);

            assertThat(stage.decide()).isNotEmpty().allMatch(order -> order.from() == slow && order.to() == host);
        }

        @Test
        void aBlockThatIsLateFromTheSeedIsNotOrderedAgain() {
            Swarm swarm = stage.swarm(2);
            Member seed = stage.seed(swarm);
            stage.wanting(swarm);
            List<Order> orders = stage.decide();
            assertThat(orders).hasSize(2);
            stage.holder(swarm, 0);

            stage.late(orders.getFirst());

            assertThat(stage.decide()).isEmpty();
            assertThat(seed.sending()).isEqualTo(2);
        }

        @Test
        void aBlockThatIsLateOverABorderIsNotOrderedAgain() {
            Swarm swarm = stage.swarm(1);
            stage.holder(swarm, "one");
            stage.wanting(swarm, "two");
            Order crossing = stage.decide().getFirst();
            stage.holder(swarm, "one");

            stage.late(crossing);

            assertThat(stage.decide()).isEmpty();
        }

        @Test
        void theSeedGoesOnToSendOthersWhileOneIsLate() {
            Swarm swarm = stage.swarm(20);
            stage.seed(swarm);
            stage.wanting(swarm);
            List<Order> orders = stage.decide();
            stage.late(orders.getFirst());
            stage.fetched(orders.getLast());

            assertThat(stage.decide())
                    .singleElement()
                    .satisfies(order -> assertThat(order.block()).isEqualTo(3));
        }

        @Test
        void theSeedIsASecondSourceForWhatHostsHold() {
            Swarm swarm = stage.swarm(100);
            Member slow = stage.holder(swarm, 0, 1, 2, 3);
            Member host = stage.host();
            stage.holds(host, swarm, Rehearsal.range(4, 50));
            conductor.wants(host, swarm);
            List<Order> orders = stage.decide();
            assertThat(orders).isNotEmpty().allMatch(order -> order.from() == slow);
            Member seed = stage.seed(swarm);
            swarm.repeats = 1000;

            stage.late(orders.getFirst());
            stage.fetched(orders.getLast());

            assertThat(stage.decide())
                    .contains(new Order(host, swarm, orders.getFirst().block(), seed));
        }

        @Test
        void itIsToldWhyASeedSendsWhatHostsHave() {
            Swarm first = stage.swarm(1);
            stage.seed(first);
            Member alone = stage.wanting(first);
            assertThat(why(alone)).isEmpty();

            Swarm busy = stage.swarm(1);
            Member holder = stage.holder(busy, 0);
            conductor.limits(holder, 1, 1);
            for (int i = 0; i < 3; i++) {
                stage.wanting(busy);
                stage.decide();
            }
            stage.seed(busy);
            assertThat(why(stage.wanting(busy))).contains(Repeat.BUSY);

            Swarm avoided = stage.swarm(1);
            stage.holder(avoided, 0);
            Member wary = stage.wanting(avoided);
            stage.failed(stage.decide().getFirst(), Failure.STALLED);
            stage.seed(avoided);
            assertThat(why(wary)).contains(Repeat.AVOIDED);

            Swarm away = stage.swarm(1);
            stage.holder(away, "a/b/c");
            stage.seed(away, "a/b");
            stage.seed(away, "d/e");
            assertThat(why(stage.wanting(away, "d/e"))).contains(Repeat.AWAY);
        }

        /** Why its only block comes from a seed. */
        private Optional<Repeat> why(Member host) {
            Order order = stage.decide().stream()
                    .filter(each -> each.to() == host)
                    .findFirst()
                    .orElseThrow();
            assertThat(order.from().seed).isTrue();
            return Optional.ofNullable(stage.repeats.get(order));
        }
    }

    @Nested
    class ComingAndGoing {
        @Test
        void whatOneWhoLeavesWasToSendIsOrderedElsewhere() {
            Swarm swarm = stage.swarm(3);
            Member leaver = stage.holder(swarm, 0, 1, 2);
            Member host = stage.wanting(swarm);
            assertThat(stage.decide()).hasSize(3);
            Member other = stage.holder(swarm, 0, 1, 2);

            conductor.leave(leaver);
            conductor.leave(leaver);

            assertThat(stage.decide()).hasSize(3).allMatch(order -> order.to() == host && order.from() == other);
            assertThat(swarm.copies().of(0)).isEqualTo(2);
        }

        @Test
        void whoeverHasLeftIsHeardNoMore() {
            Swarm swarm = stage.swarm(2);
            Member source = stage.holder(swarm, 0, 1);
            Member leaver = stage.wanting(swarm);
            Order order = stage.decide().getFirst();
            conductor.leave(leaver);

            conductor.wants(leaver, swarm);
            conductor.holds(leaver, swarm, 1);
            stage.fetched(order);
            stage.failed(order, Failure.CORRUPT);
            stage.late(order);
            conductor.forgets(leaver, swarm);
            conductor.enough(leaver, swarm);
            conductor.reads(leaver, swarm, new int[] {0});

            assertThat(stage.decide()).isEmpty();
            assertThat(swarm.copies().of(1)).isEqualTo(1);
            assertThat(source.sending()).isZero();
        }

        @Test
        void whoeverComesBackWithHalfABlobIsASourceOfThatAndGetsTheRest() {
            Swarm swarm = stage.swarm(10);
            stage.holder(swarm, Rehearsal.range(0, 10));
            Member first = stage.wanting(swarm);
            stage.holds(first, swarm, Rehearsal.range(0, 5));
            stage.decide();
            conductor.leave(first);
            Member again = stage.wanting(swarm);
            stage.holds(again, swarm, Rehearsal.range(0, 5));
            Member other = stage.wanting(swarm);

            List<Order> came = stage.play(new Random(1));

            assertThat(Rehearsal.blocks(
                            came.stream().filter(order -> order.to() == again).toList()))
                    .containsExactlyInAnyOrder(5, 6, 7, 8, 9);
            assertThat(came).anyMatch(order -> order.to() == other && order.from() == again && order.block() < 5);
        }

        @Test
        void whoeverHasEnoughIsNotFedAndStillServes() {
            Swarm swarm = stage.swarm(6);
            stage.holder(swarm, Rehearsal.range(0, 3));
            Member host = stage.wanting(swarm);
            stage.holds(host, swarm, 3);
            stage.decide();

            conductor.enough(host, swarm);
            Member other = stage.wanting(swarm);
            List<Order> orders = stage.decide();

            assertThat(host.receiving()).isZero();
            assertThat(orders).allMatch(order -> order.to() == other);
            assertThat(orders).anyMatch(order -> order.from() == host);
        }

        @Test
        void whoeverForgetsIsNoSourceAnyMore() {
            Swarm swarm = stage.swarm(2);
            Member source = stage.holder(swarm, 0, 1);
            Member host = stage.wanting(swarm);
            stage.decide();

            conductor.forgets(source, swarm);

            assertThat(source.sending()).isZero();
            assertThat(host.receiving()).isZero();
            assertThat(swarm.copies().of(0)).isZero();
            assertThat(stage.decide()).isEmpty();
        }

        @Test
        void aSwarmThatIsClosedHasNoOrdersAndNoMembers() {
            Swarm swarm = stage.swarm(5);
            Member source = stage.holder(swarm, Rehearsal.range(0, 5));
            Member host = stage.wanting(swarm);
            stage.decide();

            conductor.close(swarm);

            assertThat(source.sending()).isZero();
            assertThat(host.receiving()).isZero();
            assertThat(host.parts).isEmpty();
            assertThat(stage.decide()).isEmpty();
        }

        @Test
        void swarmsWhereNobodyWantsAnythingAreNotLookedAt() {
            Member host = stage.host();
            Member other = stage.host();
            for (int i = 0; i < 50; i++) {
                Swarm swarm = stage.swarm(2);
                stage.holds(host, swarm, 0, 1);
                stage.holds(other, swarm, 0, 1);
                conductor.wants(host, swarm);
            }
            Swarm wanted = stage.swarm(2);
            stage.holds(host, wanted, 0, 1);
            conductor.wants(other, wanted);

            assertThat(host.live).hasSize(1);
            assertThat(stage.play(new Random(1))).hasSize(2);
            assertThat(host.live).isEmpty();
            assertThat(other.live).isEmpty();
        }
    }

    @Nested
    class Slots {
        @Test
        void twoSwarmsShareAReceiversSlotsFairly() {
            Map<Swarm, Integer> came = race(swarms -> {
                Member host = stage.host();
                for (Swarm swarm : swarms) {
                    stage.holder(swarm, Rehearsal.range(0, 200));
                    stage.holder(swarm, Rehearsal.range(0, 200));
                    conductor.wants(host, swarm);
                    // The first is well under way when the second begins.
                    stage.decide();
                }
            });

            assertThat(came.values()).allMatch(count -> count >= 40);
        }

        @Test
        void twoSwarmsShareASourcesSlotsFairly() {
            Map<Swarm, Integer> came = race(swarms -> {
                Member source = stage.host();
                for (Swarm swarm : swarms) {
                    stage.holds(source, swarm, Rehearsal.range(0, 200));
                    conductor.limits(stage.wanting(swarm), 1, Long.MAX_VALUE);
                    stage.decide();
                }
            });

            assertThat(came.values()).allMatch(count -> count >= 40);
        }

        /** Carries out a hundred orders of two swarms; how many were of each. */
        private Map<Swarm, Integer> race(Consumer<List<Swarm>> prepare) {
            List<Swarm> swarms = List.of(stage.swarm(200), stage.swarm(200));
            prepare.accept(swarms);
            Map<Swarm, Integer> came = new HashMap<>();
            Random random = new Random(1);
            for (int i = 0; i < 100; i++) {
                Order order = stage.open.get(random.nextInt(stage.open.size()));
                stage.fetched(order, MILLISECONDS.toNanos(100));
                came.merge(order.swarm(), 1, Integer::sum);
                stage.decide();
            }
            return came;
        }

        @Test
        void whoeverHearsOfOrdersLateIsGivenMoreOfThem() {
            Swarm swarm = stage.swarm(20_000);
            for (int i = 0; i < 20; i++) {
                stage.holder(swarm, Rehearsal.range(0, 20_000));
            }
            Member near = stage.wanting(swarm);
            Member far = stage.wanting(swarm);

            stage.run(20, _ -> 100, order -> order.to() == far ? 50 : 0);

            assertThat(near.receiving()).isEqualTo(3);
            assertThat(far.receiving()).isEqualTo(6);
        }
    }

    private static boolean crosses(Order order) {
        return !order.from().zone().sameZone(order.to().zone());
    }
}
