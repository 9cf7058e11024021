package io.pantala.examples.bench;

import io.pantala.examples.bench.Race.Lap;
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

    private final What what;
    private final @Nullable Rate rate;

    /** What is pulled. */
    enum What {
        LAYER,
        IMAGE
    }

    Cold(What what, @Nullable Rate rate) {
        this.what = what;
        this.rate = rate;
    }

    @Override
    public void measure(Stage stage, Deadline deadline) throws Exception {
        Settings settings = stage.settings();
        Work work = switch (what) {
            case LAYER -> Work.layer(stage.layer());
            case IMAGE -> {
                stage.image();
                yield Work.image(settings);
            }
        };
        stage.out()
                .title("Cold, " + work.name() + ", " + (rate == null ? "on loopback, unshaped" : "every link " + rate));
        try (Workspace files = stage.workspace().part("cold");
                Network network = Network.create()) {
            Site host = network.add("host", rate);
            Site at = rate == null ? host : network.add("registry", rate);
            try (DockerRegistry registry = DockerRegistry.serving(stage.content(), at, PORT, files.root());
                    Cluster cluster =
                            Cluster.start(stage, host, files, registry.uri(), before(settings) + settings.rounds())) {
                // Where links are the limit, the engine hashes, as engines do; where the CPU is, that would hide the
                // rest.
                Engine.Use use = rate == null ? Engine.Use.COUNT : Engine.Use.VERIFY;
                Straight straight = new Straight(host, registry, work, use);
                ThroughPantala pantala = new ThroughPantala(cluster, registry, work, use);
                if (rate == null) {
                    try (PullThrough other = new PullThrough(host, registry, files, work, use)) {
                        unshaped(stage, straight, pantala, other, deadline);
                    }
                } else {
                    shaped(stage, rate, straight, pantala, deadline);
                }
            }
        }
    }

    /** As many images as make up one layer. */
    private int before(Settings settings) {
        return switch (what) {
            case LAYER -> 1;
            case IMAGE -> (int) Math.ceilDiv(settings.layer(), settings.layers() * settings.layerSize());
        };
    }

    private void unshaped(Stage stage, Straight straight, ThroughPantala pantala, PullThrough other, Deadline deadline)
            throws Exception {
        Race race = new Race(stage.out(), false, List.of(straight, pantala, other));
        race.run(before(stage.settings()), stage.settings().rounds(), deadline);
        stage.out()
                .line("  => time, ÷ straight: "
                        + race.ratio(pantala, straight, Lap::seconds).format(3));
        stage.out().atMost("time, ÷ docker-registry", race.ratio(pantala, other, Lap::seconds), 3, 1, "");
    }

    private void shaped(Stage stage, Rate rate, Straight straight, ThroughPantala pantala, Deadline deadline)
            throws Exception {
        Race race = new Race(stage.out(), true, List.of(straight, pantala));
        race.run(before(stage.settings()), stage.settings().rounds(), deadline);
        stage.out().atMost("time, ÷ straight", race.ratio(pantala, straight, Lap::seconds), 3, MOST_TIME, "");
        if (what == What.LAYER) {
            int block = BlockLayout.of(stage.settings().layer()).blockSize();
            stage.out()
                    .atMost(
                            "headers, later than straight",
                            race.difference(pantala, straight, Lap::headersMillis),
                            1,
                            MOST_DELAY_MILLIS,
                            " ms");
            stage.out()
                    .atMost(
                            "first byte, later than straight",
                            race.difference(pantala, straight, Lap::firstByteMillis),
                            1,
                            rate.secondsFor(block) * 1e3 + MOST_DELAY_MILLIS,
                            " ms");
        }
    }
}
