package io.pantala.seed.tracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.BlockSet;
import io.pantala.manifest.Digest;
import io.pantala.manifest.UpstreamName;
import io.pantala.seed.schedule.Conductor;
import io.pantala.seed.schedule.ConductorConfig;
import io.pantala.seed.schedule.Swarm;
import io.pantala.seed.schedule.Zone;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.control.ControlMessage;
import io.pantala.transport.control.ControlMessage.Order;
import io.pantala.transport.control.ControlMessage.Report;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ConductingTest {
    private static final BlobKey KEY = new BlobKey(UpstreamName.parse("reg.test"), Digest.sha256(new byte[1]));
    private static final NodeAddress ADDRESS = SilentSession.ADDRESS;

    private final Owner owner = new Owner();
    private final Conducting conducting = new Conducting(
            new Conductor(ConductorConfig.DEFAULT, new SplittableRandom(1)), Zone.NONE, Long.MAX_VALUE, owner, () -> 0);

    @AfterEach
    void close() {
        owner.close();
    }

    @Test
    void sendsNobodyToTheSecondHostOfAnAddressUntilTheFirstHasGone() {
        Guest first = conducting.join(new SilentSession("first"));
        Guest second = conducting.join(new SilentSession("second"));
        assertThat(first.peer()).contains(ADDRESS);
        assertThat(second.peer()).isEmpty();

        conducting.leave(first);

        assertThat(second.peer()).contains(ADDRESS);
    }

    @Test
    void letsAHostTakeItsAddressAlongToItsNextLink() {
        Guest before = conducting.join(new SilentSession("host"));
        Guest after = conducting.join(new SilentSession("host"));
        Guest other = conducting.join(new SilentSession("other"));

        conducting.leave(before);

        assertThat(after.peer()).contains(ADDRESS);
        assertThat(other.peer()).isEmpty();
    }

    @Test
    void tellsAHostWhyItsSeedSendsWhatAnotherHostHas() {
        BlockingQueue<ControlMessage> told = new LinkedBlockingQueue<>();
        Guest holder = conducting.join(new SilentSession("holder"));
        Guest host = conducting.join(new SilentSession("host") {
            @Override
            public Optional<NodeAddress> peer() {
                return Optional.of(new NodeAddress("10.1.1.2", 6461));
            }

            @Override
            public void send(ControlMessage message) {
                told.add(message);
            }
        });
        owner.execute(() -> {
            Swarm swarm = conducting.open(KEY, BlockLayout.of(1), (_, _) -> {});
            BlockSet all = BlockSet.full(1);
            conducting.holds(holder, swarm, all);
            conducting.wants(host, swarm);
            conducting.seedHolds(swarm, all);
            Report stalled = new Report(0, holder.peer(), Report.Outcome.STALLED, Duration.ofSeconds(1), Duration.ZERO);
            assertThat(conducting.reported(host, swarm, stalled)).isEmpty();
        });

        await().untilAsserted(() -> assertThat(told)
                .containsExactly(new ControlMessage.Orders(
                        KEY, List.of(new Order(0, Optional.empty(), Optional.of(Order.Repeat.AVOIDED))))));
    }
}
