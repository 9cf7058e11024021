package io.pantala.registry;

import com.google.common.net.InetAddresses;
import com.google.common.net.InternetDomainName;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The rule that says which token services a registry may send us to. */
final class TokenRealm {
    private TokenRealm() {}

    /**
     * Why a realm isn't to be asked; empty if it may be. It must be as safe as the registry, and what receives
     * credentials must be of the registry's own registrable domain, so that a registry, or who speaks in its place,
     * can't have them sent elsewhere.
     */
    static Optional<String> objection(URI realm, URI registry, boolean credentialsHeld) {
        if (realm.getHost() == null || realm.getUserInfo() != null) {
            return Optional.of("its token service is not a valid address");
        }
        boolean safeEnough = "https".equalsIgnoreCase(realm.getScheme())
                || ("http".equalsIgnoreCase(realm.getScheme()) && "http".equalsIgnoreCase(registry.getScheme()));
        if (!safeEnough) {
            return Optional.of("its token service must be reached by https");
        }
        if (credentialsHeld && !site(realm.getHost()).equals(site(registry.getHost()))) {
            return Optional.of("its token service " + realm.getHost() + " is not of the same domain as "
                    + registry.getHost() + ", so it is not given the credentials");
        }
        return Optional.empty();
    }

    /** The registrable domain, by the public suffix list; of an address or a single label, the host itself. */
    private static String site(String written) {
        String host = written.toLowerCase(Locale.ROOT);
        if (host.startsWith("[") || InetAddresses.isInetAddress(host) || !InternetDomainName.isValid(host)) {
            return host;
        }
        InternetDomainName name = InternetDomainName.from(host);
        if (name.isUnderPublicSuffix()) {
            return name.topPrivateDomain().toString();
        }
        if (name.hasPublicSuffix()) {
            return host;
        }
        // The list's own rule for a top level it doesn't know, as in cluster.local.
        List<String> labels = name.parts();
        return String.join(".", labels.subList(Math.max(0, labels.size() - 2), labels.size()));
    }
}
