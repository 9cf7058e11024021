package io.pantala.transport.link;

/** Who may use a route. */
public enum Access {
    /** Whoever wants to join, over TLS; the route itself asks for a token or a certificate. */
    JOINING,
    /** Hosts. */
    HOSTS,
    /** Hosts and seeds. */
    NODES,
    /** Seeds: what passes here is worth the whole cluster. */
    SEEDS,
    /** Whoever holds an API token, or is on this very machine. */
    OPERATORS
}
