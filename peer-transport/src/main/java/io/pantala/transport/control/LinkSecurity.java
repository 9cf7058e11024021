package io.pantala.transport.control;

import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.ClusterTls;
import io.pantala.transport.join.Membership;
import java.net.InetAddress;
import java.util.function.Predicate;

/** How a host's links are kept from others. */
public sealed interface LinkSecurity {
    /** By TLS, with a certificate of the cluster. */
    record Certified(Membership membership) implements LinkSecurity {}

    /** The same, where a seed is the host of others: of those alone that a blob belongs to rather than to itself. */
    record BetweenSeeds(ClusterTls tls) implements LinkSecurity {}

    /**
     * Not at all. Over a network, nothing that engines entrust to this host goes over such a link.
     *
     * @param local whether an address is on this very machine
     */
    record Plain(Predicate<InetAddress> local) implements LinkSecurity {
        boolean isLocal(NodeAddress address) {
            try {
                return local.test(InetAddress.ofLiteral(address.host()));
            } catch (IllegalArgumentException e) {
                // A name may stand for anything.
                return false;
            }
        }
    }
}
