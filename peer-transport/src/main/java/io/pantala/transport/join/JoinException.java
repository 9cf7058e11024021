package io.pantala.transport.join;

import java.io.Serial;

/** A node could not join, or renew its certificate. The message says why. */
public final class JoinException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    private final boolean refused;

    JoinException(String message) {
        this(message, false);
    }

    JoinException(String message, boolean refused) {
        super(message);
        this.refused = refused;
    }

    JoinException(String message, Throwable cause) {
        super(message, cause);
        this.refused = false;
    }

    /** Whether a seed knows the token or the node and says no, so that asking again is in vain. */
    public boolean isRefused() {
        return refused;
    }
}
