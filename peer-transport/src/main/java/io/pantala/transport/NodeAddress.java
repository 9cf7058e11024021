package io.pantala.transport;

import java.net.InetAddress;

/**
 * Where a node listens or is dialled.
 *
 * @param host a name or an IP literal, the latter without brackets
 * @param port 0 to 65535; 0 only where a node listens, for any free one
 */
public record NodeAddress(String host, int port) {
    public NodeAddress {
        if (host.isEmpty() || host.chars().anyMatch(c -> c <= ' ' || c == '/' || c == '[' || c == ']' || c > '~')) {
            throw new IllegalArgumentException("not a host: '" + host + "'");
        }
        if (port < 0 || port > 65535) {
            throw new IllegalArgumentException("not a port: " + port);
        }
    }

    /**
     * Reads {@code host}, {@code host:port}, {@code [v6]} or {@code [v6]:port}; an {@link IllegalArgumentException} says
     * what is wrong with it.
     */
    public static NodeAddress parse(String text, int defaultPort) {
        int hostEnd;
        String host;
        if (text.startsWith("[")) {
            hostEnd = text.indexOf(']') + 1;
            if (hostEnd == 0) {
                throw new IllegalArgumentException("not an address: '" + text + "' has no closing bracket");
            }
            host = text.substring(1, hostEnd - 1);
        } else {
            hostEnd = text.indexOf(':') < 0 ? text.length() : text.indexOf(':');
            host = text.substring(0, hostEnd);
            if (text.indexOf(':', hostEnd + 1) >= 0) {
                throw new IllegalArgumentException("not an address: '" + text + "' needs brackets around IPv6");
            }
        }
        if (hostEnd == text.length()) {
            return new NodeAddress(host, defaultPort);
        }
        String port = text.substring(hostEnd + 1);
        if (text.charAt(hostEnd) != ':' || !port.matches("[0-9]{1,5}")) {
            throw new IllegalArgumentException("not an address: '" + text + "' must read host:port");
        }
        return new NodeAddress(host, Integer.parseInt(port));
    }

    /** Whether only this very machine is meant: {@code localhost} or a loopback literal. Names are not looked up. */
    public boolean isLoopback() {
        if (host.equalsIgnoreCase("localhost")) {
            return true;
        }
        try {
            return InetAddress.ofLiteral(host).isLoopbackAddress();
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** The host as it stands in URLs: an IPv6 literal in brackets. */
    public String urlHost() {
        return host.indexOf(':') < 0 ? host : "[" + host + "]";
    }

    @Override
    public String toString() {
        return urlHost() + ":" + port;
    }
}
