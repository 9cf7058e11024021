package io.pantala.proxy.config;

import io.pantala.transport.NodeAddress;
import java.net.InetAddress;
import java.net.UnknownHostException;

/** Reads addresses, and keeps those of plain cluster links on this machine: on a network, nobody could be told apart. */
public final class Addresses {
    private static final int SEED_PORT = 6462;

    private Addresses() {}

    /** Where to listen; port 0 is any free one. */
    static NodeAddress any(String text, int defaultPort) {
        try {
            return NodeAddress.parse(text, defaultPort);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("must read HOST:PORT, such as 127.0.0.1:6460 or [::1]:6460", e);
        }
    }

    /** Where a seed listens. */
    static NodeAddress ofThisSeed(String text) {
        return any(text, SEED_PORT);
    }

    /** Where a seed is dialled. An {@link IllegalArgumentException} says what is wrong with the text. */
    public static NodeAddress ofSeed(String text) {
        NodeAddress seed = any(text, SEED_PORT);
        if (seed.port() == 0) {
            throw new IllegalArgumentException("a seed's port can't be 0");
        }
        return seed;
    }

    /** Where a seed on this machine is dialled. */
    static NodeAddress ofLocalSeed(String text) {
        return onLoopback(ofSeed(text));
    }

    /** By number, so that a name can't mean something else later; all of a name's loopback addresses are one machine. */
    static NodeAddress onLoopback(NodeAddress address) {
        try {
            InetAddress[] found = InetAddress.getAllByName(address.host());
            for (InetAddress each : found) {
                if (!each.isLoopbackAddress()) {
                    throw new IllegalArgumentException(
                            "is not a loopback address: over a network, links need join.token, which `pantala token`"
                                    + " prints on a seed (or plaintext, on a network that all trust)");
                }
            }
            return new NodeAddress(found[0].getHostAddress(), address.port());
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("can't be resolved: without join.token, links stay on loopback", e);
        }
    }
}
