package io.pantala.proxy.intercept;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Some hosts, as users write them: {@code host}, {@code host:port}, or {@code *.domain} for all hosts below one.
 *
 * @param host in lower case; of a domain what all its hosts end with, with the dot
 * @param port null for any
 */
public record HostPattern(
        String host, boolean domain, @Nullable Integer port) {
    private static final String ANY = "*";

    /** Reads one; an {@link IllegalArgumentException} says what is wrong with it. */
    public static HostPattern parse(String text) {
        boolean domain = text.startsWith(ANY + ".");
        String rest = domain ? text.substring(ANY.length() + 1) : text;
        Authority authority = Authority.parse(rest, 1)
                .orElseThrow(() -> new IllegalArgumentException("must read host, host:port or *.domain"));
        boolean hasPort = rest.toLowerCase(Locale.ROOT).endsWith(":" + authority.port())
                && !rest.equalsIgnoreCase("[" + authority.host() + "]");
        return new HostPattern(
                domain ? "." + authority.host() : authority.host(), domain, hasPort ? authority.port() : null);
    }

    public boolean matches(Authority authority) {
        return (port == null || port == authority.port())
                && (domain ? authority.host().endsWith(host) : authority.host().equals(host));
    }
}
