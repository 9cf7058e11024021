package io.pantala.examples.lab;

import io.pantala.examples.lab.Outcome.End;
import io.pantala.examples.lab.Outcome.Way;
import io.pantala.examples.lab.Rack.Host;
import io.pantala.examples.rig.Blob;
import io.pantala.examples.rig.Engine;
import io.pantala.examples.rig.Engine.Use;
import io.pantala.examples.rig.Machine;
import io.pantala.examples.rig.Metrics;
import io.pantala.examples.rig.Network.Carried;
import io.pantala.examples.rig.RigException;
import io.pantala.examples.rig.Tools;
import io.pantala.examples.rig.Workspace;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** Hosts that pull the same, each when it is its turn, while things go wrong as was asked for. */
final class Run {
    private static final String FROM_PEERS = "pantala_source_bytes_total{source=\"peer\"}";
    private static final String CONTROL = "pantala_control_bytes_total";
    private static final String EXCESS = "pantala_registry_excess_bytes_total";
    private static final int CONNECTIONS = 3;
    private static final double GIB = 1L << 30;

    /** Until all threads are there. */
    private static final Duration HEAD_START = Duration.ofMillis(300);

    /** What the registry says of an answer comes a little after it. */
    private static final Duration SETTLING = Duration.ofMillis(300);

    private static final Duration LOOK = Duration.ofMillis(20);

    private final Experiment experiment;
    private final Fleet fleet;
    private final Workspace files;
    private final Way way;
    private final Content content;
    private final List<Host> hosts;

    private final LongAdder delivered = new LongAdder();
    private final Set<Host> killed = ConcurrentHashMap.newKeySet();
    private final Random random;

    /** @param random decides when hosts come, and which are killed */
    Run(Experiment experiment, Fleet fleet, Workspace files, Content content, Way way, int hosts, Random random) {
        this.experiment = experiment;
        this.fleet = fleet;
        this.files = files;
        this.content = content;
        this.way = way;
        this.hosts = fleet.hosts(hosts);
        this.random = random;
    }

    /**
     * Does it; afterwards all hosts and the seed run again.
     *
     * @param round by which it is known
     */
    Outcome go(int round, LinkLog links) throws Exception {
        Map<String, Carried> carriedBefore = fleet.network().carried();
        Counted before = counted();
        Duration cpuBefore = fleet.hostsCpu();
        List<Outcome.Pull> pulls;
        double idle;
        try (AutoCloseable _ = links.watch(content.tag(), fleet.network())) {
            Machine.Ticks ticks = Machine.ticks();
            pulls = pullAll();
            idle = Machine.ticks().idleSince(ticks);
        }
        Map<String, Carried> carried = fleet.network().carried();
        fleet.rest();
        double cpu = fleet.hostsCpu().minus(cpuBefore).toNanos() / 1e9;
        Counted counted = counted().since(before);
        Thread.sleep(SETTLING);
        long registryBytes = 0;
        for (Blob layer : content.layers()) {
            registryBytes += fleet.registry().sent(layer.digest());
        }
        if (!experiment.faults().isNone()) {
            fleet.revive();
        }
        return new Outcome(
                way,
                round,
                content.bytes(),
                bound(),
                pulls,
                registryBytes,
                carried(carriedBefore, carried, Fleet.SEED::equals).sent(),
                carried(carriedBefore, carried, name -> name.startsWith(Fleet.ZONE))
                        .received(),
                counted.fromPeers(),
                counted.excess(),
                counted.control(),
                cpu / (hosts.size() * content.bytes() / GIB),
                idle);
    }

    private double bound() {
        Bound bound = experiment.bound();
        return switch (way) {
            case NATIVE -> isAtOnce() ? bound.unaided(hosts.size(), content.bytes()) : bound.alone(content.bytes());
            case PANTALA ->
                isAtOnce()
                        ? bound.seconds(hosts.size(), content.bytes(), content.blocks())
                        : bound.alone(content.bytes());
        };
    }

    private boolean isAtOnce() {
        return experiment.arrival() instanceof Arrival.AtOnce;
    }

    private interface Named {
        boolean test(String name);
    }

    /** What the links of some names have carried between. */
    private static Carried carried(Map<String, Carried> before, Map<String, Carried> after, Named named) {
        long sent = 0;
        long received = 0;
        for (Map.Entry<String, Carried> link : after.entrySet()) {
            if (named.test(link.getKey())) {
                Carried start = before.getOrDefault(link.getKey(), new Carried(0, 0));
                sent += link.getValue().sent() - start.sent();
                received += link.getValue().received() - start.received();
            }
        }
        return new Carried(sent, received);
    }

    /**
     * What nodes count.
     *
     * @param fromPeers bytes that hosts had from one another
     * @param control bytes of messages between hosts and the seed
     * @param excess bytes that the registry sent beyond one copy, by reason
     */
    private record Counted(double fromPeers, double control, Map<String, Double> excess) {
        /** What came since; a node that was started anew has begun at nothing. */
        Counted since(Counted before) {
            Map<String, Double> more = new TreeMap<>();
            excess.forEach((reason, bytes) -> {
                double difference = bytes - before.excess.getOrDefault(reason, 0.0);
                if (difference > 0) {
                    more.put(reason, difference);
                }
            });
            return new Counted(fromPeers - before.fromPeers, Math.max(0, control - before.control), more);
        }
    }

    /** What nodes have counted so far, of those that tell. */
    private Counted counted() throws InterruptedException {
        double fromPeers = 0;
        double control = 0;
        Map<String, Double> excess = new HashMap<>();
        if (way == Way.PANTALA) {
            fleet.seedMetrics().byLabel(EXCESS).forEach((reason, bytes) -> excess.merge(reason, bytes, Double::sum));
            for (Host host : hosts) {
                if (!killed.contains(host)) {
                    try {
                        Metrics metrics = host.metrics();
                        fromPeers += metrics.value(FROM_PEERS);
                        control += metrics.byLabel(CONTROL).values().stream()
                                .mapToDouble(Double::doubleValue)
                                .sum();
                        metrics.byLabel(EXCESS).forEach((reason, bytes) -> excess.merge(reason, bytes, Double::sum));
                    } catch (IOException e) {
                        // Its pull tells why.
                    }
                }
            }
        }
        return new Counted(fromPeers, control, excess);
    }

    private List<Outcome.Pull> pullAll() throws Exception {
        List<Duration> arrivals = experiment.arrival().times(hosts.size(), random);
        long start = System.nanoTime() + HEAD_START.toNanos();
        try (ExecutorService threads = Executors.newThreadPerTaskExecutor(
                Thread.ofPlatform().daemon().name("engine-", 0).factory())) {
            Optional<Future<?>> faults =
                    way == Way.PANTALA && !experiment.faults().isNone()
                            ? Optional.of(threads.submit(this::doHarm))
                            : Optional.empty();
            try {
                List<Callable<Outcome.Pull>> turns = new ArrayList<>();
                for (int i = 0; i < hosts.size(); i++) {
                    Host host = hosts.get(i);
                    Duration arrival = arrivals.get(i);
                    turns.add(() -> pull(host, start, arrival));
                }
                List<Outcome.Pull> pulls = new ArrayList<>();
                for (Future<Outcome.Pull> turn : threads.invokeAll(turns)) {
                    pulls.add(turn.get());
                }
                return pulls;
            } catch (ExecutionException e) {
                throw e.getCause() instanceof Exception failure ? failure : e;
            } finally {
                faults.ifPresent(each -> each.cancel(true));
                threads.shutdownNow();
            }
        }
    }

    private Outcome.Pull pull(Host host, long start, Duration arrival) throws InterruptedException {
        Thread.sleep(Duration.ofNanos(Math.max(0, start + arrival.toNanos() - System.nanoTime())));
        double began = (System.nanoTime() - start) / 1e9;
        try {
            Engine.Pulled pulled = pull(host);
            return new Outcome.Pull(
                    host.name(),
                    host.zone(),
                    began,
                    seconds(pulled.firstByte()),
                    seconds(pulled.all()),
                    End.DONE,
                    null);
        } catch (IOException | RigException e) {
            double after = (System.nanoTime() - start) / 1e9 - began;
            return new Outcome.Pull(
                    host.name(),
                    host.zone(),
                    began,
                    Double.NaN,
                    after,
                    killed.contains(host) ? End.KILLED : End.FAILED,
                    e.getMessage());
        }
    }

    private static double seconds(Duration time) {
        return time.toNanos() / 1e9;
    }

    private Engine.Pulled pull(Host host) throws IOException, InterruptedException, RigException {
        Engine engine = switch (way) {
            case NATIVE -> fleet.straight(host, delivered::add);
            case PANTALA -> fleet.through(host, delivered::add);
        };
        return switch (experiment.load()) {
            case BLOB ->
                engine.blob(Content.REPOSITORY, content.layers().getFirst().digest(), Use.VERIFY);
            case IMAGE -> engine.image(Content.REPOSITORY, content.tag(), CONNECTIONS, Use.VERIFY);
            case SKOPEO -> skopeo(host);
        };
    }

    /** It shows no headers and no first byte. */
    private Engine.Pulled skopeo(Host host) throws IOException, InterruptedException, RigException {
        String registry = switch (way) {
            case NATIVE -> fleet.registry().uri().getAuthority();
            case PANTALA ->
                host.proxy().getAddress().getHostAddress() + ":" + host.proxy().getPort() + "/" + Fleet.UPSTREAM;
        };
        Path into = files.root().resolve("skopeo-" + host.name());
        long start = System.nanoTime();
        try {
            Tools.run(host.site()
                    .command(List.of(
                            Tools.path("skopeo"),
                            "copy",
                            "--quiet",
                            "--src-tls-verify=false",
                            "docker://" + registry + "/" + Content.REPOSITORY + ":" + content.tag(),
                            "dir:" + into)));
            Duration all = Duration.ofNanos(System.nanoTime() - start);
            return new Engine.Pulled(content.bytes(), all, all, all);
        } finally {
            files.remove(into);
        }
    }

    private @Nullable Void doHarm() throws IOException, InterruptedException {
        Map<Integer, List<Harm>> harms = new HashMap<>();
        experiment
                .faults()
                .hosts()
                .ifPresent(fault -> harms.computeIfAbsent(fault.at(), _ -> new ArrayList<>())
                        .add(() -> killHosts(fault)));
        experiment
                .faults()
                .seed()
                .ifPresent(fault -> harms.computeIfAbsent(fault.at(), _ -> new ArrayList<>())
                        .add(() -> killSeed(fault)));
        for (int at : harms.keySet().stream().sorted().toList()) {
            while (delivered.sum() * 100 < (long) at * hosts.size() * content.bytes()) {
                Thread.sleep(LOOK);
            }
            for (Harm harm : harms.getOrDefault(at, List.of())) {
                harm.happen();
            }
        }
        return null;
    }

    private interface Harm {
        void happen() throws IOException, InterruptedException;
    }

    /** Hosts that share a process die together. */
    private void killHosts(Faults.Hosts fault) {
        List<Rack> racks = new ArrayList<>(fleet.racks());
        racks.removeIf(rack -> !hosts.containsAll(rack.hosts()));
        Collections.shuffle(racks, random);
        int left = fault.of(hosts.size());
        for (Rack rack : racks) {
            if (left > 0 && killed.size() + rack.hosts().size() < hosts.size()) {
                left -= rack.hosts().size();
                killed.addAll(rack.hosts());
                rack.kill();
            }
        }
    }

    private void killSeed(Faults.Seed fault) throws IOException, InterruptedException {
        fleet.killSeed();
        if (fault.back().isPresent()) {
            Thread.sleep(fault.back().get());
            fleet.startSeed();
        }
    }
}
