package io.pantala.transport.identity;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which node this is, as its certificate says by a URI among its alternative names: {@code urn:pantala:host:NAME}.
 *
 * @param name what the node calls itself: 1 to 64 letters, digits, dots, dashes or underscores
 */
public record NodeIdentity(Role role, String name) {
    private static final Pattern NAME = Pattern.compile("[0-9A-Za-z._-]{1,64}");
    private static final Pattern URI = Pattern.compile("urn:pantala:([a-z]+):(.+)");

    /** The kind of alternative name that a URI is. */
    private static final int URI_NAME = 6;

    public NodeIdentity {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "a node's name has 1 to 64 letters, digits, dots, dashes or underscores");
        }
    }

    String uri() {
        return "urn:pantala:" + role.text() + ":" + name;
    }

    /** Who a certificate says it is for; empty for a certificate of something else. */
    public static Optional<NodeIdentity> of(X509Certificate certificate) {
        Collection<List<?>> names;
        try {
            names = certificate.getSubjectAlternativeNames();
        } catch (CertificateParsingException e) {
            return Optional.empty();
        }
        if (names == null) {
            return Optional.empty();
        }
        return names.stream()
                .filter(name -> name.get(0) instanceof Integer kind && kind == URI_NAME)
                .flatMap(name -> parse(String.valueOf(name.get(1))).stream())
                .findFirst();
    }

    private static Optional<NodeIdentity> parse(String uri) {
        Matcher parts = URI.matcher(uri);
        if (!parts.matches() || !NAME.matcher(parts.group(2)).matches()) {
            return Optional.empty();
        }
        return Role.of(parts.group(1)).map(role -> new NodeIdentity(role, parts.group(2)));
    }

    @Override
    public String toString() {
        return role.text() + " " + name;
    }
}
