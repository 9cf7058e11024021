package io.pantala.examples.bench;

import io.pantala.examples.rig.Daemon;
import io.pantala.examples.rig.Engine;
import io.pantala.examples.rig.PantalaNode;
import io.pantala.examples.rig.PantalaNode.Role;
import io.pantala.examples.rig.Site;
import io.pantala.examples.rig.Workspace;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;

/** A seed and a host's proxy, as processes. */
final class Cluster implements AutoCloseable {
    private final Site at;
    private final PantalaNode seed;
    private final PantalaNode host;

    private Cluster(Site at, PantalaNode seed, PantalaNode host) {
        this.at = at;
        this.seed = seed;
        this.host = host;
    }

    /**
     * Starts both.
     *
     * @param files where their data goes
     * @param names by which they know that registry. A blob is pulled anew under each name, since nothing that came from
     *     one registry is believed of another.
     */
    static Cluster start(Stage stage, Site at, Workspace files, URI registry, int names)
            throws IOException, InterruptedException {
        List<String> flags = new ArrayList<>(List.of("--disk-quota=100%"));
        for (int i = 0; i < names; i++) {
            flags.add("--upstream=" + name(i) + "=" + registry);
        }
        PantalaNode seed = PantalaNode.start(
                stage.program(), Role.SEED, at, "seed", files.root().resolve("seed-data"), "127.0.0.1:6462", flags);
        try {
            List<String> more = new ArrayList<>(flags);
            more.add("--seeds=" + seed.authority());
            return new Cluster(
                    at,
                    seed,
                    PantalaNode.start(
                            stage.program(),
                            Role.HOST,
                            at,
                            "host",
                            files.root().resolve("host-data"),
                            "127.0.0.1:6460",
                            more));
        } catch (IOException | InterruptedException e) {
            seed.close();
            throw e;
        }
    }

    /** An engine on the host that pulls what is not there yet under this name. */
    Engine engine(int name) {
        return new Engine(at, host.address(), name(name));
    }

    Daemon seed() {
        return seed.daemon();
    }

    Daemon host() {
        return host.daemon();
    }

    private static String name(int number) {
        return "name" + number + ".bench";
    }

    @Override
    public void close() {
        host.close();
        seed.close();
    }
}
