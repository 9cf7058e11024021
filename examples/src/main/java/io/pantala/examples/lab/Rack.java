package io.pantala.examples.lab;

import io.pantala.examples.rig.Daemon;
import io.pantala.examples.rig.Installation;
import io.pantala.examples.rig.Metrics;
import io.pantala.examples.rig.Site;
import io.pantala.examples.rig.Usage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Hosts that share a process: one, the program itself as users run it, or several. Each has a network of its own. */
final class Rack {
    private static final int ENGINES = 6460;
    private static final int PEERS = 6461;
    private static final int ADMIN = 6463;
    private static final String LINKS = "pantala_seed_links";
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Duration LOOK = Duration.ofMillis(100);

    private final String name;
    private final List<Host> hosts;
    private final Path files;
    private final Path logs;
    private @Nullable Daemon process;
    private Duration spent = Duration.ZERO;

    /**
     * One host.
     *
     * @param zone where it is; empty where there are none
     */
    record Host(String name, Site site, String zone) {
        /** Where its engine finds its proxy. */
        InetSocketAddress proxy() {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), ENGINES);
        }

        Metrics metrics() throws IOException, InterruptedException {
            return Metrics.of(site, new InetSocketAddress(InetAddress.getLoopbackAddress(), ADMIN));
        }
    }

    /**
     * Hosts that are to share a process.
     *
     * @param files where configurations and data go
     * @param logs where the log goes
     */
    Rack(List<Host> hosts, Path files, Path logs) {
        this.name = hosts.getFirst().name();
        this.hosts = List.copyOf(hosts);
        this.files = files;
        this.logs = logs;
    }

    List<Host> hosts() {
        return hosts;
    }

    /**
     * Starts the process where it doesn't run, and waits until all its hosts are linked to the seed, which may just have
     * been started itself.
     *
     * @param settings that all hosts have, lines of YAML
     */
    void ready(Installation program, String settings) throws IOException, InterruptedException {
        Daemon running = isRunning() ? Objects.requireNonNull(process) : start(program, settings);
        long end = System.nanoTime() + PATIENCE.toNanos();
        for (Host host : hosts) {
            awaitLink(host, running, end);
        }
    }

    private Daemon start(Installation program, String settings) throws IOException, InterruptedException {
        List<Path> configurations = new ArrayList<>();
        for (Host host : hosts) {
            configurations.add(Files.writeString(
                    files.resolve(host.name() + ".yaml"),
                    settings
                            + """
                    listen: 127.0.0.1:%d
                    peer: {listen: '[::]:%d'}
                    admin: {listen: 127.0.0.1:%d}
                    data-dir: '%s'
                    """.formatted(ENGINES, PEERS, ADMIN, files.resolve(host.name() + "-data"))
                            + (host.zone().isEmpty() ? "" : "zone: " + host.zone() + "\n")));
        }
        Daemon started = hosts.size() == 1
                ? Daemon.start(
                        hosts.getFirst().site(),
                        name,
                        log(),
                        with(program.command(), "proxy", "--config=" + configurations.getFirst()))
                : Daemon.start(hosts.getFirst().site(), name, log(), ManyHosts.command(sites(), configurations));
        process = started;
        return started;
    }

    private Path log() {
        return logs.resolve(name + ".log");
    }

    private List<Site> sites() {
        return hosts.stream().map(Host::site).toList();
    }

    private static List<String> with(List<String> command, String... arguments) {
        List<String> all = new ArrayList<>(command);
        all.addAll(List.of(arguments));
        return all;
    }

    private void awaitLink(Host host, Daemon started, long end) throws IOException, InterruptedException {
        while (true) {
            try {
                if (host.metrics().value(LINKS) >= 1) {
                    return;
                }
            } catch (IOException e) {
                if (!started.isRunning()) {
                    throw new IOException(name + " ended; its last words:\n" + started.lastWords(), e);
                }
            }
            if (System.nanoTime() > end) {
                throw new IOException(host.name() + " was not linked to the seed within " + PATIENCE.toSeconds()
                        + " s; the last words of its process:\n" + started.lastWords());
            }
            Thread.sleep(LOOK);
        }
    }

    boolean isRunning() {
        return process != null && process.isRunning();
    }

    /** CPU time so far, of processes before this one too. */
    synchronized Duration cpu() {
        try {
            return isRunning() ? spent.plus(usage().cpu()) : spent;
        } catch (IOException e) {
            return spent;
        }
    }

    private Usage usage() throws IOException {
        return Objects.requireNonNull(process).usage();
    }

    /** Ends it as {@code kill -9} does, with all its hosts. */
    synchronized void kill() {
        if (process != null) {
            spent = cpu();
            process.kill();
        }
    }
}
