package io.pantala.examples.bench;

import io.pantala.examples.rig.Network;
import io.pantala.examples.rig.PantalaNode;
import io.pantala.examples.rig.PantalaNode.Role;
import io.pantala.examples.rig.Site;
import io.pantala.examples.rig.Spread;
import io.pantala.examples.rig.Usage;
import io.pantala.examples.rig.Workspace;
import java.util.ArrayList;
import java.util.List;

/** How long a node takes from its start until it is ready, and how much memory it has when nothing was asked of it. */
final class Start implements Figure {
    private static final double MOST_SECONDS = 0.6;
    private static final double MOST_MIB = 100;
    private static final double MIB = 1 << 20;

    @Override
    public void measure(Stage stage, Deadline deadline) throws Exception {
        stage.out().title("Start and idle memory, " + stage.program().description());
        for (Role role : Role.values()) {
            measure(stage, role, deadline.share(role == Role.SEED ? 2 : 1));
        }
    }

    private static void measure(Stage stage, Role role, Deadline deadline) throws Exception {
        List<Double> seconds = new ArrayList<>();
        List<Double> rss = new ArrayList<>();
        List<Double> cpu = new ArrayList<>();
        String name = role == Role.SEED ? "seed" : "host";
        try (Workspace files = stage.workspace().part("start");
                Network network = Network.create()) {
            Site site = network.add("host", null);
            for (int i = 0; i < stage.settings().starts() && (i == 0 || !deadline.passed()); i++) {
                try (PantalaNode node = PantalaNode.start(
                        stage.program(), role, site, name, files.root().resolve("data"), "127.0.0.1:0", List.of())) {
                    seconds.add(node.readyAfter().toNanos() / 1e9);
                    Thread.sleep(stage.settings().rest());
                    Usage usage = node.daemon().usage();
                    rss.add(usage.rss() / MIB);
                    cpu.add(usage.cpu().toMillis() / 1e3);
                }
            }
        }
        stage.out().atMost(name + ", start to ready", Spread.of(seconds), 3, MOST_SECONDS, " s");
        stage.out().atMost(name + ", idle memory in all", Spread.of(rss), 1, MOST_MIB, " MiB");
        stage.out()
                .line("     CPU time of a start and " + stage.settings().rest().toSeconds() + " s of idling: "
                        + Spread.of(cpu).format(2) + " s");
    }
}
