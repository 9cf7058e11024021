package io.pantala.transport.join;

import java.io.Serial;

/** A node could not join, or renew its certificate. The message says why. */
public final class JoinException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    JoinException(String message) {
        super(message);
    }

    JoinException(String message, Throwable cause) {
        super(message, cause);
    }
}
