package io.pantala.transport.control;

import io.pantala.transport.NodeAddress;
import io.pantala.transport.control.ControlMessage.Limits;
import io.pantala.transport.identity.NodeIdentity;
import java.util.Optional;

/** A seed's end of the link to one host. */
public interface ControlSession {
    /** What the host calls itself. */
    String node();

    /** The address the host dialled from. */
    String remote();

    /** Which node it is by its certificate; empty on a plain link. */
    Optional<NodeIdentity> identity();

    /**
     * Where other hosts can fetch blocks from this one; empty: nowhere. What a plain link from this very machine tells is
     * a loopback address: only hosts whose own is one too can be sent there.
     */
    Optional<NodeAddress> peer();

    /** Where it says it is, {@code region/zone/rack}; empty if it doesn't say. */
    String zone();

    /** How fast it sends to others and takes from them. */
    Limits limits();

    /** Sends without blocking. What can't be sent any more is dropped: the session's end is told elsewhere. */
    void send(ControlMessage message);
}
