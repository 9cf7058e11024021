package io.pantala.examples.bench;

import io.pantala.examples.bench.Race.Lap;
import io.pantala.examples.rig.Blob;
import io.pantala.examples.rig.Daemon;
import io.pantala.examples.rig.DockerRegistry;
import io.pantala.examples.rig.Engine;
import io.pantala.examples.rig.EngineConnection;
import io.pantala.examples.rig.Network;
import io.pantala.examples.rig.Nginx;
import io.pantala.examples.rig.PantalaNode;
import io.pantala.examples.rig.PantalaNode.Role;
import io.pantala.examples.rig.SelfSigned;
import io.pantala.examples.rig.Site;
import io.pantala.examples.rig.Tls;
import io.pantala.examples.rig.Together;
import io.pantala.examples.rig.Workspace;
import io.pantala.manifest.BlobKey;
import io.pantala.manifest.RepositoryName;
import io.pantala.manifest.UpstreamName;
import io.pantala.transport.ticket.Ticket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** All blocks of a blob that a seed has, one after the other over the cluster's TLS, beside nginx with the same file. */
final class Blocks implements Figure {
    private static final int REGISTRY_PORT = 5000;
    private static final String UPSTREAM = "bench";
    private static final double LEAST_SPEED = 0.9;
    private static final List<Integer> CONNECTIONS = List.of(1, 4);

    @Override
    public void measure(Stage stage, Deadline deadline) throws Exception {
        Blob layer = stage.layer();
        try (Workspace files = stage.workspace().part("blocks");
                Network network = Network.create()) {
            Site site = network.add("host", null);
            SelfSigned certificate = SelfSigned.create(site.address(), files.root());
            Path data = files.root().resolve("seed-data");
            try (DockerRegistry registry = DockerRegistry.serving(stage.content(), site, REGISTRY_PORT, files.root());
                    PantalaNode seed = PantalaNode.start(
                            stage.program(),
                            Role.SEED,
                            site,
                            "seed",
                            data,
                            "127.0.0.1:0",
                            List.of("--disk-quota=100%", "--upstream=" + UPSTREAM + "=" + registry.uri()));
                    Tickets tickets = Tickets.from(site, seed);
                    Nginx nginx = Warm.nginx(layer, site, files, certificate)) {
                Engine straight = Engine.overTls(site, nginx.address(), Tls.trusting(certificate.certificate(), null));
                Engine host = Engine.overTls(
                        site, seed.address(), Tls.joining(PantalaNode.joinToken(stage.program(), site, data)));
                for (int i = 0; i < CONNECTIONS.size(); i++) {
                    int connections = CONNECTIONS.get(i);
                    stage.out()
                            .title("Blocks of a layer of " + Stage.size(layer.size()) + " over TLS, by " + connections
                                    + (connections == 1 ? " connection" : " connections at once")
                                    + ", on loopback, unshaped");
                    Rival other = new Held(nginx.daemon(), straight, layer, connections);
                    Rival pantala = new FromSeed(seed.daemon(), host, tickets, layer, connections);
                    Race race = new Race(stage.out(), false, List.of(other, pantala));
                    race.run(1, stage.settings().rounds(), deadline.share(CONNECTIONS.size() - i));
                    stage.out().atLeast("speed, ÷ nginx", race.ratio(other, pantala, Lap::seconds), 2, LEAST_SPEED, "");
                    stage.out()
                            .line("  => CPU time, ÷ nginx: "
                                    + race.ratio(pantala, other, lap -> lap.cpuPerGib(process(lap)))
                                            .format(2));
                }
            }
        }
    }

    /** The one that served. */
    private static String process(Lap lap) {
        return lap.cpu().containsKey("nginx") ? "nginx" : "seed";
    }

    /** nginx, which gives the file as one. */
    private record Held(Daemon nginx, Engine engine, Blob layer, int connections) implements Rival {
        @Override
        public String name() {
            return "nginx";
        }

        @Override
        public List<Daemon> processes() {
            return List.of(nginx);
        }

        @Override
        public Engine.Pulled pull(int turn) throws IOException, InterruptedException {
            return engine.several(Stage.REPOSITORY, layer.digest(), connections, Engine.Use.COUNT);
        }
    }

    /** The seed, which is asked for block after block. */
    private static final class FromSeed implements Rival {
        private final Daemon seed;
        private final Engine host;
        private final Tickets tickets;
        private final Blob layer;
        private final int connections;
        private Tickets.@Nullable Pass pass;

        FromSeed(Daemon seed, Engine host, Tickets tickets, Blob layer, int connections) {
            this.seed = seed;
            this.host = host;
            this.tickets = tickets;
            this.layer = layer;
            this.connections = connections;
        }

        @Override
        public String name() {
            return "Pantala's blocks";
        }

        @Override
        public List<Daemon> processes() {
            return List.of(seed);
        }

        @Override
        public void prepare() throws Exception {
            pass = tickets.ask(
                    new BlobKey(new UpstreamName(UPSTREAM), layer.digest()), new RepositoryName(Stage.REPOSITORY));
        }

        @Override
        public Engine.Pulled pull(int turn) throws IOException, InterruptedException {
            Tickets.Pass valid = Objects.requireNonNull(pass, "prepare() comes first");
            long start = System.nanoTime();
            long bytes = Together.run(connections, () -> all(valid)).stream()
                    .mapToLong(Long::longValue)
                    .sum();
            Duration all = Duration.ofNanos(System.nanoTime() - start);
            return new Engine.Pulled(bytes, all, all, all);
        }

        private long all(Tickets.Pass pass) throws IOException, InterruptedException {
            long bytes = 0;
            try (EngineConnection connection = host.connect()) {
                for (int block = 0; block < pass.layout().count(); block++) {
                    String target = "/pantala/v1/blobs/%s/blocks/%d?upstream=%s"
                            .formatted(pass.blob().digest(), block, pass.blob().upstream());
                    EngineConnection.Head head = connection.get(
                            target, Map.of(Ticket.HEADER, pass.ticket().text()));
                    if (head.status() != 200) {
                        throw new IOException("block " + block + " was answered with " + head.status());
                    }
                    for (ByteBuffer next = connection.next(); next != null; next = connection.next()) {
                        bytes += next.remaining();
                    }
                }
            }
            return bytes;
        }
    }
}
