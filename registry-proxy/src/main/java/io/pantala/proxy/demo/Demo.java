package io.pantala.proxy.demo;

import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.config.ByteSize;
import io.pantala.proxy.config.HostConfig;
import io.pantala.proxy.config.NodeConfig;
import io.pantala.proxy.config.SeedConfig;
import io.pantala.proxy.logging.LogConfig;
import io.pantala.proxy.node.Host;
import io.pantala.proxy.node.Node;
import io.pantala.proxy.node.Seed;
import io.pantala.proxy.node.StartException;
import io.pantala.registry.Upstream;
import io.pantala.registry.Upstreams;
import io.pantala.transport.NodeAddress;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.OptionalLong;

/**
 * The demo: the same hosts pull the same image, first straight from a registry behind a narrow link, then through
 * Pantala. All of it in this process, over real sockets.
 */
public final class Demo {
    private static final UpstreamName REGISTRY = UpstreamName.parse("registry.demo");
    private static final NodeAddress ANY = new NodeAddress("127.0.0.1", 0);
    private static final long SEED_OF_RANDOM = 20_26;

    private final DemoConfig config;
    private final Screen screen;

    private Demo(DemoConfig config, Screen screen) {
        this.config = config;
        this.screen = screen;
    }

    /**
     * Runs it, and leaves nothing behind, also when interrupted.
     *
     * @return whether every digest was right
     */
    public static boolean run(DemoConfig config, Screen screen)
            throws IOException, StartException, InterruptedException {
        return new Demo(config, screen).run();
    }

    private boolean run() throws IOException, StartException, InterruptedException {
        try (Workspace workspace = Workspace.create(room())) {
            screen.line("Making an image of " + config.image() + " ...");
            DemoImage image = DemoImage.create(
                    workspace.directory("image"), config.image().bytes(), SEED_OF_RANDOM);
            SharedLink link = new SharedLink(config.rate().bytes());
            try (DemoRegistry registry = DemoRegistry.start(image, link)) {
                introduce(image);
                new EnginePull(registry.uri(), 0, new Progress(1, image.size())).rehearse();
                Pulls pulls = new Pulls(image, link, config.patience(), screen);
                screen.begin("Straight from the registry");
                Round straight = pulls.run("straight", Collections.nCopies(config.hosts(), registry.uri()));
                Round shared = throughPantala(pulls, registry.uri(), workspace);
                new Summary(screen, straight, shared).show();
                return straight.isRight() && shared.isRight();
            }
        }
    }

    private void introduce(DemoImage image) {
        screen.line(config.hosts() + (config.hosts() == 1 ? " host pulls" : " hosts pull") + " it at the same time: "
                + image.layers() + " layers, " + new ByteSize(image.size()) + ".");
        screen.line("The registry's link carries " + config.rate() + "/s, for all of them together.");
        screen.line("");
    }

    private Round throughPantala(Pulls pulls, URI registry, Workspace workspace)
            throws IOException, StartException, InterruptedException {
        screen.begin("Through Pantala: one seed, and a proxy on each host");
        try (Nodes nodes = new Nodes()) {
            Seed seed = nodes.add(Seed.start(new SeedConfig(ANY, node(registry, workspace.directory("seed")))));
            List<URI> proxies = new ArrayList<>();
            for (int i = 1; i <= config.hosts(); i++) {
                Host host = nodes.add(Host.start(new HostConfig(
                        ANY, List.of(seed.listen()), REGISTRY, node(registry, workspace.directory("host-" + i)))));
                proxies.add(URI.create("http://" + host.listen()));
            }
            return pulls.run("with Pantala", proxies);
        }
    }

    private NodeConfig node(URI registry, Path directory) {
        return new NodeConfig(
                ANY,
                directory,
                OptionalLong.of(2 * config.image().bytes()),
                new Upstreams(List.of(new Upstream(REGISTRY, registry))),
                Duration.ZERO,
                LogConfig.DEFAULT);
    }

    /** The image, and what the seed and each host keep of it, with some air. */
    private long room() {
        return config.image().bytes() * (config.hosts() + 2L) * 11 / 10;
    }

    /** What runs, ended in reverse order. */
    private static final class Nodes implements AutoCloseable {
        private final Deque<Node> running = new ArrayDeque<>();

        <N extends Node> N add(N node) {
            running.push(node);
            return node;
        }

        @Override
        public void close() {
            running.forEach(Node::close);
        }
    }
}
