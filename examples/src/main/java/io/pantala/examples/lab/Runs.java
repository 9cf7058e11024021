package io.pantala.examples.lab;

import io.pantala.examples.lab.Outcome.Way;
import io.pantala.examples.rig.RegistryContent;
import io.pantala.examples.rig.Workspace;
import java.io.IOException;
import java.util.Random;

/** Runs one after the other, each with content that nobody has yet. */
final class Runs {
    /** Enough for programs that have just started to be about as fast as they will be. */
    private static final long WARM_UP = 16 << 20;

    private final Experiment experiment;
    private final Fleet fleet;
    private final Workspace files;
    private final RegistryContent registry;
    private final LinkLog links;
    private int number;

    Runs(Experiment experiment, Fleet fleet, Workspace files, RegistryContent registry, LinkLog links) {
        this.experiment = experiment;
        this.fleet = fleet;
        this.files = files;
        this.registry = registry;
        this.links = links;
    }

    /** Pulls once on all hosts, where nothing goes wrong. */
    void warmUp() throws Exception {
        var _ = run(experiment.calm(), Way.PANTALA, WARM_UP, experiment.mostHosts())
                .go(0, LinkLog.none());
    }

    Outcome next(Way way, long size, int hosts, int round) throws Exception {
        return run(experiment, way, size, hosts).go(round, links);
    }

    private Run run(Experiment as, Way way, long size, int hosts) throws IOException {
        number++;
        Content content = Content.make(registry, experiment.load(), size, number);
        return new Run(as, fleet, files, content, way, hosts, new Random(number));
    }
}
