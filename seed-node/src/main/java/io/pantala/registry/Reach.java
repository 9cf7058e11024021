package io.pantala.registry;

import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What it takes to reach a registry.
 *
 * @param ca a PEM file with certificates that are trusted for it in addition to the system's
 * @param client who this node is to it, if it asks
 * @param proxy what leads there: {@code http://[user:password@]host:port}, or {@code socks5://}
 */
public record Reach(Optional<Path> ca, Optional<ClientCertificate> client, Optional<URI> proxy) {
    /** Straight, by the system's certificates. */
    public static final Reach STRAIGHT = new Reach(Optional.empty(), Optional.empty(), Optional.empty());

    /**
     * A certificate to be shown to a registry, and to nobody it redirects to.
     *
     * @param certificate PEM, those of the authorities in between behind it
     * @param key PEM, not encrypted
     */
    public record ClientCertificate(Path certificate, Path key) {}

    public Reach {
        proxy.ifPresent(uri -> {
            if (uri.getHost() == null
                    || uri.getPort() < 1
                    || !("http".equals(uri.getScheme()) || "socks5".equals(uri.getScheme()))) {
                throw new IllegalArgumentException("must read http://[user:password@]host:port or socks5://host:port");
            }
        });
    }

    /** Without the password that may be part of the proxy. */
    @Override
    public String toString() {
        return "ca=" + ca + " client=" + client.map(ClientCertificate::certificate) + " proxy="
                + proxy.map(URI::getHost);
    }
}
