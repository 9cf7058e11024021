package io.pantala.examples.bench;

import io.pantala.examples.bench.Race.Lap;
import io.pantala.examples.rig.Blob;
import io.pantala.examples.rig.DockerRegistry;
import io.pantala.examples.rig.Engine;
import io.pantala.examples.rig.Network;
import io.pantala.examples.rig.Rate;
import io.pantala.examples.rig.Site;
import io.pantala.examples.rig.Workspace;
import io.pantala.manifest.BlockLayout;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Pulls of what nobody has but the registry: what the detour costs. On links of a known rate, or, without one, as fast
 * as the machine can, and then beside another proxy that keeps what passes.
 */
final class Cold implements Figure {
    private static final int PORT = 5000;
    private static final double MOST_TIME = 1.05;
    private static final double MOST_DELAY_MILLIS = 50;

    private final @Nullable Rate rate;

    Cold(@Nullable Rate rate) {
        this.rate = rate;
    }

    @Override
    public void measure(Stage stage) throws Exception {
        int pulls = stage.settings().rounds() + 1;
        Blob layer = stage.layer();
        stage.image();
        try (Workspace files = stage.workspace().part(rate == null ? "loopback" : "cold");
                Network network = Network.create()) {
            Site host = network.add("host", rate);
            Site at = rate == null ? host : network.add("registry", rate);
            try (DockerRegistry registry = DockerRegistry.serving(stage.content(), at, PORT, files.root());
                    Cluster cluster = Cluster.start(stage, host, files, registry.uri(), 2 * pulls)) {
                Scene scene = new Scene(stage, files, host, registry, cluster);
                stage.out().title("Cold, one layer of " + Stage.size(layer.size()) + ", " + where());
                scene.race(Work.layer(layer.digest()), 0, layer);
                stage.out()
                        .title("Cold, an image of " + stage.settings().layers() + " layers of "
                                + Stage.size(stage.settings().layerSize()) + " by "
                                + stage.settings().connections() + " connections, " + where());
                scene.race(Work.image(stage.settings().connections()), pulls, null);
            }
        }
    }

    private String where() {
        return rate == null ? "on loopback, unshaped" : "every link " + rate;
    }

    /** Everyone in place. */
    private final class Scene {
        private final Stage stage;
        private final Workspace files;
        private final Site host;
        private final DockerRegistry registry;
        private final Cluster cluster;

        Scene(Stage stage, Workspace files, Site host, DockerRegistry registry, Cluster cluster) {
            this.stage = stage;
            this.files = files;
            this.host = host;
            this.registry = registry;
            this.cluster = cluster;
        }

        /** @param layer that is pulled; null when it is an image */
        void race(Work work, int firstName, @Nullable Blob layer) throws Exception {
            // Where links are the limit, the engine hashes, as engines do; where the CPU is, that would hide the rest.
            Engine.Use use = rate == null ? Engine.Use.COUNT : Engine.Use.VERIFY;
            Straight straight = new Straight(host, registry, work, use);
            ThroughPantala pantala = new ThroughPantala(cluster, registry, firstName, work, use);
            if (rate != null) {
                Race race = new Race(stage.out(), true, List.of(straight, pantala));
                race.run(stage.settings().rounds());
                stage.out().atMost("time, ÷ straight", race.ratio(pantala, straight, Lap::seconds), 3, MOST_TIME, "");
                if (layer != null) {
                    delays(
                            race,
                            straight,
                            pantala,
                            rate.secondsFor(BlockLayout.of(layer.size()).blockSize()));
                }
                return;
            }
            try (PullThrough other = new PullThrough(host, registry, files, work, use)) {
                Race race = new Race(stage.out(), false, List.of(straight, pantala, other));
                race.run(stage.settings().rounds());
                stage.out()
                        .line("  => time, ÷ straight: "
                                + race.ratio(pantala, straight, Lap::seconds).format(3));
                stage.out().atMost("time, ÷ docker-registry", race.ratio(pantala, other, Lap::seconds), 3, 1, "");
            }
        }

        private void delays(Race race, Straight straight, ThroughPantala pantala, double block) {
            stage.out()
                    .atMost(
                            "headers, later than straight",
                            race.difference(
                                    pantala,
                                    straight,
                                    lap -> lap.pulled().headers().toNanos() / 1e6),
                            1,
                            MOST_DELAY_MILLIS,
                            " ms");
            stage.out()
                    .atMost(
                            "first byte, later than straight",
                            race.difference(
                                    pantala,
                                    straight,
                                    lap -> lap.pulled().firstByte().toNanos() / 1e6),
                            1,
                            block * 1e3 + MOST_DELAY_MILLIS,
                            " ms");
        }
    }
}
