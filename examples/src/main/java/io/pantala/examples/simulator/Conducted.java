package io.pantala.examples.simulator;

import io.pantala.manifest.BlockLayout;
import io.pantala.seed.schedule.Conductor;
import io.pantala.seed.schedule.ConductorConfig;
import io.pantala.seed.schedule.Failure;
import io.pantala.seed.schedule.Member;
import io.pantala.seed.schedule.Swarm;
import io.pantala.seed.schedule.Zone;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** The product's design: the seed assigns every block and source, by the very class that does so in the product. */
final class Conducted implements Design {
    private static final double EXPIRY = 5;
    private static final int TRIALS = 20_000;

    /** So many that what else takes memory or gives it back doesn't count. */
    private static final int WEIGHED = 10_000;

    private static final int COLLECTIONS = 4;

    private final World world;
    private final ConductorConfig config;
    private final Conductor conductor;
    private final Swarm swarm;
    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private final Map<Member, Host> hosts = new HashMap<>();
    private final @Nullable Member[] members;
    private final Member seed;
    private final List<Order> orders = new ArrayList<>();
    private final long measuring;
    private long cpuNanos;
    private long decisions;
    private long messages;

    private record Order(Member to, int block, Member from) {}

    Conducted(World world, ConductorConfig config) {
        this.world = world;
        this.config = config;
        this.conductor = new Conductor(config, new SplittableRandom(world.chance()));
        this.swarm = conductor.open(world.scenario.layout());
        this.members = new Member[world.scenario.hosts()];
        this.seed = join(world.seed);
        this.measuring = measuring();
        expire();
    }

    /** What it takes to see how much CPU time something took: as long as many a decision. */
    private long measuring() {
        long sum = 0;
        for (int trial = 0; trial < 2 * TRIALS; trial++) {
            long before = threads.getCurrentThreadCpuTime();
            long took = threads.getCurrentThreadCpuTime() - before;
            sum += trial < TRIALS ? 0 : took;
        }
        return sum / TRIALS;
    }

    /** The bytes that a conductor keeps for each host, once that has half of the blob. */
    static long bytesPerHost(BlockLayout layout) {
        long before = used();
        Conductor conductor = new Conductor(ConductorConfig.DEFAULT, new SplittableRandom(WEIGHED));
        try {
            Swarm swarm = conductor.open(layout);
            for (int host = 0; host < WEIGHED; host++) {
                Member member = conductor.join(Zone.NONE, false);
                conductor.wants(member, swarm);
                for (int block = host % 2; block < swarm.blocks(); block += 2) {
                    conductor.holds(member, swarm, block);
                }
            }
            return (used() - before) / WEIGHED;
        } finally {
            Reference.reachabilityFence(conductor);
        }
    }

    private static long used() {
        // One collection in four removes all; the others leave what is dead among much that is not.
        for (int i = 0; i < COLLECTIONS; i++) {
            System.gc();
        }
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    private Member join(Host host) {
        Zone zone = world.scenario.zones() == 1 ? Zone.NONE : new Zone("region", "zone-" + host.zone, "");
        Member member = conductor.join(zone, host == world.seed);
        hosts.put(member, host);
        return member;
    }

    private @Nullable Member member(Host host) {
        return host == world.seed ? seed : members[host.index];
    }

    @Override
    public int downloads() {
        return config.mostSlots();
    }

    @Override
    public int uploads() {
        return Integer.MAX_VALUE;
    }

    @Override
    public void seeded(int block) {
        decide(() -> conductor.holds(seed, swarm, block));
    }

    @Override
    public void arrived(Host host) {
        tell(() -> {
            Member member = join(host);
            members[host.index] = member;
            conductor.wants(member, swarm);
        });
    }

    @Override
    public void fetched(Fetch fetch) {
        long took = nanos(fetch.ended - fetch.asked);
        long waited = nanos(fetch.asked - fetch.decided);
        report(
                fetch,
                (to, from) -> conductor.fetched(to, swarm, fetch.block, from, took, waited, world.timeline.nanos()));
    }

    @Override
    public void late(Fetch fetch) {
        report(fetch, (to, from) -> conductor.late(to, swarm, fetch.block, from, world.timeline.nanos()));
    }

    @Override
    public void failed(Fetch fetch) {
        report(
                fetch,
                (to, from) ->
                        conductor.failed(to, swarm, fetch.block, from, Failure.UNREACHABLE, world.timeline.nanos()));
    }

    private interface Report {
        void tell(Member to, Member from);
    }

    private void report(Fetch fetch, Report report) {
        Member to = member(fetch.to);
        Member from = member(fetch.from);
        if (to != null && from != null) {
            tell(whenHeard(report, to, from));
        }
    }

    private static Runnable whenHeard(Report report, Member to, Member from) {
        return () -> report.tell(to, from);
    }

    @Override
    public void left(Host host) {
        Member member = member(host);
        if (member != null) {
            decide(() -> conductor.leave(member));
        }
    }

    private static long nanos(double seconds) {
        return Math.round(seconds * 1e9);
    }

    private void tell(Runnable what) {
        messages++;
        world.afterDelay(() -> decide(what));
    }

    private void decide(Runnable told) {
        long before = threads.getCurrentThreadCpuTime();
        told.run();
        conductor.decide(world.timeline.nanos(), (to, _, block, from, _) -> orders.add(new Order(to, block, from)));
        cpuNanos += threads.getCurrentThreadCpuTime() - before - measuring;
        decisions += orders.size();
        orders.forEach(this::send);
        orders.clear();
    }

    private void send(Order order) {
        Host to = Objects.requireNonNull(hosts.get(order.to));
        Host from = Objects.requireNonNull(hosts.get(order.from));
        messages++;
        world.afterDelay(() -> world.fetch(to, order.block, from));
    }

    private void expire() {
        world.timeline.in(EXPIRY, () -> {
            decide(() -> conductor.expire(world.timeline.nanos()));
            expire();
        });
    }

    @Override
    public Cost cost() {
        return new Cost(cpuNanos, decisions, messages);
    }
}
