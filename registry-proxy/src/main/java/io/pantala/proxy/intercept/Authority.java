package io.pantala.proxy.intercept;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A host and port that a client of a proxy wants to talk to (RFC 9110, 9.3.6).
 *
 * @param host a name in lower case, or an address; IPv6 without brackets
 */
public record Authority(String host, int port) {
    private static final Pattern TEXT = Pattern.compile(
            "(?<host>[a-z0-9_]([a-z0-9_-]|\\.(?!\\.)){0,252}|\\[(?<v6>[0-9a-f:.]{2,45})])(:(?<port>[0-9]{1,5}))?");

    public Authority {
        if (port < 1 || port > 0xffff) {
            throw new IllegalArgumentException("not a port: " + port);
        }
    }

    /** Reads {@code host:port}; empty if it is neither that nor {@code host}, for which the default port counts. */
    public static Optional<Authority> parse(String text, int defaultPort) {
        Matcher parts = TEXT.matcher(text.toLowerCase(Locale.ROOT));
        if (!parts.matches()) {
            return Optional.empty();
        }
        String digits = parts.group("port");
        int port = digits == null ? defaultPort : Integer.parseInt(digits);
        if (port < 1 || port > 0xffff) {
            return Optional.empty();
        }
        String v6 = parts.group("v6");
        String host = v6 == null ? parts.group("host") : v6;
        return Optional.of(new Authority(host.endsWith(".") ? host.substring(0, host.length() - 1) : host, port));
    }

    @Override
    public String toString() {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
}
