package io.pantala.examples.bench;

import io.pantala.examples.rig.Daemon;
import io.pantala.examples.rig.DockerRegistry;
import io.pantala.examples.rig.Engine;
import io.pantala.examples.rig.Site;
import java.io.IOException;
import java.util.List;

/** An engine that pulls from the registry itself. */
record Straight(Site site, DockerRegistry registry, Work work, Engine.Use use) implements Rival {
    @Override
    public String name() {
        return "straight from the registry";
    }

    @Override
    public List<Daemon> processes() {
        return List.of(registry.daemon());
    }

    @Override
    public Engine.Pulled pull(int turn) throws IOException, InterruptedException {
        return work.pull().with(new Engine(site, registry.address(), null), use);
    }
}
