package io.pantala.examples.bench;

import io.pantala.examples.rig.Daemon;
import io.pantala.examples.rig.DockerRegistry;
import io.pantala.examples.rig.Engine;
import io.pantala.examples.rig.RigException;
import io.pantala.examples.rig.Site;
import io.pantala.examples.rig.Workspace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** An engine that pulls through docker-registry in its pull-through mode, started anew and empty for each pull. */
final class PullThrough implements Rival, AutoCloseable {
    private static final int PORT = 5001;

    private final Site site;
    private final DockerRegistry registry;
    private final Workspace workspace;
    private final Work work;
    private final Engine.Use use;
    private @Nullable DockerRegistry cache;

    PullThrough(Site site, DockerRegistry registry, Workspace workspace, Work work, Engine.Use use) {
        this.site = site;
        this.registry = registry;
        this.workspace = workspace;
        this.work = work;
        this.use = use;
    }

    @Override
    public String name() {
        return "through docker-registry";
    }

    @Override
    public List<Daemon> processes() {
        return List.of(registry.daemon(), cache().daemon());
    }

    @Override
    public void prepare() throws RigException, IOException, InterruptedException {
        close();
        Path storage = workspace.directory("pull-through");
        cache = DockerRegistry.pullThrough(registry.uri(), storage, site, PORT, workspace.root());
    }

    @Override
    public Engine.Pulled pull(int turn) throws IOException, InterruptedException {
        return work.pull().with(new Engine(site, cache().address(), null), use);
    }

    private DockerRegistry cache() {
        return Objects.requireNonNull(cache, "a pull must be prepared");
    }

    @Override
    public void close() throws IOException {
        if (cache != null) {
            cache.close();
            cache = null;
            workspace.remove(workspace.root().resolve("pull-through"));
        }
    }
}
