package io.pantala.seed.tracker;

import static org.assertj.core.api.Assertions.assertThat;

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
import io.pantala.transport.control.ControlMessage.Limits;
import io.pantala.transport.control.ControlMessage.Order;
import io.pantala.transport.control.ControlMessage.Orders;
import io.pantala.transport.control.ControlMessage.Report;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ConductingTest {
    private static final BlobKey KEY = new BlobKey(UpstreamName.parse("reg.test"), Digest.sha256(new byte[1]));
    private static final NodeAddress ADDRESS = SilentSession.ADDRESS;
    private static final BlockLayout LAYOUT = new BlockLayout(64L << 20, 1 << 20);

    private final Owner owner = new Owner();
    private final Conducting conducting = new Conducting(
            new Conductor(ConductorConfig.DEFAULT, new SplittableRandom(1)), Zone.NONE, Long.MAX_VALUE, owner, () -> 0);

    private int hosts;

    @AfterEach
    void close() {
        owner.close();
    }

    /** One at an address of its own. */
    private Guest host(String node, Limits limits) {
        NodeAddress address = new NodeAddress("10.1.2." + ++hosts, 6461);
        return conducting.join(new SilentSession(node, address, "", limits));
    }

    private Guest holder(String node, Swarm swarm, BlockSet blocks) {
        Guest host = host(node, Limits.NONE);
        conducting.holds(host, swarm, blocks);
        return host;
    }

    private Guest wanting(String node, Swarm swarm, Limits limits) {
        Guest host = host(node, limits);
        conducting.wants(host, swarm);
        return host;
    }

    private Swarm swarm() {
        return conducting.open(KEY, LAYOUT, (_, _) -> {});
    }

    /** On the one thread that may; what it has decided since stands when the next one begins. */
    private <T> T conduct(Supplier<T> events) {
        return CompletableFuture.supplyAsync(events, owner).join();
    }

    private List<SwarmStatus.Transfer> incoming(Swarm swarm, Guest to) {
        return conduct(() -> conducting.status(swarm)).hosts().stream()
                .filter(host -> host.node().equals(to.node()))
                .flatMap(host -> host.incoming().stream())
                .toList();
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
    void tellsWhoSendsToWhom() {
        Swarm swarm = conduct(this::swarm);
        Guest to = conduct(() -> {
            conducting.seedHolds(swarm, only(1));
            holder("from", swarm, only(0));
            return wanting("to", swarm, Limits.NONE);
        });

        assertThat(incoming(swarm, to))
                .containsExactlyInAnyOrder(
                        new SwarmStatus.Transfer(0, Optional.of("from")),
                        new SwarmStatus.Transfer(1, Optional.empty()));
    }

    private static BlockSet only(int block) {
        BlockSet blocks = new BlockSet(LAYOUT.count());
        blocks.add(block);
        return blocks;
    }

    @Test
    void findsNoFaultWithASourceThatNobodyWasSentTo() {
        Swarm swarm = conduct(this::swarm);
        Guest from = conduct(() -> holder("from", swarm, only(0)));
        Report report = report(0, from, Report.Outcome.NOT_HELD);

        assertThat(conduct(() -> conducting.reported(host("stranger", Limits.NONE), swarm, report)))
                .isEmpty();
    }

    @Test
    void givesFewOrdersToAHostWhoseLimitIsLow() {
        Swarm swarm = conduct(this::swarm);
        Guest from = conduct(() -> holder("from", swarm, BlockSet.full(LAYOUT.count())));
        Guest first = conduct(() -> wanting("first", swarm, Limits.NONE));
        int block = incoming(swarm, first).getFirst().block();
        conduct(() -> conducting.reported(first, swarm, report(block, from, Report.Outcome.FETCHED)));
        conduct(() -> holder("second", swarm, BlockSet.full(LAYOUT.count())));

        Guest limited = conduct(() -> wanting("limited", swarm, new Limits(Long.MAX_VALUE, 1)));
        int orders = incoming(swarm, limited).size();
        conduct(() -> holder("third", swarm, BlockSet.full(LAYOUT.count())));
        Guest free = conduct(() -> wanting("free", swarm, new Limits(1, Long.MAX_VALUE)));

        assertThat(orders).isLessThan(incoming(swarm, free).size());
    }

    private static Report report(int block, Guest from, Report.Outcome outcome) {
        return new Report(block, from.peer(), outcome, Duration.ofMillis(100), Duration.ZERO);
    }

    @Test
    void knowsAHostsZoneByWhatItSays() {
        Guest there = conducting.join(new SilentSession("there", ADDRESS, "eu/fra1/r7", Limits.NONE));
        Guest nowhere = conducting.join(new SilentSession("nowhere", ADDRESS, "eu/fra1/r7/u3", Limits.NONE));

        assertThat(there.member.zone()).isEqualTo(new Zone("eu", "fra1", "r7"));
        assertThat(nowhere.member.zone()).isEqualTo(Zone.NONE);
    }

    @Test
    void tellsAHostWhyItsSeedSendsWhatAnotherHostHas() throws Exception {
        BlockingQueue<ControlMessage> told = new LinkedBlockingQueue<>();
        Swarm swarm = conduct(() -> conducting.open(KEY, BlockLayout.of(1), (_, _) -> {}));
        BlockSet all = BlockSet.full(1);
        Guest holder = conduct(() -> holder("holder", swarm, all));
        Guest host = conduct(() -> {
            Guest joined = conducting.join(
                    new SilentSession("host", new NodeAddress("10.1.1.2", 6461), "", Limits.NONE, told::add));
            conducting.wants(joined, swarm);
            return joined;
        });
        assertThat(told.take()).isEqualTo(new Orders(KEY, List.of(new Order(0, holder.peer()))));
        conduct(() -> {
            conducting.seedHolds(swarm, all);
            return conducting.reported(host, swarm, report(0, holder, Report.Outcome.STALLED));
        });

        assertThat(told.take())
                .isEqualTo(new Orders(KEY, List.of(new Order(0, Optional.empty(), Optional.of(Order.Repeat.AVOIDED)))));
    }
}
