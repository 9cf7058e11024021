package io.pantala.examples.bench;

import io.pantala.examples.rig.Engine;
import io.pantala.manifest.Digest;
import java.io.IOException;

/** What an engine is asked to pull. */
interface Work {
    Engine.Pulled pull(Engine engine, Engine.Use use) throws IOException, InterruptedException;

    static Work layer(Digest digest) {
        return (engine, use) -> engine.blob(Stage.REPOSITORY, digest, use);
    }

    static Work image(int connections) {
        return (engine, use) -> engine.image(Stage.REPOSITORY, Stage.TAG, connections, use);
    }
}
