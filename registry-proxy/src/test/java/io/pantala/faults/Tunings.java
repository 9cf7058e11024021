package io.pantala.faults;

import io.pantala.proxy.node.Tuning;
import io.pantala.proxy.pull.PullConfig;
import java.time.Duration;

/** Nodes that are less patient than usual, so that tests of what takes long are quick. */
final class Tunings {
    private Tunings() {}

    /** The usual, but an engine is not left without a byte for longer than this. */
    static Tuning gap(Duration gap) {
        PullConfig usual = PullConfig.DEFAULT;
        return pull(new PullConfig(
                usual.ping(),
                usual.answer(),
                usual.grant(),
                usual.opening(),
                usual.stall(),
                gap,
                usual.proof(),
                usual.idle()));
    }

    private static Tuning pull(PullConfig pull) {
        Tuning usual = Tuning.DEFAULT;
        return new Tuning(
                usual.registry(),
                usual.backfill(),
                pull,
                usual.swarm(),
                usual.tracker(),
                usual.control(),
                usual.blocks(),
                usual.clock());
    }
}
