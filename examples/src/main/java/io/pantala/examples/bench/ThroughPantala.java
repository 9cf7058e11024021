package io.pantala.examples.bench;

import io.pantala.examples.rig.Daemon;
import io.pantala.examples.rig.DockerRegistry;
import io.pantala.examples.rig.Engine;
import java.io.IOException;
import java.util.List;

/** An engine that pulls through a host's proxy and a seed, which know the registry by another name in each turn. */
record ThroughPantala(Cluster cluster, DockerRegistry registry, Work work, Engine.Use use) implements Rival {
    @Override
    public String name() {
        return "through Pantala";
    }

    @Override
    public List<Daemon> processes() {
        return List.of(registry.daemon(), cluster.seed(), cluster.host());
    }

    @Override
    public Engine.Pulled pull(int turn) throws IOException, InterruptedException {
        return work.pull().with(cluster.engine(turn), use);
    }
}
