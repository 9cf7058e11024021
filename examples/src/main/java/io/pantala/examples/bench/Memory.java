package io.pantala.examples.bench;

import io.pantala.examples.rig.Blob;
import io.pantala.examples.rig.Daemon;
import io.pantala.examples.rig.DockerRegistry;
import io.pantala.examples.rig.Engine;
import io.pantala.examples.rig.MemoryWatch;
import io.pantala.examples.rig.Network;
import io.pantala.examples.rig.RegistryContent;
import io.pantala.examples.rig.Site;
import io.pantala.examples.rig.Spread;
import io.pantala.examples.rig.Workspace;
import java.util.ArrayList;
import java.util.List;

/** Memory of a proxy and a seed while several large layers are pulled at once. */
final class Memory implements Figure {
    private static final int PORT = 5000;
    private static final double MOST_MIB = 128;
    private static final double MIB = 1 << 20;
    private static final long SEED = 4_711;

    @Override
    public void measure(Stage stage, Deadline deadline) throws Exception {
        stage.out()
                .title("Memory, " + stage.settings().atOnce()
                        + " layers pulled at once, on loopback, unshaped (anonymous memory, looked at every 20 ms)");
        long start = System.nanoTime();
        double atFirst = measure(stage, stage.settings().layer());
        long times = stage.settings().largest() / stage.settings().layer();
        if (deadline.left().toNanos() < times * (System.nanoTime() - start)) {
            stage.out().line("  there is no time left for layers " + times + " times as large");
            return;
        }
        double atLast = measure(stage, stage.settings().largest());
        stage.out()
                .line("  => layers " + times + " times as large: " + Spread.number(atLast - atFirst, 1) + " MiB more");
    }

    /** The larger of the two peaks, in MiB. */
    private static double measure(Stage stage, long size) throws Exception {
        int count = stage.settings().atOnce();
        // What the seed and the host keep; the registry's layers are holes.
        stage.workspace().require(2L * count * size);
        try (Workspace files = stage.workspace().part("memory");
                Network network = Network.create()) {
            Site host = network.add("host", null);
            RegistryContent content = new RegistryContent(files.directory("registry"));
            List<Blob> layers = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                layers.add(content.sparse(Stage.REPOSITORY, size, SEED + i));
            }
            content.image(Stage.REPOSITORY, Stage.TAG, layers);
            try (DockerRegistry registry = DockerRegistry.serving(content, host, PORT, files.root());
                    Cluster cluster = Cluster.start(stage, host, files, registry.uri(), 1);
                    MemoryWatch watch = MemoryWatch.start(List.of(cluster.seed(), cluster.host()))) {
                Engine.Pulled pulled = cluster.engine(0).image(Stage.REPOSITORY, Stage.TAG, count, Engine.Use.VERIFY);
                Thread.sleep(stage.settings().rest());
                stage.out()
                        .line("  " + count + " layers of " + Stage.size(size) + " in "
                                + Spread.number(pulled.all().toMillis() / 1e3, 1) + " s");
                return Math.max(report(stage, watch, cluster.seed()), report(stage, watch, cluster.host()));
            }
        }
    }

    private static double report(Stage stage, MemoryWatch watch, Daemon process) throws Exception {
        double peak = watch.peak(process) / MIB;
        stage.out().atMost(process.name() + ", peak", Spread.of(List.of(peak)), 1, MOST_MIB, " MiB");
        stage.out()
                .line("     " + stage.settings().rest().toSeconds() + " s after: "
                        + Spread.number(process.usage().anonymous() / MIB, 1) + " MiB anonymous, "
                        + Spread.number(process.usage().rss() / MIB, 1) + " MiB in all");
        return peak;
    }
}
