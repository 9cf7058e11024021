package io.pantala.transport.ticket;

/** Why a block is not given. */
public enum TicketRefusal {
    /** The request shows no ticket. */
    MISSING,
    /** What it shows is none. */
    MALFORMED,
    /** It was signed by a key that the cluster doesn't have, or no longer. */
    UNKNOWN_KEY,
    /** Its signature is wrong. */
    FORGED,
    /** Its time is over. */
    EXPIRED,
    /** It was given to another host. */
    OTHER_HOST,
    /** It is for another digest, or for the same of another upstream. */
    OTHER_BLOB
}
