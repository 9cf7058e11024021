package io.pantala.examples.bench;

import io.pantala.examples.bench.Series.Turn;
import io.pantala.examples.bench.Series.Way;
import io.pantala.examples.rig.DockerRegistry;
import io.pantala.examples.rig.Engine;
import io.pantala.examples.rig.EngineConnection;
import io.pantala.examples.rig.Network;
import io.pantala.examples.rig.Site;
import io.pantala.examples.rig.Workspace;
import java.io.IOException;
import java.util.List;

/** A manifest by its tag, again and again, from the registry and through a host's proxy, which asks the registry. */
final class Manifests implements Figure {
    private static final int PORT = 5000;
    private static final int MANY = 8;
    private static final double MICROS = 1e6;

    @Override
    public void measure(Stage stage, Deadline deadline) throws Exception {
        stage.image();
        try (Workspace files = stage.workspace().part("manifests");
                Network network = Network.create()) {
            Site host = network.add("host", null);
            try (DockerRegistry registry = DockerRegistry.serving(stage.content(), host, PORT, files.root());
                    Cluster cluster = Cluster.start(stage, host, files, registry.uri(), 1)) {
                Way straight =
                        new Way("straight from the registry", null, asking(new Engine(host, registry.address(), null)));
                Way pantala = new Way("through Pantala", cluster.host(), asking(cluster.engine(0)));
                List<Way> ways = List.of(straight, pantala);
                int requests = stage.settings().requests();

                stage.out().title("A manifest by its tag, one after the other over one connection");
                Series alone = new Series(stage.out(), requests, 1, ways);
                alone.run(stage.settings().rounds(), deadline.share(2));
                stage.out()
                        .line("  => later than straight: p50 "
                                + alone.difference(pantala, straight, Turn::p50).format(2) + " ms, p99 "
                                + alone.difference(pantala, straight, Turn::p99).format(2) + " ms");

                stage.out().title("A manifest by its tag, by " + MANY + " connections at once");
                Series many = new Series(stage.out(), requests, MANY, ways);
                many.run(stage.settings().rounds(), deadline);
                stage.out()
                        .line("  => requests a second of one core of the host: "
                                + many.spread(pantala, turn -> MICROS / turn.cpuMicros())
                                        .format(0));
            }
        }
    }

    private static Series.Opener asking(Engine engine) {
        return () -> {
            EngineConnection connection = engine.connect();
            return new Series.Doer() {
                @Override
                public void once() throws IOException {
                    engine.manifest(connection, Stage.REPOSITORY, Stage.TAG);
                }

                @Override
                public void close() throws IOException {
                    connection.close();
                }
            };
        };
    }
}
