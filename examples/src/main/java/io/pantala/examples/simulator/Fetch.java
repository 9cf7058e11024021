package io.pantala.examples.simulator;

import org.jspecify.annotations.Nullable;

/** One block that one host is to get from another. */
final class Fetch {
    final Host to;
    final Host from;
    final int block;

    /** When the host had it in hand, when it asked the source, and when the last byte came. */
    final double decided;

    double asked;
    double ended;

    /** Its bytes, once they come. */
    @Nullable
    Flow flow;

    boolean over;

    Fetch(Host to, Host from, int block, double decided) {
        this.to = to;
        this.from = from;
        this.block = block;
        this.decided = decided;
    }
}
