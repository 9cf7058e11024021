package io.pantala.swarm;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What an engine sent in its {@code Authorization} header, or that it sent none. Opaque: a token says nothing about who
 * holds it. Never shown by {@link #toString}.
 */
public final class Authorization {
    /** No credential. */
    public static final Authorization ANONYMOUS = new Authorization(null);

    private final @Nullable String header;

    private Authorization(@Nullable String header) {
        this.header = header;
    }

    /** The given header value; null or blank is {@link #ANONYMOUS}. */
    public static Authorization of(@Nullable String header) {
        return header == null || header.isBlank() ? ANONYMOUS : new Authorization(header);
    }

    public boolean isAnonymous() {
        return header == null;
    }

    /** The header's value, for the registry and the owning seed alone; null when anonymous. */
    public @Nullable String header() {
        return header;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Authorization that && Objects.equals(header, that.header);
    }

    @Override
    public int hashCode() {
        return Objects.hashCode(header);
    }

    @Override
    public String toString() {
        return header == null ? "anonymous" : "a credential";
    }
}
