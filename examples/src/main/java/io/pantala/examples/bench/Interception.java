package io.pantala.examples.bench;

import io.pantala.examples.bench.Race.Lap;
import io.pantala.examples.bench.Series.Turn;
import io.pantala.examples.rig.Blob;
import io.pantala.examples.rig.Daemon;
import io.pantala.examples.rig.DockerRegistry;
import io.pantala.examples.rig.Engine;
import io.pantala.examples.rig.Network;
import io.pantala.examples.rig.PantalaNode;
import io.pantala.examples.rig.PantalaNode.Role;
import io.pantala.examples.rig.SelfSigned;
import io.pantala.examples.rig.Site;
import io.pantala.examples.rig.Tls;
import io.pantala.examples.rig.Workspace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an engine notices of the HTTPS proxy: a layer that the host has, and handshakes, straight from a registry, through
 * a tunnel, and intercepted.
 */
final class Interception implements Figure {
    private static final int REGISTRY_PORT = 5443;
    private static final String AUTHORITY = "intercept-ca.crt";

    @Override
    public void measure(Stage stage, Deadline deadline) throws Exception {
        Blob layer = stage.layer();
        try (Workspace files = stage.workspace().part("interception");
                Network network = Network.create()) {
            Site host = network.add("host", null);
            SelfSigned certificate = SelfSigned.create(host.address(), files.root());
            try (DockerRegistry registry =
                            DockerRegistry.serving(stage.content(), host, REGISTRY_PORT, files.root(), certificate);
                    PantalaNode interceptor = proxy("interceptor", stage, host, files, registry, certificate, false);
                    PantalaNode tunnel = proxy("tunnel", stage, host, files, registry, certificate, true)) {
                Daemon registryProcess = registry.daemon();
                Route straight = new Route(
                        "straight",
                        List.of(registryProcess),
                        engine(host, registry, certificate.certificate(), null),
                        layer);
                Route tunnelled = new Route(
                        "tunnelled",
                        List.of(registryProcess, tunnel.daemon()),
                        engine(host, registry, certificate.certificate(), tunnel),
                        layer);
                Route intercepted = new Route(
                        "intercepted",
                        List.of(registryProcess, interceptor.daemon()),
                        engine(host, registry, data(files, "interceptor").resolve(AUTHORITY), interceptor),
                        layer);
                intercepted.engine().blob(Stage.REPOSITORY, layer.digest(), Engine.Use.VERIFY);

                stage.out()
                        .title("HTTPS, one layer of " + Stage.size(layer.size())
                                + " that the intercepting host has, on loopback, unshaped");
                Race race = new Race(stage.out(), false, List.of(straight, tunnelled, intercepted));
                race.run(1, stage.settings().rounds(), deadline.share(2));
                for (Route way : List.of(tunnelled, intercepted)) {
                    stage.out()
                            .line("  => speed, " + way.name() + " ÷ straight: "
                                    + race.ratio(straight, way, Lap::seconds).format(2));
                }
                stage.out().title("HTTPS, handshakes, one after the other, each with a connection of its own");
                handshakes(stage, List.of(straight, tunnelled, intercepted), deadline);
            }
        }
    }

    private static PantalaNode proxy(
            String name,
            Stage stage,
            Site host,
            Workspace files,
            DockerRegistry registry,
            SelfSigned certificate,
            boolean tunnels)
            throws IOException, InterruptedException {
        List<String> flags = new ArrayList<>(List.of(
                "--disk-quota=100%",
                "--upstream=bench=" + registry.uri(), "--upstream-ca=bench=" + certificate.certificate()));
        if (tunnels) {
            flags.add("--tunnel=" + registry.uri().getAuthority());
        }
        return PantalaNode.start(stage.program(), Role.HOST, host, name, data(files, name), "127.0.0.1:0", flags);
    }

    private static Engine engine(Site host, DockerRegistry registry, Path trusted, @Nullable PantalaNode proxy)
            throws IOException {
        return Engine.overTls(host, registry.address(), Tls.trusting(trusted, proxy == null ? null : proxy.address()));
    }

    private static Path data(Workspace files, String name) {
        return files.root().resolve(name + "-data");
    }

    private static void handshakes(Stage stage, List<Route> routes, Deadline deadline)
            throws IOException, InterruptedException {
        List<Series.Way> ways = routes.stream()
                .map(route ->
                        new Series.Way(route.name(), route.processes().getLast(), () -> new Connecting(route.engine())))
                .toList();
        Series series = new Series(stage.out(), stage.settings().requests(), 1, ways);
        series.run(stage.settings().rounds(), deadline);
        for (Series.Way way : ways.subList(1, ways.size())) {
            stage.out()
                    .line("  => handshakes a second, " + way.name() + " ÷ straight: "
                            + series.ratio(way, ways.getFirst(), Turn::perSecond)
                                    .format(2));
        }
    }

    /** Connects, shakes hands, and leaves. */
    private record Connecting(Engine engine) implements Series.Doer {
        @Override
        public void once() throws IOException, InterruptedException {
            engine.connect().close();
        }

        @Override
        public void close() {
            // Each connection is closed at once.
        }
    }

    /**
     * How an engine gets to the registry.
     *
     * @param processes that the layer goes through, the one nearest to the engine last
     */
    private record Route(String name, List<Daemon> processes, Engine engine, Blob layer) implements Rival {
        @Override
        public Engine.Pulled pull(int turn) throws IOException, InterruptedException {
            return engine.blob(Stage.REPOSITORY, layer.digest(), Engine.Use.COUNT);
        }
    }
}
