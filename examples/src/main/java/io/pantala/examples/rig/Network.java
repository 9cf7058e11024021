package io.pantala.examples.rig;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Hosts on one machine, each in a network namespace of its own, joined by a switch in one more. A host's link may have a
 * rate, which then holds for each direction by itself. Some may stand in a zone, a switch of their own behind one link
 * to the others. Nothing outside these namespaces is touched, and the hosts reach nothing outside.
 */
public final class Network implements AutoCloseable {
    private static final Pattern NAMESPACE = Pattern.compile("pantala-(\\d+)-\\S+");
    private static final String BRIDGE = "switch";
    private static final String LINK = "eth0";
    private static final int MOST_HOSTS = 250 * 250;

    /**
     * What leaves at once after a pause, at least: what TCP sends first. Not more, or slow links would have bursts that
     * last; larger packets are cut by the kernel.
     */
    private static final long LEAST_BURST = 16 << 10;

    private static final double BURST_SECONDS = 0.001;

    /** What waits at a full link, beside the burst. */
    private static final double QUEUE_SECONDS = 0.02;

    private static final long LEAST_QUEUE = 128 << 10;

    /**
     * Every host's is the one that each kernel has, and lets a namespace choose: BBR, which a machine may have as its own,
     * loses and sends again a fifth of what several senders bring to one short queue.
     */
    private static final Path CONGESTION_CONTROL = Path.of("/proc/sys/net/ipv4/tcp_congestion_control");

    /** As the kernel shows them: name, then 8 numbers of what was received and 8 of what was sent, bytes first. */
    private static final Pattern COUNTERS = Pattern.compile("\\s*(\\S+):\\s*(\\d+)(?:\\s+\\d+){7}\\s+(\\d+)\\s.*");

    private final String prefix = "pantala-" + ProcessHandle.current().pid() + "-";
    private final List<String> namespaces = new ArrayList<>();
    private final Map<String, String> links = new HashMap<>();
    private final List<String> zones = new ArrayList<>();
    private final List<Site> hosts = new ArrayList<>();

    /**
     * What a link has carried so far, bytes with the headers of all packets that the kernel made.
     *
     * @param sent by the host, or out of the zone
     * @param received by the host, or into the zone
     */
    public record Carried(long sent, long received) {}

    private Network() {}

    /** Makes one without hosts. Removes what a program that was killed may have left. */
    public static Network create() throws RigException, IOException, InterruptedException {
        Tools.requireRoot();
        Tools.require("ip", "tc");
        removeLeftOvers();
        Network network = new Network();
        try {
            String hub = network.namespace(BRIDGE);
            ip("-n", hub, "link", "add", BRIDGE, "type", "bridge");
            ip("-n", hub, "link", "set", BRIDGE, "up");
            return network;
        } catch (IOException | InterruptedException e) {
            network.close();
            throw e;
        }
    }

    /**
     * Adds a host.
     *
     * @param name short, of letters and digits
     * @param rate of its link; null for as fast as the machine can
     */
    public Site add(String name, @Nullable Rate rate) throws IOException, InterruptedException {
        return add(name, rate, BRIDGE);
    }

    /**
     * Adds a zone.
     *
     * @param name short, of letters and digits
     * @param rate of the link between it and all others, in each direction; null for as fast as the machine can
     */
    public void addZone(String name, @Nullable Rate rate) throws IOException, InterruptedException {
        String hub = prefix + BRIDGE;
        String inner = "in" + zones.size();
        String outer = "out" + zones.size();
        zones.add(name);
        ip("-n", hub, "link", "add", name, "type", "bridge");
        ip("-n", hub, "link", "set", name, "up");
        ip("-n", hub, "link", "add", inner, "type", "veth", "peer", "name", outer);
        ip("-n", hub, "link", "set", inner, "master", name, "addrgenmode", "none", "up");
        ip("-n", hub, "link", "set", outer, "master", BRIDGE, "addrgenmode", "none", "up");
        links.put(outer, name);
        if (rate != null) {
            shape(hub, inner, rate);
            shape(hub, outer, rate);
        }
    }

    /**
     * Adds a host to a zone.
     *
     * @param name short, of letters and digits
     * @param rate of its link; null for as fast as the machine can
     * @param zone that was added before
     */
    public Site add(String name, @Nullable Rate rate, String zone) throws IOException, InterruptedException {
        if (hosts.size() == MOST_HOSTS) {
            throw new IllegalStateException("no addresses are left");
        }
        int number = hosts.size();
        String address = "10.64." + (1 + number / 250) + "." + (1 + number % 250);
        String hub = prefix + BRIDGE;
        String port = "port" + number;
        String namespace = namespace(name);
        ip(
                "link",
                "add",
                LINK,
                "address",
                hardware(address),
                "netns",
                namespace,
                "type",
                "veth",
                "peer",
                "name",
                port,
                "netns",
                hub);
        ip("-n", namespace, "address", "add", address + "/16", "dev", LINK);
        // No address that the kernel makes by itself, and so nothing that asks others about it.
        ip("-n", namespace, "link", "set", LINK, "addrgenmode", "none", "up");
        ip("-n", hub, "link", "set", port, "master", zone, "addrgenmode", "none", "up");
        links.put(port, name);
        if (rate != null) {
            shape(namespace, LINK, rate);
            shape(hub, port, rate);
        }
        Site site = new Site(name, address, namespace);
        site.inside(() -> Files.writeString(CONGESTION_CONTROL, "reno"));
        hosts.add(site);
        return site;
    }

    /**
     * Tells all hosts that were added by now where the others are, for good: when hundreds ask for hundreds at once, some
     * get no answer in time, and wait for seconds.
     */
    public void introduce() throws IOException, InterruptedException {
        Path neighbours = Files.createTempFile(prefix, ".ip");
        try {
            for (Site host : hosts) {
                Files.write(
                        neighbours,
                        hosts.stream()
                                .filter(other -> other != host)
                                .map(other -> "neighbour replace " + other.address() + " lladdr "
                                        + hardware(other.address()) + " dev " + LINK + " nud permanent")
                                .toList());
                ip("-n", host.namespace().orElseThrow(), "-batch", neighbours.toString());
            }
        } finally {
            Files.delete(neighbours);
        }
    }

    /** The hardware address of the host with an address. */
    private static String hardware(String address) {
        return Stream.of(address.split("\\.", -1))
                .map(part -> String.format(Locale.ROOT, "%02x", Integer.parseInt(part)))
                .collect(Collectors.joining(":", "02:00:", ""));
    }

    /** What all links have carried, by the names of hosts and zones. */
    public Map<String, Carried> carried() throws IOException, InterruptedException {
        Site hub = new Site(BRIDGE, "none", prefix + BRIDGE);
        Map<String, Carried> carried = new HashMap<>();
        for (String line : hub.inside(() -> Files.readAllLines(Path.of("/proc/thread-self/net/dev")))) {
            Matcher counters = COUNTERS.matcher(line);
            String name = counters.matches() ? links.get(counters.group(1)) : null;
            if (name != null) {
                // What a port of the switch receives is what the host behind it sends.
                carried.put(name, new Carried(Long.parseLong(counters.group(2)), Long.parseLong(counters.group(3))));
            }
        }
        return carried;
    }

    private String namespace(String name) throws IOException, InterruptedException {
        String namespace = prefix + name;
        ip("netns", "add", namespace);
        namespaces.add(namespace);
        ip("-n", namespace, "link", "set", "lo", "up");
        return namespace;
    }

    private static void shape(String namespace, String device, Rate rate) throws IOException, InterruptedException {
        long burst = Math.max(LEAST_BURST, rate.bytesIn(BURST_SECONDS));
        long queue = burst + Math.max(LEAST_QUEUE, rate.bytesIn(QUEUE_SECONDS));
        Tools.run(List.of(
                "tc",
                "-n",
                namespace,
                "qdisc",
                "add",
                "dev",
                device,
                "root",
                "tbf",
                "rate",
                rate.bits() + "bit",
                "burst",
                burst + "b",
                "limit",
                queue + "b"));
    }

    /** Removes all hosts and the switch; what still runs in them must have been ended before. */
    @Override
    public void close() {
        boolean interrupted = Thread.interrupted();
        for (String namespace : namespaces.reversed()) {
            remove(namespace);
        }
        namespaces.clear();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static void removeLeftOvers() throws IOException, InterruptedException {
        for (String line : Tools.run(List.of("ip", "netns", "list")).lines().toList()) {
            Matcher ours = NAMESPACE.matcher(line.split(" ", 2)[0]);
            if (ours.matches() && !Files.exists(Path.of("/proc", ours.group(1)))) {
                for (String pid : Tools.run(List.of("ip", "netns", "pids", ours.group()))
                        .lines()
                        .toList()) {
                    ProcessHandle.of(Long.parseLong(pid)).ifPresent(ProcessHandle::destroyForcibly);
                }
                remove(ours.group());
            }
        }
    }

    private static void remove(String namespace) {
        try {
            ip("netns", "delete", namespace);
        } catch (IOException e) {
            System.err.println(e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void ip(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(List.of(arguments));
        Tools.run(command);
    }
}
