package io.pantala.registry;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where one request goes. The target is kept raw, since whoever signed it signed its very bytes.
 *
 * @param tls whether over TLS
 * @param host name or address, IPv6 without brackets
 * @param target raw path and query
 */
record Location(boolean tls, String host, int port, String target) {
    private static final Pattern ABSOLUTE = Pattern.compile("(?<scheme>[A-Za-z][A-Za-z0-9+.-]*):(?<rest>.*)");
    private static final Pattern AUTHORITY =
            Pattern.compile("(?<host>[A-Za-z0-9._~-]+|\\[[0-9A-Fa-f:.]+])(:(?<port>[0-9]{0,5}))?");
    private static final int LONGEST = 32 << 10;

    static Location of(URI base, String target) {
        boolean tls = "https".equals(base.getScheme());
        String prefix = base.getRawPath() == null ? "" : base.getRawPath();
        if (prefix.endsWith("/")) {
            prefix = prefix.substring(0, prefix.length() - 1);
        }
        return new Location(
                tls,
                unbracketed(base.getHost()),
                base.getPort() < 0 ? defaultPort(tls) : base.getPort(),
                prefix + target);
    }

    /** Where a {@code Location} header of an answer from here points (RFC 9110, 10.2.2); empty if nowhere we go. */
    Optional<Location> resolve(String header) {
        int fragment = header.indexOf('#');
        String reference = fragment < 0 ? header : header.substring(0, fragment);
        if (reference.length() > LONGEST || reference.chars().anyMatch(c -> c < ' ' || c == 0x7f)) {
            return Optional.empty();
        }
        Matcher absolute = ABSOLUTE.matcher(reference);
        if (absolute.matches()) {
            boolean secure = absolute.group("scheme").equalsIgnoreCase("https");
            boolean web = secure || absolute.group("scheme").equalsIgnoreCase("http");
            return web && absolute.group("rest").startsWith("//")
                    ? elsewhere(secure, absolute.group("rest").substring(2))
                    : Optional.empty();
        }
        if (reference.startsWith("//")) {
            return elsewhere(tls, reference.substring(2));
        }
        String path = target.contains("?") ? target.substring(0, target.indexOf('?')) : target;
        String resolved = switch (reference.isEmpty() ? ' ' : reference.charAt(0)) {
            case ' ' -> target;
            case '/' -> reference;
            case '?' -> path + reference;
            default -> withoutDots(path.substring(0, path.lastIndexOf('/') + 1), reference);
        };
        return Optional.of(new Location(tls, host, port, escaped(resolved)));
    }

    /** Whether a credential that is good here may be shown there. */
    boolean sameOrigin(Location other) {
        return tls == other.tls && port == other.port && host.equals(other.host);
    }

    /** Where the server is, whatever is asked there. */
    Location origin() {
        return new Location(tls, host, port, "");
    }

    /** The host as it stands in a URL, IPv6 in brackets. */
    String urlHost() {
        return host.contains(":") ? "[" + host + "]" : host;
    }

    /** For the {@code Host} header. */
    String authority() {
        return port == defaultPort(tls) ? urlHost() : urlHost() + ":" + port;
    }

    /** Without the target, which may be signed. */
    @Override
    public String toString() {
        return (tls ? "https://" : "http://") + authority();
    }

    private static Optional<Location> elsewhere(boolean tls, String rest) {
        int end = 0;
        while (end < rest.length() && rest.charAt(end) != '/' && rest.charAt(end) != '?') {
            end++;
        }
        Matcher authority = AUTHORITY.matcher(rest.substring(0, end));
        if (!authority.matches()) {
            return Optional.empty();
        }
        String digits = authority.group("port");
        int port = digits == null || digits.isEmpty() ? defaultPort(tls) : Integer.parseInt(digits);
        if (port < 1 || port > 0xffff) {
            return Optional.empty();
        }
        String target = rest.substring(end);
        return Optional.of(new Location(
                tls,
                unbracketed(authority.group("host")),
                port,
                escaped(target.startsWith("/") ? target : "/" + target)));
    }

    /** Resolves a relative path against a directory; everything behind its {@code ?} stays. */
    private static String withoutDots(String directory, String reference) {
        int query = reference.indexOf('?');
        String relative = query < 0 ? reference : reference.substring(0, query);
        while (relative.startsWith("./") || relative.startsWith("../")) {
            if (relative.startsWith("../") && directory.length() > 1) {
                directory = directory.substring(0, directory.lastIndexOf('/', directory.length() - 2) + 1);
            }
            relative = relative.substring(relative.indexOf('/') + 1);
        }
        return directory + relative + (query < 0 ? "" : reference.substring(query));
    }

    /** Escapes only what can't stand in a request line; all else stays as it was sent. */
    private static String escaped(String target) {
        if (target.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            return target;
        }
        StringBuilder escaped = new StringBuilder(target.length() + 16);
        // Header values were decoded byte by byte.
        for (byte b : target.getBytes(StandardCharsets.ISO_8859_1)) {
            if (b > ' ' && b < 0x7f) {
                escaped.append((char) b);
            } else {
                escaped.append(String.format(Locale.ROOT, "%%%02X", b & 0xff));
            }
        }
        return escaped.toString();
    }

    private static String unbracketed(String host) {
        String name = host.toLowerCase(Locale.ROOT);
        return name.startsWith("[") ? name.substring(1, name.length() - 1) : name;
    }

    private static int defaultPort(boolean tls) {
        return tls ? 443 : 80;
    }
}
