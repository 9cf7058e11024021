package io.pantala.examples.bench;

import io.pantala.examples.bench.Race.Lap;
import io.pantala.examples.rig.Blob;
import io.pantala.examples.rig.Daemon;
import io.pantala.examples.rig.DockerRegistry;
import io.pantala.examples.rig.Engine;
import io.pantala.examples.rig.Network;
import io.pantala.examples.rig.Nginx;
import io.pantala.examples.rig.SelfSigned;
import io.pantala.examples.rig.Site;
import io.pantala.examples.rig.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Pulls of what the host's store has, beside nginx with the same file. */
final class Warm implements Figure {
    private static final int REGISTRY_PORT = 5000;
    private static final int NGINX_PORT = 8080;
    private static final double LEAST_SPEED = 0.9;
    private static final List<Integer> CONNECTIONS = List.of(1, 4);

    @Override
    public void measure(Stage stage, Deadline deadline) throws Exception {
        Blob layer = stage.layer();
        try (Workspace files = stage.workspace().part("warm");
                Network network = Network.create()) {
            Site host = network.add("host", null);
            try (DockerRegistry registry = DockerRegistry.serving(stage.content(), host, REGISTRY_PORT, files.root());
                    Cluster cluster = Cluster.start(stage, host, files, registry.uri(), 1);
                    Nginx nginx = nginx(layer, host, files, null)) {
                cluster.engine(0).blob(Stage.REPOSITORY, layer.digest(), Engine.Use.VERIFY);
                for (int i = 0; i < CONNECTIONS.size(); i++) {
                    int connections = CONNECTIONS.get(i);
                    stage.out()
                            .title("Warm, one layer of " + Stage.size(layer.size()) + " by " + connections
                                    + (connections == 1 ? " engine" : " engines at once") + ", on loopback, unshaped");
                    race(stage, host, cluster, nginx, layer, connections, deadline.share(CONNECTIONS.size() - i));
                }
            }
        }
    }

    /** It finds the file by the path that engines ask for. */
    static Nginx nginx(Blob layer, Site host, Workspace files, @Nullable SelfSigned certificate) throws Exception {
        Path root = files.directory("nginx-files");
        Path file = root.resolve("v2/" + Stage.REPOSITORY + "/blobs/" + layer.digest());
        Files.createDirectories(file.getParent());
        Files.createLink(file, layer.file());
        return Nginx.serving(root, host, NGINX_PORT, files.directory("nginx"), certificate);
    }

    private static void race(
            Stage stage, Site host, Cluster cluster, Nginx nginx, Blob layer, int connections, Deadline deadline)
            throws Exception {
        Engine straight = new Engine(host, nginx.address(), null);
        Rival other = new Held("nginx", List.of(nginx.daemon()), straight, layer, connections);
        Rival pantala = new Held("Pantala's store", List.of(cluster.host()), cluster.engine(0), layer, connections);
        Race race = new Race(stage.out(), false, List.of(other, pantala));
        race.run(1, stage.settings().rounds(), deadline);
        stage.out().atLeast("speed, ÷ nginx", race.ratio(other, pantala, Lap::seconds), 2, LEAST_SPEED, "");
        stage.out()
                .line("  => CPU time, ÷ nginx: "
                        + race.ratio(pantala, other, lap -> lap.cpuPerGib(process(lap)))
                                .format(2));
    }

    /** The one that served. */
    private static String process(Lap lap) {
        return lap.cpu().containsKey("nginx") ? "nginx" : "host";
    }

    /** Someone who has the layer. */
    private record Held(String name, List<Daemon> processes, Engine engine, Blob layer, int connections)
            implements Rival {
        @Override
        public Engine.Pulled pull(int turn) throws IOException, InterruptedException {
            return engine.several(Stage.REPOSITORY, layer.digest(), connections, Engine.Use.COUNT);
        }
    }
}
