package io.pantala.examples.simulator;

import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;

/** Hosts, a seed and a registry on virtual time, where one blob goes to all. */
final class World {
    /** How long a host takes to notice that one it fetches from has stopped without a word, and so does the seed. */
    private static final double SILENCE = 5;

    private static final double MINUTE = 60;

    /** Of a block, that are passed on one by one by those who are receiving it themselves. */
    private static final int PIECES = 8;

    /** How long a source waits for a block that it is to pass on to begin to come. */
    private static final double RELAY_PATIENCE = 2;

    final Scenario scenario;
    final Timeline timeline = new Timeline();
    final Host seed;
    final List<Host> hosts;
    private final int blocks;
    private final Network network = new Network(timeline);
    private final Random random;

    /** Between each two zones, by where it goes out and in. */
    private final Link[][] borders;

    private final Design design;
    private double seedBytes;
    private double borderBytes;
    private double registryBytes;
    private int unfinished;

    World(Scenario scenario, Function<World, Design> design) {
        this.scenario = scenario;
        this.random = new Random(scenario.chance());
        this.blocks = scenario.layout().count();
        this.unfinished = scenario.hosts();
        this.seed = new Host(-1, 0, false, scenario.rate(), blocks);
        int slow = (int) Math.round(scenario.slow() * scenario.hosts());
        this.hosts = IntStream.range(0, scenario.hosts())
                .mapToObj(i -> host(i, (long) (i + 1) * slow / scenario.hosts() > (long) i * slow / scenario.hosts()))
                .toList();
        this.borders = new Link[scenario.zones()][scenario.zones()];
        for (int from = 0; from < scenario.zones(); from++) {
            for (int to = 0; to < scenario.zones(); to++) {
                borders[from][to] = new Link(scenario.border() * scenario.rate());
            }
        }
        this.design = design.apply(this);
    }

    private Host host(int index, boolean slow) {
        double rate = slow ? scenario.slowRate() : scenario.rate();
        return new Host(index, index % scenario.zones(), slow, rate, blocks);
    }

    /** Lets it all happen. */
    Outcome run() {
        backfill(0);
        double arriving = scenario.arriving() * scenario.bound(scenario.rate());
        for (Host host : hosts) {
            timeline.in(arriving * random.nextDouble(), () -> arrive(host));
        }
        while (unfinished > 0) {
            if (!timeline.step()) {
                throw new IllegalStateException(unfinished + " hosts wait for blocks that nobody sends");
            }
        }
        double size = scenario.size();
        return new Outcome(
                scenario,
                hosts,
                registryBytes / size,
                seedBytes / size,
                borderBytes / size,
                timeline.now(),
                design.cost());
    }

    private void backfill(int block) {
        if (block < blocks) {
            int length = scenario.layout().length(block);
            timeline.in(length / scenario.rate(), () -> {
                registryBytes += length;
                seed.hold(block, timeline.now());
                design.seeded(block);
                backfill(block + 1);
            });
        }
    }

    private void arrive(Host host) {
        host.arrived = timeline.now();
        design.arrived(host);
        if (scenario.failing() > 0) {
            double rate = -Math.log1p(-scenario.failing()) / MINUTE;
            timeline.in(-Math.log1p(-random.nextDouble()) / rate, () -> fail(host));
        }
    }

    private void fail(Host host) {
        if (host.gone) {
            return;
        }
        host.gone = true;
        unfinished -= host.done < 0 ? 1 : 0;
        // Every other one is cut off from the network instead of being killed, which shows only by its silence.
        double noticed = host.index % 2 == 0 ? SILENCE : latency();
        for (Fetch fetch : List.copyOf(host.serving)) {
            end(fetch);
            timeline.in(noticed, () -> lose(fetch));
        }
        for (Fetch fetch : List.copyOf(host.queue)) {
            timeline.in(noticed, () -> lose(fetch));
        }
        for (Fetch fetch : List.copyOf(host.fetching)) {
            end(fetch);
            fetch.over = true;
        }
        host.fetching.clear();
        host.waiting.clear();
        timeline.in(noticed, () -> design.left(host));
    }

    private void lose(Fetch fetch) {
        if (!fetch.over) {
            fetch.over = true;
            fetch.ended = timeline.now();
            fetch.to.fetching.remove(fetch);
            design.failed(fetch);
            begin(fetch.to);
        }
    }

    /** Something that takes as long as the seed and a host take to tell one another something. */
    void afterDelay(Runnable what) {
        timeline.in(jittered(scenario.delay() * scenario.blockTime()), what);
    }

    /** How long a request takes to reach its source, and the answer's first byte to come. */
    private double latency() {
        return jittered(scenario.latency() * scenario.blockTime());
    }

    private double jittered(double seconds) {
        return seconds * (1 + scenario.jitter() * random.nextDouble());
    }

    /** Has a host fetch a block, as soon as it has a transfer to spare. */
    Fetch fetch(Host to, int block, Host from) {
        Fetch fetch = new Fetch(to, from, block, timeline.now());
        if (!to.gone) {
            to.waiting.add(fetch);
            begin(to);
        }
        return fetch;
    }

    private void begin(Host host) {
        while (!host.waiting.isEmpty() && host.fetching.size() < design.downloads()) {
            Fetch fetch = host.waiting.remove();
            fetch.asked = timeline.now();
            host.fetching.add(fetch);
            timeline.in(latency(), () -> reach(fetch));
            watch(fetch);
        }
    }

    /** Once a host knows how long blocks take, those are late, too, that it has asked for before. */
    private void watch(Fetch fetch) {
        double left = fetch.asked + fetch.to.lateAfter() - timeline.now();
        if (left <= 0) {
            design.late(fetch);
        } else {
            timeline.in(Math.min(left, Host.SOONEST_LATE), () -> {
                if (!fetch.over) {
                    watch(fetch);
                }
            });
        }
    }

    private void reach(Fetch fetch) {
        if (fetch.over) {
            return;
        }
        if (fetch.from.gone) {
            timeline.in(latency(), () -> lose(fetch));
        } else if (fetch.from.serving.size() < design.uploads()) {
            serve(fetch);
        } else {
            fetch.from.queue.add(fetch);
        }
    }

    private void serve(Fetch fetch) {
        fetch.weight = Math.exp(scenario.unequal() * random.nextGaussian());
        fetch.from.serving.add(fetch);
        send(fetch);
    }

    /** A source that is just receiving the block itself passes it on a piece at a time, but for the end. */
    private void send(Fetch fetch) {
        if (fetch.over || fetch.from.gone) {
            return;
        }
        double length = scenario.layout().length(fetch.block);
        double piece = length / PIECES;
        double there = fetch.from == seed || fetch.from.held.get(fetch.block)
                ? length
                : fetch.from.arrived(fetch.block, timeline.now()) - piece;
        if (there - fetch.moved >= Math.min(piece, length - fetch.moved)) {
            flow(fetch, there - fetch.moved, length);
        } else if (!fetch.from.expects(fetch.block) && timeline.now() - fetch.asked > RELAY_PATIENCE) {
            end(fetch);
            lose(fetch);
        } else {
            timeline.in(scenario.blockTime() / 2, () -> send(fetch));
        }
    }

    private void flow(Fetch fetch, double bytes, double length) {
        Host from = fetch.from;
        Host to = fetch.to;
        Runnable next = () -> {
            fetch.stopped(timeline.now());
            if (fetch.moved > length - 1) {
                come(fetch);
            } else {
                send(fetch);
            }
        };
        Flow flow = from.zone == to.zone
                ? new Flow(bytes, fetch.weight, next, from.up, to.down)
                : new Flow(bytes, fetch.weight, next, from.up, borders[from.zone][to.zone], to.down);
        fetch.flow = flow;
        fetch.flowing = bytes;
        network.start(flow);
    }

    private void come(Fetch fetch) {
        Host host = fetch.to;
        end(fetch);
        fetch.over = true;
        fetch.ended = timeline.now();
        host.fetching.remove(fetch);
        host.took(fetch.ended - fetch.asked);
        boolean news = host.hold(fetch.block, timeline.now());
        design.fetched(fetch);
        if (news) {
            for (Fetch other : List.copyOf(host.fetching)) {
                if (other.block == fetch.block) {
                    abandon(other);
                }
            }
            if (host.done >= 0 && !host.gone) {
                unfinished--;
            }
        }
        begin(host);
    }

    /** Another source was faster. */
    private void abandon(Fetch fetch) {
        end(fetch);
        fetch.over = true;
        fetch.ended = timeline.now();
        fetch.to.fetching.remove(fetch);
        fetch.from.queue.remove(fetch);
    }

    /** No more of its bytes come. */
    private void end(Fetch fetch) {
        if (!fetch.from.serving.remove(fetch)) {
            return;
        }
        if (fetch.flow != null) {
            network.cut(fetch.flow);
            fetch.stopped(timeline.now());
        }
        seedBytes += fetch.from == seed ? fetch.moved : 0;
        borderBytes += fetch.from.zone == fetch.to.zone ? 0 : fetch.moved;
        while (!fetch.from.gone && !fetch.from.queue.isEmpty() && fetch.from.serving.size() < design.uploads()) {
            Fetch next = fetch.from.queue.remove();
            if (!next.over) {
                serve(next);
            }
        }
    }

    /** Where the chance of a design begins. */
    long chance() {
        return random.nextLong();
    }
}
