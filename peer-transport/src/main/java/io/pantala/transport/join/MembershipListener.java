package io.pantala.transport.join;

import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.NodeIdentity;
import java.time.Instant;

/** What a host's membership tells. Called on any thread; must be quick and not block. */
public interface MembershipListener {
    MembershipListener NONE = new MembershipListener() {};

    /** It has a certificate, its first or a newer one. */
    default void certified(NodeIdentity node, NodeAddress by, Instant until) {}

    /**
     * It got none from this seed. Another try follows.
     *
     * @param why for people
     */
    default void notCertified(NodeAddress by, String why) {}

    /** Whom it trusts has changed. */
    default void rootsChanged() {}
}
