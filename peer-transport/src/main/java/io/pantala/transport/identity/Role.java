package io.pantala.transport.identity;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** What a node is in its cluster. */
public enum Role {
    /** Takes blocks, and gives what it holds to others. */
    HOST,
    /** Conducts, and can make certificates. */
    SEED;

    /** As it stands in certificates and documents. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static Optional<Role> of(String text) {
        return Arrays.stream(values()).filter(role -> role.text().equals(text)).findFirst();
    }
}
