package io.pantala.examples.bench;

import io.pantala.examples.rig.Blob;
import io.pantala.examples.rig.Engine;
import java.io.IOException;

/**
 * What an engine is asked to pull.
 *
 * @param name for people
 */
record Work(String name, Pull pull) {
    /** How an engine does it. */
    interface Pull {
        Engine.Pulled with(Engine engine, Engine.Use use) throws IOException, InterruptedException;
    }

    static Work layer(Blob layer) {
        return new Work(
                "one layer of " + Stage.size(layer.size()),
                (engine, use) -> engine.blob(Stage.REPOSITORY, layer.digest(), use));
    }

    static Work image(Settings settings) {
        return new Work(
                "an image of " + settings.layers() + " layers of " + Stage.size(settings.layerSize()) + " by "
                        + settings.connections() + " connections",
                (engine, use) -> engine.image(Stage.REPOSITORY, Stage.TAG, settings.connections(), use));
    }
}
