package io.pantala.proxy.http;

import java.io.Serial;

/** The engine has closed its connection, or takes no bytes any more: nobody waits for the rest of this reply. */
public final class EngineGoneException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    EngineGoneException(String message) {
        super(message, null, false, false);
    }
}
