package io.pantala.seed.schedule;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.BlockSet;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;

/** A conductor whose orders are written down, and carried out when a test says so, on a clock of the test's. */
final class Rehearsal {
    static final int BLOCK = 1 << 20;

    /** Without relays, so that a test sees who is sent to those that hold blocks. */
    static final ConductorConfig CONFIG = config(0);

    static final ConductorConfig RELAYING = config(2);

    private static ConductorConfig config(int relays) {
        return new ConductorConfig(
                3,
                4,
                12,
                relays,
                8,
                4,
                4,
                8,
                Duration.ofSeconds(20),
                Duration.ofSeconds(30),
                Duration.ofMinutes(10),
                Duration.ofMinutes(2));
    }

    /** A block that a member is to fetch. */
    record Order(Member to, Swarm swarm, int block, Member from) {}

    final Conductor conductor;

    /** What was ordered and neither reported on nor, as far as the test knows, taken back. */
    final List<Order> open = new ArrayList<>();

    /** Why seeds were last to send what hosts have. */
    final Map<Order, Repeat> repeats = new HashMap<>();

    /** The time, in nanoseconds. It doesn't start at zero, as no real one does. */
    long now = -Duration.ofSeconds(10).toNanos();

    Rehearsal() {
        this(CONFIG);
    }

    Rehearsal(ConductorConfig config) {
        conductor = new Conductor(config, new SplittableRandom(7));
    }

    static BlockLayout layout(int blocks) {
        return new BlockLayout((long) blocks * BLOCK, BLOCK);
    }

    Swarm swarm(int blocks) {
        return conductor.open(layout(blocks));
    }

    Member host() {
        return host("");
    }

    Member host(String zone) {
        return conductor.join(Zone.parse(zone), false);
    }

    Member seed(Swarm swarm) {
        return seed(swarm, "");
    }

    /** A seed that has the whole blob. */
    Member seed(Swarm swarm, String zone) {
        Member seed = conductor.join(Zone.parse(zone), true);
        conductor.holds(seed, swarm, BlockSet.full(swarm.blocks()));
        return seed;
    }

    Member holder(Swarm swarm, int... blocks) {
        Member member = host();
        holds(member, swarm, blocks);
        return member;
    }

    Member holder(Swarm swarm, String zone) {
        Member member = host(zone);
        conductor.holds(member, swarm, BlockSet.full(swarm.blocks()));
        return member;
    }

    void holds(Member member, Swarm swarm, int... blocks) {
        for (int block : blocks) {
            conductor.holds(member, swarm, block);
        }
    }

    Member wanting(Swarm swarm) {
        return wanting(swarm, "");
    }

    Member wanting(Swarm swarm, String zone) {
        Member member = host(zone);
        conductor.wants(member, swarm);
        return member;
    }

    static int[] range(int from, int to) {
        return IntStream.range(from, to).toArray();
    }

    void pass(Duration time) {
        now += time.toNanos();
    }

    /** What is ordered now. */
    List<Order> decide() {
        List<Order> orders = new ArrayList<>();
        conductor.decide(now, (to, swarm, block, from, repeat) -> {
            Order order = new Order(to, swarm, block, from);
            orders.add(order);
            repeat.ifPresentOrElse(why -> repeats.put(order, why), () -> repeats.remove(order));
        });
        open.addAll(orders);
        return orders;
    }

    /** A block came, in a tenth of a second for each transfer that its source had at once. */
    void fetched(Order order) {
        fetched(order, MILLISECONDS.toNanos(100L * Math.max(1, order.from().sending())));
    }

    void fetched(Order order, long took) {
        open.remove(order);
        conductor.fetched(order.to(), order.swarm(), order.block(), order.from(), took, 0, now);
    }

    /** Whether that was held against the source. */
    boolean failed(Order order, Failure why) {
        open.remove(order);
        return conductor.failed(order.to(), order.swarm(), order.block(), order.from(), why, now);
    }

    void late(Order order) {
        conductor.late(order.to(), order.swarm(), order.block(), order.from(), now);
    }

    /** Carries out all orders, and those that follow, in no particular order; the blocks that came. */
    List<Order> play(Random random) {
        return play(random, _ -> true);
    }

    /** The same, but orders that don't come are left open. */
    List<Order> play(Random random, Predicate<Order> comes) {
        List<Order> came = new ArrayList<>();
        decide();
        while (true) {
            List<Order> possible = open.stream().filter(comes).toList();
            if (possible.isEmpty()) {
                return came;
            }
            Order order = possible.get(random.nextInt(possible.size()));
            pass(Duration.ofMillis(300));
            fetched(order);
            came.add(order);
            decide();
        }
    }

    /**
     * Carries out orders, and those that follow, for so many seconds, each as long after it was decided as it takes.
     *
     * @param took from asking to the last byte, in milliseconds
     * @param delay of an order on its way, and of a report on it, in milliseconds
     */
    void run(int seconds, ToLongFunction<Order> took, ToLongFunction<Order> delay) {
        record Due(Order order, long took, long at) {}
        PriorityQueue<Due> due = new PriorityQueue<>(Comparator.comparingLong(Due::at));
        Consumer<Order> begin = order -> {
            long nanos = MILLISECONDS.toNanos(took.applyAsLong(order));
            due.add(new Due(order, nanos, now + nanos + 2 * MILLISECONDS.toNanos(delay.applyAsLong(order))));
        };
        decide();
        open.forEach(begin);
        long end = now + Duration.ofSeconds(seconds).toNanos();
        while (!due.isEmpty() && due.element().at() < end) {
            Due next = due.remove();
            now = next.at();
            fetched(next.order(), next.took());
            decide().forEach(begin);
        }
    }

    static Set<Integer> blocks(List<Order> orders) {
        Set<Integer> blocks = new HashSet<>();
        orders.forEach(order -> blocks.add(order.block()));
        return blocks;
    }
}
