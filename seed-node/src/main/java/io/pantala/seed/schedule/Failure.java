package io.pantala.seed.schedule;

/** Why a block did not come from where it was ordered. */
public enum Failure {
    /** No connection, or it was cut. */
    UNREACHABLE,
    /** The source stood still. */
    STALLED,
    /** The source would not send it. */
    REFUSED,
    /** The source doesn't have it. */
    NOT_HELD,
    /** Other bytes came. */
    CORRUPT,
    /** The receiver's own fault, or nobody's. */
    OTHER
}
