package io.pantala.seed.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.seed.schedule.Rehearsal.Order;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Of a conductor that has members pass on what they are just receiving. */
class RelaysTest {
    private final Rehearsal stage = new Rehearsal(Rehearsal.RELAYING);
    private final Swarm swarm = stage.swarm(8);
    private final Member holder = stage.holder(swarm, 0);

    /** Of one block that is on its way to as many as its only holder sends it to, and to one more. */
    private Order relay() {
        for (int i = 0; i < 3; i++) {
            stage.wanting(swarm);
        }
        assertThat(stage.decide()).hasSize(3).extracting(Order::from).containsOnly(holder);
        Member last = stage.wanting(swarm);
        List<Order> orders = stage.decide();
        assertThat(orders).hasSize(1);
        assertThat(orders.getFirst().to()).isSameAs(last);
        return orders.getFirst();
    }

    private Order upstream(Order relay) {
        return stage.open.stream()
                .filter(order -> order.to() == relay.from())
                .findFirst()
                .orElseThrow();
    }

    @Test
    void whoeverFindsNothingElseTakesABlockFromAMemberThatIsJustReceivingIt() {
        Order relay = relay();

        assertThat(relay.block()).isZero();
        assertThat(upstream(relay).from()).isSameAs(holder);
    }

    @Test
    void fewBlocksAreRelayedToAMemberAtOnce() {
        Swarm large = stage.swarm(20);
        Member seed = stage.seed(large);
        for (int i = 0; i < 6; i++) {
            stage.wanting(large);
        }

        Map<Member, Long> relayed = stage.decide().stream()
                .filter(order -> order.from() != seed)
                .collect(Collectors.groupingBy(Order::to, Collectors.counting()));

        assertThat(relayed)
                .hasSize(6)
                .allSatisfy((_, count) -> assertThat(count).isLessThanOrEqualTo(2));
        assertThat(relayed).containsValue(2L);
    }

    @Test
    void theLastBlockIsNotRelayedSinceItIsWithheld() {
        Swarm single = stage.swarm(1);
        Member only = stage.holder(single, 0);
        for (int i = 0; i < 6; i++) {
            stage.wanting(single);
        }

        assertThat(stage.decide()).hasSize(3).extracting(Order::from).containsOnly(only);
    }

    @Test
    void relaysThatEndEarlyAreHeldAgainstNobody() {
        relay();
        stage.wanting(swarm);
        stage.decide();

        for (int i = 0; i < 3; i++) {
            stage.open.stream().filter(order -> order.from() != holder).toList().forEach(order -> {
                stage.failed(order, Failure.STALLED);
                assertThat(order.from().suspended).isFalse();
                assertThat(order.from().complaints).isEmpty();
            });
            stage.decide();
        }
    }

    @Test
    void aMemberThatCouldNotRelayIsNotAskedToForAWhile() {
        Order relay = relay();

        assertThat(stage.failed(relay, Failure.NOT_HELD)).isFalse();

        assertThat(stage.decide())
                .isNotEmpty()
                .allMatch(order -> order.to() == relay.to() && order.from() != relay.from());
        stage.pass(Rehearsal.CONFIG.avoid());
        for (int i = 0; i < 4; i++) {
            stage.wanting(swarm);
        }
        assertThat(stage.decide()).anyMatch(order -> order.from() == relay.from());
    }

    @Test
    void aRelayThatIsLateComesFromElsewhereTooButIsHeldAgainstNobody() {
        Order relay = relay();
        Member other = stage.holder(swarm, 0);
        assertThat(stage.decide()).isEmpty();

        stage.late(relay);

        assertThat(stage.decide())
                .filteredOn(order -> order.to() == relay.to())
                .extracting(Order::from)
                .containsExactly(other);
        assertThat(relay.to().avoided).isEmpty();
    }

    @Test
    void nothingIsRelayedByAMemberThatHasOrderedTheBlockTwice() {
        Order relay = relay();
        stage.holder(swarm, 0);
        stage.late(upstream(relay));
        stage.decide();
        assertThat(relay.from().receiving()).isEqualTo(2);

        for (int i = 0; i < 4; i++) {
            stage.wanting(swarm);
        }

        assertThat(stage.decide()).isNotEmpty().noneMatch(order -> order.from() == relay.from());
    }

    @Test
    void aBlockThatWillNotBeRelayedIsOrderedFromElsewhereAtOnce() {
        Order relay = relay();
        Member other = stage.holder(swarm, 0);
        assertThat(stage.decide()).isEmpty();

        stage.failed(upstream(relay), Failure.UNREACHABLE);

        assertThat(stage.decide())
                .filteredOn(order -> order.to() == relay.to())
                .extracting(Order::from)
                .containsAnyOf(other, holder);
    }

    @Test
    void aRelayedBlockThatIsWrongIsHeldAgainstWhoSentItAsAnyOther() {
        Order relay = relay();

        stage.failed(relay, Failure.CORRUPT);

        assertThat(relay.from().suspended).isTrue();
    }
}
