package io.pantala.registry;

import io.pantala.manifest.UpstreamName;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A registry that may be dialled.
 *
 * @param name what engines call it
 * @param url where it is: {@code https://host[:port][/prefix]}, or {@code http://} if it is configured so
 * @param reach what it takes to get there
 */
public record Upstream(UpstreamName name, URI url, Reach reach) {
    public Upstream {
        if (!("https".equals(url.getScheme()) || "http".equals(url.getScheme()))
                || url.getHost() == null
                || url.getRawUserInfo() != null
                || url.getRawQuery() != null
                || url.getRawFragment() != null) {
            throw new IllegalArgumentException(
                    "the url of upstream " + name + " must read https://host[:port] or http://host[:port]");
        }
    }

    /** An upstream trusted by the system's certificates. */
    public Upstream(UpstreamName name, URI url) {
        this(name, url, Reach.STRAIGHT);
    }

    /**
     * An upstream that nothing else is special about.
     *
     * @param ca a PEM file with certificates that are trusted for it in addition to the system's
     */
    public Upstream(UpstreamName name, URI url, Optional<Path> ca) {
        this(name, url, new Reach(ca, Optional.empty(), Optional.empty()));
    }
}
