package io.pantala.transport.block;

import io.pantala.manifest.BlobKey;
import io.pantala.transport.ticket.TicketRefusal;

/** What serving blocks tells. Called on event loops; must be quick. */
public interface BlockServerListener {
    BlockServerListener NONE = new BlockServerListener() {};

    /** A whole block went out. */
    default void blockSent(BlobKey key, int index, long bytes) {}

    /** A whole block went out that was only just received meanwhile. */
    default void blockRelayed(BlobKey key, int index) {}

    /** A block was not given to whoever asked. */
    default void blockDenied(TicketRefusal reason) {}

    /** A block that isn't held was asked for. */
    default void blockMissing(BlobKey key, int index) {}
}
