package io.pantala.seed.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A conductor that is told whatever could be, thousands of times, by a world that remembers what it has told. All that
 * the conductor knows must agree with that, and no order may contradict it.
 */
class RandomEventsTest {
    private static final int EVENTS = 6000;
    private static final int CHECKED_EVERY = 10;
    private static final int MOST_MEMBERS = 24;
    private static final List<String> ZONES = List.of("", "", "r/a", "r/a/1", "r/a/2", "r/b", "s/a");

    private static final List<Failure> FAILURES = List.of(Failure.values());

    private final ConductorConfig config = Rehearsal.RELAYING;
    private final Map<Swarm, World> swarms = new LinkedHashMap<>();
    private final List<Member> members = new ArrayList<>();
    private final List<Ordered> open = new ArrayList<>();
    private final List<Ordered> reported = new ArrayList<>();
    private int relays;
    private long now = -Duration.ofMinutes(5).toNanos();
    private Random random = new Random();
    private Conductor conductor = new Conductor(config, random);

    /** What has been told of a swarm. */
    private static final class World {
        final Map<Member, BitSet> held = new HashMap<>();
        final Set<Member> wants = new HashSet<>();

        BitSet heldBy(Member member) {
            return held.computeIfAbsent(member, _ -> new BitSet());
        }
    }

    private record Order(Member to, Swarm swarm, int block, Member from) {}

    private record Ordered(Order order, long since, boolean late, boolean relayed) {
        Ordered asLate() {
            return new Ordered(order, since, true, relayed);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void whatTheConductorKnowsAgreesWithWhatItWasTold(long seed) {
        random = new Random(seed);
        conductor = new Conductor(config, new SplittableRandom(seed));
        for (int i = 0; i < 3; i++) {
            open();
            join();
        }

        for (int i = 0; i < EVENTS; i++) {
            now += random.nextLong(Duration.ofMillis(300).toNanos());
            happen();
            decide();
            if (i % CHECKED_EVERY == 0) {
                check();
            }
        }
        assertThat(reported).hasSizeGreaterThan(1000);
        assertThat(relays).isGreaterThan(50);

        allGoesWell();
    }

    private void happen() {
        switch (random.nextInt(100)) {
            case 0, 1, 2, 3, 4 -> join();
            case 5, 6, 7 -> anyone().forEach(this::leave);
            case 8 -> {
                Swarm swarm = anySwarm();
                conductor.close(swarm);
                drop(each -> each.order().swarm() == swarm);
                swarms.remove(swarm);
                open();
            }
            case 9, 10, 11, 12, 13, 14, 15, 16, 17 -> anyone().forEach(this::want);
            case 18, 19, 20, 21, 22 -> anyone().forEach(member -> hold(member, anySwarm()));
            case 23 -> anyone().forEach(member -> forget(member, anySwarm()));
            case 24 ->
                anyone().forEach(member -> {
                    Swarm swarm = anySwarm();
                    conductor.enough(member, swarm);
                    world(swarm).wants.remove(member);
                    drop(each -> each.order().swarm() == swarm && each.order().to() == member);
                });
            case 25, 26 ->
                anyone().forEach(member -> {
                    Swarm swarm = anySwarm();
                    conductor.reads(
                            member,
                            swarm,
                            random.ints(random.nextInt(20), 0, swarm.blocks() + 1)
                                    .toArray());
                });
            case 27 ->
                anyone().forEach(member -> conductor.limits(
                        member,
                        random.nextBoolean() ? Long.MAX_VALUE : random.nextInt(1 << 24),
                        random.nextBoolean() ? Long.MAX_VALUE : random.nextInt(1 << 24)));
            case 28, 29 -> expire();
            case 30, 31, 32 ->
                anyone().forEach(to -> anyone().forEach(from -> {
                    // Of what nobody ordered.
                    Swarm swarm = anySwarm();
                    fail(new Order(to, swarm, random.nextInt(swarm.blocks()), from));
                }));
            case 33, 34, 35, 36, 37, 38, 39 -> anyOf(open).forEach(each -> fail(each.order()));
            case 40, 41, 42, 43 ->
                anyOf(open).forEach(each -> {
                    conductor.late(
                            each.order().to(),
                            each.order().swarm(),
                            each.order().block(),
                            each.order().from(),
                            now);
                    if (isComparable(each.order())) {
                        open.set(open.indexOf(each), each.asLate());
                    }
                    lost(each.order());
                });
            case 44, 45, 46, 47, 48, 49 ->
                anyOf(reported).forEach(each -> {
                    // Told twice, or told of what has been taken back.
                    if (random.nextInt(4) > 0) {
                        fetch(each.order());
                    } else {
                        fail(each.order());
                    }
                });
            default -> anyOf(open).forEach(each -> fetch(each.order()));
        }
    }

    private void open() {
        int blocks = 1 + random.nextInt(140);
        swarms.put(conductor.open(Rehearsal.layout(blocks)), new World());
    }

    private void join() {
        if (members.size() < MOST_MEMBERS) {
            Zone zone = Zone.parse(ZONES.get(random.nextInt(ZONES.size())));
            Member member = conductor.join(zone, random.nextInt(6) == 0);
            members.add(member);
            for (Swarm swarm : swarms.keySet()) {
                if (random.nextInt(3) == 0) {
                    conductor.wants(member, swarm);
                    world(swarm).wants.add(member);
                }
                if (random.nextInt(3) == 0) {
                    // It comes back with half a blob.
                    int from = random.nextInt(swarm.blocks());
                    IntStream.range(from, swarm.blocks()).forEach(block -> hold(member, swarm, block));
                }
            }
        }
    }

    private void leave(Member member) {
        conductor.leave(member);
        members.remove(member);
        swarms.values().forEach(world -> {
            world.held.remove(member);
            world.wants.remove(member);
        });
        drop(each -> each.order().to() == member || each.order().from() == member);
    }

    private void drop(Predicate<Ordered> which) {
        List<Ordered> dropped = open.stream().filter(which).toList();
        open.removeAll(dropped);
        dropped.forEach(each -> lost(each.order()));
    }

    /** A block does not come by that order: unless it does by another, nor does it to whom its receiver relays it. */
    private void lost(Order order) {
        if (open.stream().anyMatch(each -> isOf(order.to(), order, each.order()) && !each.late())) {
            return;
        }
        for (Ordered each : List.copyOf(open)) {
            if (each.relayed()
                    && !each.late()
                    && each.order().from() == order.to()
                    && each.order().swarm() == order.swarm()
                    && each.order().block() == order.block()) {
                open.set(open.indexOf(each), each.asLate());
                lost(each.order());
            }
        }
    }

    /** Whether an order is to bring a member the same block as another. */
    private static boolean isOf(Member to, Order other, Order order) {
        return order.to() == to && order.swarm() == other.swarm() && order.block() == other.block();
    }

    private void forget(Member member, Swarm swarm) {
        conductor.forgets(member, swarm);
        world(swarm).held.remove(member);
        world(swarm).wants.remove(member);
        drop(each -> each.order().swarm() == swarm
                && (each.order().to() == member || each.order().from() == member));
    }

    private void want(Member member) {
        Swarm swarm = anySwarm();
        conductor.wants(member, swarm);
        world(swarm).wants.add(member);
    }

    private void hold(Member member, Swarm swarm) {
        for (int i = random.nextInt(member.seed ? 40 : 4); i >= 0; i--) {
            hold(member, swarm, random.nextInt(swarm.blocks()));
        }
    }

    private void hold(Member member, Swarm swarm, int block) {
        conductor.holds(member, swarm, block);
        held(member, swarm, block);
    }

    private void held(Member member, Swarm swarm, int block) {
        world(swarm).heldBy(member).set(block);
        open.removeIf(each -> each.order().to() == member
                && each.order().swarm() == swarm
                && each.order().block() == block);
    }

    private void fetch(Order order) {
        long took = 1 + random.nextLong(Duration.ofSeconds(1).toNanos());
        conductor.fetched(order.to(), order.swarm(), order.block(), order.from(), took, random.nextLong(1000), now);
        if (isKnown(order.to(), order.swarm())) {
            held(order.to(), order.swarm(), order.block());
        }
        reported(order);
    }

    private void fail(Order order) {
        Failure why = FAILURES.get(random.nextInt(FAILURES.size()));
        Optional<Ordered> ordered =
                open.stream().filter(each -> each.order().equals(order)).findFirst();
        boolean blame = ordered.filter(each -> !each.relayed() || why == Failure.CORRUPT)
                .isPresent();
        List<Object> before = standing(order);
        assertThat(conductor.failed(order.to(), order.swarm(), order.block(), order.from(), why, now))
                .isEqualTo(blame);
        if (ordered.isEmpty()) {
            assertThat(standing(order)).isEqualTo(before);
        }
        if (why == Failure.NOT_HELD && blame) {
            world(order.swarm()).heldBy(order.from()).clear(order.block());
        }
        reported(order);
    }

    /** What is held against the source of an order, by all and by its receiver. */
    private static List<Object> standing(Order order) {
        Member from = order.from();
        return List.of(from.suspended, from.relaysFrom, Map.copyOf(from.complaints), Map.copyOf(order.to().avoided));
    }

    private void reported(Order order) {
        drop(each -> each.order().equals(order));
        reported.add(new Ordered(order, now, false, false));
    }

    private void expire() {
        conductor.expire(now);
        drop(each -> now - each.since() > config.taskLife().toNanos());
    }

    /** Whether the conductor has heard of that member in that swarm. */
    private boolean isKnown(Member member, Swarm swarm) {
        return swarms.containsKey(swarm) && swarm.find(member) != null;
    }

    private World world(Swarm swarm) {
        return swarms.getOrDefault(swarm, new World());
    }

    private Swarm anySwarm() {
        return List.copyOf(swarms.keySet()).get(random.nextInt(swarms.size()));
    }

    private List<Member> anyone() {
        return anyOf(members);
    }

    private <T> List<T> anyOf(List<T> list) {
        return list.isEmpty() ? List.of() : List.of(list.get(random.nextInt(list.size())));
    }

    private void decide() {
        conductor.decide(now, (to, swarm, block, from, repeat) -> {
            Order order = new Order(to, swarm, block, from);
            boolean relayed = !world(swarm).heldBy(from).get(block);
            check(order, relayed);
            assertThat(repeat.isPresent() && !from.seed).isFalse();
            open.add(new Ordered(order, now, false, relayed));
        });
    }

    private void check(Order order, boolean relayed) {
        World world = world(order.swarm());
        assertThat(swarms).containsKey(order.swarm());
        assertThat(members).contains(order.to(), order.from());
        assertThat(order.from()).isNotSameAs(order.to());
        assertThat(world.wants).contains(order.to());
        assertThat(world.heldBy(order.to()).get(order.block())).isFalse();
        if (relayed) {
            assertThat(upstream(order).late()).isFalse();
            assertThat(open).noneMatch(each -> isOf(order.to(), order, each.order()));
            assertThat(order.from().relaysFrom).isLessThanOrEqualTo(now);
            assertThat(order.from().zone().sameZone(order.to().zone())).isTrue();
            assertThat(open)
                    .filteredOn(each -> each.relayed() && each.order().to() == order.to())
                    .hasSizeLessThan(config.relays());
            assertThat(order.block()).isLessThan(order.swarm().blocks() - 1);
            relays++;
        }
        assertThat(Trust.avoids(order.to(), order.from(), now)).isFalse();
        assertThat(order.from().suspended).isFalse();
        assertThat(open.stream()
                        .filter(each -> each.order().to() == order.to()
                                && each.order().swarm() == order.swarm()
                                && each.order().block() == order.block()))
                .allMatch(each -> each.late() && each.order().from() != order.from());
    }

    /** The order that brings a source what it is to relay. */
    private Ordered upstream(Order relay) {
        List<Ordered> upstream = open.stream()
                .filter(each -> isOf(relay.from(), relay, each.order()))
                .toList();
        assertThat(upstream).hasSize(1);
        return upstream.getFirst();
    }

    /** Whether being late tells anything of a transfer. */
    private static boolean isComparable(Order order) {
        return !order.from().seed && order.from().zone().sameZone(order.to().zone());
    }

    private void check() {
        for (Member member : members) {
            assertThat(member.receiving())
                    .isEqualTo((int) open.stream()
                            .filter(each -> each.order().to() == member)
                            .count())
                    .isLessThanOrEqualTo(4 * config.mostSlots());
            assertThat(member.late).isEqualTo((int) open.stream()
                    .filter(each -> each.order().to() == member && each.late())
                    .count());
            assertThat(member.sending())
                    .isEqualTo((int) open.stream()
                            .filter(each -> each.order().from() == member)
                            .count())
                    .isLessThanOrEqualTo(4 * config.mostSlots());
            assertThat(member.live)
                    .containsExactlyInAnyOrderElementsOf(member.parts.stream()
                            .filter(part -> part.swarm.wanting > 0)
                            .toList());
        }
        swarms.forEach(this::check);
    }

    private void check(Swarm swarm, World world) {
        int[] copies = new int[swarm.blocks()];
        for (Member member : members) {
            Part part = swarm.find(member);
            BitSet held = world.heldBy(member);
            if (part == null) {
                assertThat(held.isEmpty() && !world.wants.contains(member)).isTrue();
                continue;
            }
            assertThat(BitSet.valueOf(part.held)).isEqualTo(held);
            assertThat(part.heldCount).isEqualTo(held.cardinality());
            BitSet coming = new BitSet();
            open.stream()
                    .filter(each -> each.order().to() == member && each.order().swarm() == swarm && !each.late())
                    .forEach(each -> coming.set(each.order().block()));
            assertThat(BitSet.valueOf(part.coming)).isEqualTo(coming);
            assertThat(part.comingCount).isEqualTo(coming.cardinality());
            assertThat(part.wanting).isEqualTo(world.wants.contains(member) && held.cardinality() < swarm.blocks());
            for (int cursor : part.cursors) {
                assertThat(cursor).isEqualTo(Math.min(held.nextClearBit(cursor), swarm.blocks()));
            }
            if (!member.seed && !member.suspended) {
                held.or(coming);
                held.stream().forEach(block -> copies[block]++);
                held.andNot(coming);
            }
        }
        for (int block = 0; block < swarm.blocks(); block++) {
            assertThat(swarm.copies().of(block)).isEqualTo(copies[block]);
        }
        for (Locality locality : swarm.localities()) {
            check(swarm, locality);
        }
    }

    private void check(Swarm swarm, Locality locality) {
        int[] zone = new int[swarm.blocks()];
        int[] region = new int[swarm.blocks()];
        int crossing = 0;
        int wanting = 0;
        for (Part part : swarm.parts()) {
            for (int block = 0; block < swarm.blocks(); block++) {
                if (part.isCounted() && part.has(block)) {
                    zone[block] += part.locality == locality ? 1 : 0;
                    region[block] += part.locality.zone.sameRegion(locality.zone) ? 1 : 0;
                }
            }
            if (part.locality == locality) {
                crossing += (int) part.tasks.stream().filter(Task::crosses).count();
                wanting += part.wanting ? 1 : 0;
            }
        }
        for (int block = 0; block < swarm.blocks(); block++) {
            assertThat(locality.rarity.of(block)).isEqualTo(zone[block]);
            assertThat(locality.region.of(block)).isEqualTo(region[block]);
        }
        assertThat(locality.crossing).isEqualTo(crossing).isLessThanOrEqualTo(config.mostCrossings());
        assertThat(locality.wanting).isEqualTo(wanting);
        for (int i = 0; i < locality.free.size(); i++) {
            Part part = locality.free.get(i);
            assertThat(part.locality == locality && swarm.find(part.member) == part)
                    .isTrue();
        }
        for (int i = 0; i < locality.starving.size(); i++) {
            Part part = locality.starving.get(i);
            assertThat(part.locality == locality && part.wanting && swarm.find(part.member) == part)
                    .isTrue();
        }
    }

    /** Nothing that went wrong has lasting effects: once there is a seed that has all, everyone gets all. */
    private void allGoesWell() {
        Member seed = conductor.join(Zone.NONE, true);
        members.add(seed);
        swarms.keySet().forEach(swarm -> IntStream.range(0, swarm.blocks()).forEach(block -> hold(seed, swarm, block)));
        List.copyOf(members)
                .forEach(member -> swarms.keySet().forEach(swarm -> {
                    conductor.wants(member, swarm);
                    world(swarm).wants.add(member);
                }));
        for (int second = 0; second < 60; second++) {
            now += Duration.ofSeconds(1).toNanos();
            expire();
            decide();
            for (int i = 0; i < 2000 && !open.isEmpty(); i++) {
                fetch(open.get(random.nextInt(open.size())).order());
                decide();
            }
            check();
        }
        assertThat(open).isEmpty();
        swarms.forEach((swarm, world) -> assertThat(members)
                .allSatisfy(
                        member -> assertThat(world.heldBy(member).cardinality()).isEqualTo(swarm.blocks())));
    }
}
