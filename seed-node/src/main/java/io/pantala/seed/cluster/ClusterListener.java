package io.pantala.seed.cluster;

import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.Fingerprint;
import io.pantala.transport.identity.NodeIdentity;

/** What keeping a cluster tells. Called on any thread; must be quick and not block. */
public interface ClusterListener {
    ClusterListener NONE = new ClusterListener() {};

    /** Why a node got no certificate. */
    enum Refusal {
        /** Its token is none of the cluster's, or is over. */
        TOKEN,
        /** It was shut out. */
        SHUT_OUT,
        /** It has a certificate, and asks for another node's. */
        OTHER_NODE,
        /** What it asks for makes no sense. */
        MALFORMED
    }

    /**
     * A node has got a certificate.
     *
     * @param renewed whether it had one before
     * @param token the id of the one that it joined with; empty when renewed
     */
    default void certified(NodeIdentity node, boolean renewed, String token) {}

    default void refused(NodeIdentity node, Refusal why) {}

    /** This seed signs with another authority than before. */
    default void authorityChanged(Fingerprint authority) {}

    /** Another seed was asked for what it knows. */
    default void inStep(NodeAddress seed) {}

    /**
     * Another seed could not be asked. It is asked again.
     *
     * @param why for people
     */
    default void outOfStep(NodeAddress seed, String why) {}
}
