package io.pantala.examples.rig;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A seed or a host's proxy, as a process of its own. */
public final class PantalaNode implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Pattern READY = Pattern.compile(" ready( .*)");

    private final Daemon daemon;
    private final InetSocketAddress address;
    private final InetSocketAddress admin;
    private final Duration readyAfter;

    private PantalaNode(Daemon daemon, InetSocketAddress address, InetSocketAddress admin, Duration readyAfter) {
        this.daemon = daemon;
        this.address = address;
        this.admin = admin;
        this.readyAfter = readyAfter;
    }

    /** What a node is. */
    public enum Role {
        SEED("seed", "seed.listen"),
        HOST("proxy", "listen");

        private final String command;
        private final String key;

        Role(String command, String key) {
            this.command = command;
            this.key = key;
        }
    }

    /**
     * Starts a node and waits until it is ready.
     *
     * @param name for its log, and for people
     * @param data its data directory; its log is beside it
     * @param listen {@code HOST:PORT}, where port 0 is any free one
     * @param flags further ones
     */
    public static PantalaNode start(
            Installation program, Role role, Site site, String name, Path data, String listen, List<String> flags)
            throws IOException, InterruptedException {
        return start(program, role, site, name, data, listen, flags, data.resolveSibling("."));
    }

    /**
     * The same, with its log elsewhere.
     *
     * @param logs the directory for it
     */
    public static PantalaNode start(
            Installation program,
            Role role,
            Site site,
            String name,
            Path data,
            String listen,
            List<String> flags,
            Path logs)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(program.command());
        command.add(role.command);
        command.add("--" + role.key.replace('.', '-') + "=" + listen);
        command.add("--admin-listen=127.0.0.1:0");
        command.add("--data-dir=" + data);
        command.addAll(flags);
        Daemon daemon = Daemon.start(site, name, logs.resolve(name + ".log"), command);
        try {
            Daemon.Seen ready = daemon.awaitLine(READY, PATIENCE);
            String addresses = ready.match().group(1);
            return new PantalaNode(
                    daemon, address(addresses, role.key), address(addresses, "admin.listen"), ready.after());
        } catch (IOException | InterruptedException e) {
            daemon.close();
            throw e;
        }
    }

    /** What hosts join the cluster of a seed with, as its data directory knows. */
    public static String joinToken(Installation program, Site site, Path seedData)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(program.command());
        command.addAll(List.of("token", "--data-dir=" + seedData));
        // It says more beside it, for people.
        return Tools.run(site.command(command))
                .lines()
                .filter(line -> !line.contains(" ") && !line.isBlank())
                .findFirst()
                .orElseThrow(() -> new IOException("pantala token printed none"));
    }

    private static InetSocketAddress address(String addresses, String key) throws IOException {
        Matcher found =
                Pattern.compile(" " + Pattern.quote(key) + "=(\\S+):(\\d+)").matcher(addresses);
        if (!found.find()) {
            throw new IOException("a node did not say where it listens, but:" + addresses);
        }
        return new InetSocketAddress(found.group(1), Integer.parseInt(found.group(2)));
    }

    public Daemon daemon() {
        return daemon;
    }

    /** Where engines, or other nodes, find it. */
    public InetSocketAddress address() {
        return address;
    }

    /** {@link #address} as a flag takes it. */
    public String authority() {
        return address.getHostString() + ":" + address.getPort();
    }

    /** Where its health and metrics are, on its own site. */
    public InetSocketAddress admin() {
        return admin;
    }

    /** How long its start took. */
    public Duration readyAfter() {
        return readyAfter;
    }

    /** Ends it, and waits until it has. */
    @Override
    public void close() {
        daemon.close();
    }
}
