package io.pantala.seed.tracker;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.transport.control.ControlMessage.News;
import io.pantala.transport.ticket.Ticket;
import io.pantala.transport.ticket.TicketCheck;
import io.pantala.transport.ticket.Voucher;

/** What a seed's cluster gives its hosts. */
public interface ClusterDesk {
    /** What they need to know of it. */
    News news();

    /** What opens a blob to one of them, for the time that {@link io.pantala.transport.ticket.TicketSigner#LIFE} says. */
    Ticket ticket(String host, BlobKey key);

    /**
     * Vouches for a blob's blocks.
     *
     * @param packed the sha256 of each, one after the other
     */
    Voucher vouch(BlobKey key, BlockLayout layout, byte[] packed);

    /** How the tickets and vouchers of others are checked. */
    TicketCheck tickets();
}
