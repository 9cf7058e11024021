package io.pantala.seed.schedule;

/** Why a seed is to send a block that hosts have, or expect. */
public enum Repeat {
    /** Of those looked at that have or expect it, none was less busy. */
    BUSY,
    /** The receiver avoids those of its zone that have it, for a while, since they have failed it or were late. */
    AVOIDED,
    /** No host of the receiver's zone has it. */
    AWAY
}
