package io.pantala.transport.link;

/** What a door tells. Called on event loops; must be quick. */
public interface DoorListener {
    DoorListener NONE = new DoorListener() {};

    /** Someone may not do what was asked for. */
    default void denied(Access access, Denial denial, String from) {}

    /** A connection was closed for another, because too many had not shown any certificate. */
    default void strangerDropped() {}
}
