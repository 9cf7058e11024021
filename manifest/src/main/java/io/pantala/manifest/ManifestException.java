package io.pantala.manifest;

import java.io.Serial;

/** A manifest that can't be read as one. */
public final class ManifestException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    public ManifestException(String message) {
        super(message);
    }

    public ManifestException(String message, Throwable cause) {
        super(message, cause);
    }
}
