package io.pantala.examples.bench;

import io.pantala.examples.rig.Daemon;
import io.pantala.examples.rig.Engine;
import java.io.IOException;
import java.util.List;

/** Someone that can be pulled from, to be measured beside others. */
interface Rival {
    /** For people. */
    String name();

    /** The processes whose work it is, beside the engine's own. */
    List<Daemon> processes();

    /** Gets ready for a pull, which is not measured. */
    default void prepare() throws Exception {}

    /**
     * Pulls once.
     *
     * @param turn from 0 on, how often it has pulled before
     */
    Engine.Pulled pull(int turn) throws IOException, InterruptedException;
}
