package io.pantala.proxy.http;

import io.pantala.proxy.intercept.Authority;

/**
 * A request that an engine sends through this proxy to a host that is no registry of ours.
 *
 * @param target raw path and query
 */
public record Elsewhere(boolean tls, Authority host, String target) implements Call {
    /** Where it goes: {@code http://host[:port]}. */
    public String origin() {
        String written = host.toString();
        String defaultPort = tls ? ":443" : ":80";
        return (tls ? "https://" : "http://")
                + (written.endsWith(defaultPort)
                        ? written.substring(0, written.length() - defaultPort.length())
                        : written);
    }
}
