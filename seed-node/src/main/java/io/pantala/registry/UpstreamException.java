package io.pantala.registry;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A registry could not be asked, or did not answer to the end. Its message names no credential and no signed URL. */
public final class UpstreamException extends IOException {
    /** What went wrong. */
    public enum Kind {
        /** No such upstream is configured. */
        UNKNOWN_UPSTREAM,
        /** No connection: the name doesn't resolve, or the port, the network or TLS refused. */
        UNREACHABLE,
        /** No answer, or no more bytes of it, in time. */
        TIMEOUT,
        /** The connection ended before the response did. */
        CUT,
        /** What came is no proper response: a redirect to nowhere, a broken header. */
        PROTOCOL,
        /** The calling thread was interrupted; it still is. */
        INTERRUPTED
    }

    private final Kind kind;

    public UpstreamException(Kind kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    public UpstreamException(Kind kind, String message) {
        this(kind, message, null);
    }

    public Kind kind() {
        return kind;
    }
}
