package io.pantala.transport.link;

import io.pantala.transport.identity.NodeIdentity;
import java.time.Instant;
import java.util.Optional;

/** Who is at the other end of a request. */
public sealed interface Caller {
    /**
     * A node of the cluster, by its certificate.
     *
     * @param until when that ends
     */
    record Node(NodeIdentity identity, Instant until) implements Caller {}

    /**
     * Someone without a certificate.
     *
     * @param local whether from this very machine
     * @param encrypted whether over TLS
     */
    record Unknown(boolean local, boolean encrypted) implements Caller {}

    /** A node whose certificate counts no more. */
    record Outcast(NodeIdentity identity, Denial why) implements Caller {}

    /** Which node of the cluster it is; empty where that isn't known for certain. */
    default Optional<NodeIdentity> node() {
        return this instanceof Node node ? Optional.of(node.identity) : Optional.empty();
    }
}
