package io.pantala.transport.control;

import io.pantala.transport.control.ControlMessage.AboutBlob;

/** What a seed does with its links. Called one event at a time, in order. */
public interface ControlSessions {
    void opened(ControlSession session);

    void received(ControlSession session, AboutBlob message);

    /** Nothing more comes from it. */
    void closed(ControlSession session);
}
