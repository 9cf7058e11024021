package io.pantala.transport.control;

import io.pantala.transport.NodeAddress;

/** What a host's links tell. Called on event loops and by those who send; must be quick. */
public interface LinkListener {
    LinkListener NONE = new LinkListener() {};

    /** Which way, from here. */
    enum Direction {
        SENT,
        RECEIVED
    }

    /** The link to a seed is up. */
    default void linkUp(NodeAddress seed) {}

    /**
     * A seed could not be reached, or the link to it was lost. Another try follows.
     *
     * @param why for people
     */
    default void linkDown(NodeAddress seed, String why) {}

    /** A message passed. Frames, TLS and TCP add a little to its bytes. */
    default void message(Direction direction, int bytes) {}
}
