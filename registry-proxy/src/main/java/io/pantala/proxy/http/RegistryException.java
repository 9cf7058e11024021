package io.pantala.proxy.http;

import java.io.Serial;

/** Ends a request with an error reply. */
public final class RegistryException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    private final transient RegistryError error;

    public RegistryException(RegistryError error) {
        super(error.message(), null, false, false);
        this.error = error;
    }

    public RegistryException(int status, String code, String message) {
        this(new RegistryError(status, code, message));
    }

    /** What the engine is told. */
    public RegistryError error() {
        return error;
    }
}
