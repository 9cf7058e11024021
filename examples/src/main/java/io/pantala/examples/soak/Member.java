package io.pantala.examples.soak;

import io.pantala.examples.rig.Daemon;
import io.pantala.examples.rig.Installation;
import io.pantala.examples.rig.Metrics;
import io.pantala.examples.rig.PantalaNode;
import io.pantala.examples.rig.Site;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A seed or a host of the cluster, which is ended and started again and again, and watched while it runs. */
final class Member {
    private final Installation program;
    private final PantalaNode.Role role;
    private final Site site;
    private final Path data;
    private final String listen;
    private final List<String> flags;
    private @Nullable PantalaNode node;
    private int descriptorsAtStart;
    private List<Slope.Point> memory = new ArrayList<>();

    /** @param data its directory; its log is beside it */
    Member(Installation program, PantalaNode.Role role, Site site, Path data, String listen, List<String> flags) {
        this.program = program;
        this.role = role;
        this.site = site;
        this.data = data;
        this.listen = listen;
        this.flags = List.copyOf(flags);
    }

    String name() {
        return site.name();
    }

    Site site() {
        return site;
    }

    Path data() {
        return data;
    }

    /** Starts it, and waits until it is ready. */
    synchronized void start() throws IOException, InterruptedException {
        node = PantalaNode.start(program, role, site, name(), data, listen, flags);
        descriptorsAtStart = descriptors().others();
        memory = new ArrayList<>();
    }

    /** Ends it as {@code kill -9} does. */
    synchronized void kill() {
        if (node != null) {
            node.daemon().kill();
        }
    }

    /** Asks it to end, and waits until it has. */
    synchronized void stop() {
        if (node != null) {
            node.close();
        }
    }

    /** Notes how much memory it has; an {@link IOException} where it has ended by itself. */
    synchronized void look() throws IOException {
        memory.add(new Slope.Point(System.nanoTime(), daemon().usage().anonymous() / 1e6));
    }

    /** What it had open when it was ready, beside blobs. */
    synchronized int descriptorsAtStart() {
        return descriptorsAtStart;
    }

    /** What it has open now. */
    synchronized Descriptors descriptors() throws IOException {
        return Descriptors.of(daemon().pid(), data.resolve("store"));
    }

    /** What was noted of its memory, in MB, since it was started last. */
    synchronized List<Slope.Point> memory() {
        return List.copyOf(memory);
    }

    synchronized Metrics metrics() throws IOException, InterruptedException {
        if (node == null) {
            throw new IOException(name() + " does not run");
        }
        return Metrics.of(site, node.admin());
    }

    private Daemon daemon() throws IOException {
        if (node == null || !node.daemon().isRunning()) {
            throw new IOException(name() + " has ended"
                    + (node == null ? "" : ":\n" + node.daemon().lastWords()));
        }
        return node.daemon();
    }
}
