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

    /** Beside others on the same link. */
    double weight = 1;

    /** Its bytes while they come, and how many those are. */
    @Nullable
    Flow flow;

    double flowing;

    /** Bytes that came before those. */
    double moved;

    boolean over;

    Fetch(Host to, Host from, int block, double decided) {
        this.to = to;
        this.from = from;
        this.block = block;
        this.decided = decided;
    }

    /** The bytes that have come. */
    double arrived(double now) {
        return flow == null ? moved : moved + flowing - Math.max(0, flow.leftAt(now));
    }

    /** The bytes of a flow have come, or no more of them do. */
    void stopped(double now) {
        moved = arrived(now);
        flow = null;
    }
}
