package io.pantala.transport.control;

/** A seed's end of the link to one host. */
public interface ControlSession {
    /** What the host calls itself. */
    String node();

    /** The address the host dialled from. */
    String remote();

    /** Sends without blocking. What can't be sent any more is dropped: the session's end is told elsewhere. */
    void send(ControlMessage message);
}
