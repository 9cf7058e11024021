package io.pantala.swarm.download;

import io.pantala.swarm.download.SwarmListener.Cause;
import io.pantala.swarm.download.SwarmListener.Source;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.block.Abort;
import io.pantala.transport.ticket.Ticket;
import java.util.Optional;

/** One transfer of a block that is under way. Owned by its download's thread, but for when it began. */
final class Flight {
    final int block;
    final NodeAddress from;

    /** The host that it comes from; empty: it comes from a seed. */
    final Optional<NodeAddress> peer;

    /** What opens the block. */
    final Ticket ticket;

    final Cause cause;

    /** When it was decided, in nanoseconds. */
    final long decided;

    final Abort abort = new Abort();

    /** When the source was asked; 0: not yet. */
    volatile long asked;

    /** Whether the seed was told that it takes long. */
    boolean late;

    Flight(int block, NodeAddress from, Optional<NodeAddress> peer, Ticket ticket, Cause cause, long decided) {
        this.block = block;
        this.from = from;
        this.peer = peer;
        this.ticket = ticket;
        this.cause = cause;
        this.decided = decided;
    }

    Source source() {
        return peer.isPresent() ? Source.PEER : Source.SEED;
    }

    /** Whether a seed wants to know what comes of it. */
    boolean isOrdered() {
        return switch (cause) {
            case ORDERED, FIRST, HOSTS_BUSY, HOSTS_AVOIDED, HOSTS_AWAY, REPEATED -> true;
            case FORGOTTEN, SEED_LOST -> false;
        };
    }
}
