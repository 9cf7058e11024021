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

    /** Gets ready for a round, which is not measured. */
    default void prepare(int round) throws Exception {}

    /** Pulls once. */
    Engine.Pulled pull(int round) throws IOException, InterruptedException;
}
