package io.pantala.transport.control;

import io.pantala.transport.join.Membership;

/** How a host's links are kept from others. */
public sealed interface LinkSecurity {
    /** By TLS, with a certificate of the cluster. */
    record Certified(Membership membership) implements LinkSecurity {}

    /** Not at all. Over a network, nothing that engines entrust to this host goes over such a link. */
    record Plain() implements LinkSecurity {}
}
