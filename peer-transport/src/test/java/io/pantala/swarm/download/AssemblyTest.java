package io.pantala.swarm.download;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pantala.manifest.BlobKey;
import io.pantala.store.BlobStore;
import io.pantala.store.StoredBlob;
import io.pantala.swarm.TestContent;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.block.BlockOutcome;
import io.pantala.transport.control.ControlMessage;
import io.pantala.transport.control.ControlMessage.Order;
import io.pantala.transport.control.ControlMessage.Report;
import io.pantala.transport.ticket.Ticket;
import io.pantala.transport.ticket.Vouchers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When an assembly wants to be looked at: each time that is past already is one that its download would spin for. */
class AssemblyTest {
    private static final NodeAddress SEED = new NodeAddress("127.0.0.1", 1);
    private static final NodeAddress PEER = new NodeAddress("127.0.0.1", 2);
    private static final Ticket TICKET = new Ticket("ticket");

    private final TestContent content = TestContent.random(100_000, 64_000, 7);
    private final List<Runnable> waiting = new ArrayList<>();
    private final List<Event> events = new ArrayList<>();
    private final List<String> late = new ArrayList<>();

    private BlobStore store;
    private StoredBlob blob;
    private Assembly assembly;

    @BeforeEach
    void open(@TempDir Path directory) throws Exception {
        store = TestContent.store(directory);
        blob = store.create(content.key(), content.layout());
        assembly = new Assembly(
                blob,
                new Surroundings(
                        store,
                        null,
                        null,
                        waiting::add,
                        new WholeCheck(),
                        new Liars(),
                        new Vouchers(),
                        new SwarmListener() {
                            @Override
                            public void blockLate(BlobKey key, int index, Source source, NodeAddress from) {
                                late.add(index + " " + source + " " + from);
                            }
                        },
                        SwarmConfig.DEFAULT),
                events::add);
        assembly.rechecked();
    }

    @AfterEach
    void close() {
        blob.close();
        store.close();
    }

    @Test
    void aBlockThatWaitsForItsTurnIsNoReasonToLookAtOnce() {
        assembly.learn(new ControlMessage.Hashes(content.key(), 0, content.hash(0)));
        assembly.ordered(List.of(new Order(0, Optional.empty())));
        assembly.fetchOrdered(SEED, TICKET);
        assertThat(waiting).hasSize(1);

        long now = System.nanoTime();
        assertThat(assembly.nextDeadline(now)).isGreaterThan(now).isLessThan(Long.MAX_VALUE);
    }

    @Test
    void whatIsOrderedIsFetchedForTheReasonThatItsSeedGives() {
        Map<Order, SwarmListener.Cause> causes = Map.of(
                new Order(0, Optional.of(PEER)),
                SwarmListener.Cause.ORDERED,
                new Order(0, Optional.empty()),
                SwarmListener.Cause.FIRST,
                repeat(Order.Repeat.BUSY),
                SwarmListener.Cause.HOSTS_BUSY,
                repeat(Order.Repeat.AVOIDED),
                SwarmListener.Cause.HOSTS_AVOIDED,
                repeat(Order.Repeat.AWAY),
                SwarmListener.Cause.HOSTS_AWAY,
                repeat(Order.Repeat.OTHER),
                SwarmListener.Cause.REPEATED);
        assembly.learn(new ControlMessage.Hashes(content.key(), 0, content.hash(0)));
        causes.forEach((order, cause) -> {
            waiting.clear();
            events.clear();
            assembly.ordered(List.of(order));
            assembly.fetchOrdered(SEED, TICKET);
            waiting.forEach(Runnable::run);

            assertThat(events).singleElement().isInstanceOfSatisfying(Event.Fetched.class, fetched -> {
                assertThat(fetched.flight().cause).isEqualTo(cause);
                assertThat(fetched.flight().isOrdered()).isTrue();
                assembly.landed(fetched.flight(), new BlockOutcome.Aborted(), true);
            });
        });
    }

    private static Order repeat(Order.Repeat why) {
        return new Order(0, Optional.empty(), Optional.of(why));
    }

    @Test
    void whatTakesLongIsToldOfOnce() {
        assembly.learn(new ControlMessage.Hashes(content.key(), 0, content.hash(0)));
        assembly.ordered(List.of(new Order(0, Optional.of(PEER))));
        assembly.fetchOrdered(SEED, TICKET);
        waiting.forEach(Runnable::run);

        await().until(() -> {
            assembly.fetchOrdered(SEED, TICKET);
            return !late.isEmpty();
        });
        assembly.fetchOrdered(SEED, TICKET);

        assertThat(late).containsExactly("0 PEER " + PEER);
        assertThat(assembly.takeReports()).extracting(Report::outcome).containsExactly(Report.Outcome.LATE);
    }

    @Test
    void whatIsLateKeepsNothingElseFromBeginning() {
        int most = SwarmConfig.DEFAULT.blocksPerBlob();
        assembly.learn(new ControlMessage.Hashes(content.key(), 0, content.hash(0)));
        assembly.learn(new ControlMessage.Hashes(content.key(), 1, content.hash(1)));
        assembly.ordered(Collections.nCopies(most, new Order(0, Optional.of(PEER))));
        assembly.ordered(List.of(new Order(1, Optional.empty())));
        assembly.fetchOrdered(SEED, TICKET);
        assertThat(waiting).hasSize(most);
        waiting.forEach(Runnable::run);

        await().until(() -> {
            assembly.fetchOrdered(SEED, TICKET);
            return waiting.size() == most + 1;
        });
    }

    @Test
    void aWholeBlobHasNoDeadline() throws Exception {
        for (int block = 0; block < content.layout().count(); block++) {
            content.write(blob, block);
        }
        assembly.rechecked();

        assertThat(assembly.isComplete()).isTrue();
        assertThat(assembly.nextDeadline(System.nanoTime())).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void whatIsNotOrderedForLongIsLookedForOnce() {
        long now = System.nanoTime();
        long forgotten = assembly.nextDeadline(now);
        assertThat(forgotten).isGreaterThan(now).isLessThan(Long.MAX_VALUE);
        assertThat(assembly.nextDeadline(forgotten)).isEqualTo(Long.MAX_VALUE);
    }
}
