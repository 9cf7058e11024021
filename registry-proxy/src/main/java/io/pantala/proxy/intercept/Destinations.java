package io.pantala.proxy.intercept;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.function.Predicate;

/**
 * Where engines may be connected to beside the upstreams: anywhere but to what only this host itself can reach, or what
 * this process listens on. Private networks are open, since registries and token services live there.
 */
public final class Destinations {
    private final Predicate<Authority> trusted;
    private final IntPredicate ownPorts;
    private final Resolver resolver;

    /** Finds the addresses of a host. */
    @FunctionalInterface
    public interface Resolver {
        InetAddress[] resolve(String host) throws UnknownHostException;
    }

    /**
     * @param trusted what the user has named as a place to go to, so that it may also be on this host
     * @param ownPorts what this process listens on
     */
    public Destinations(Predicate<Authority> trusted, IntPredicate ownPorts, Resolver resolver) {
        this.trusted = trusted;
        this.ownPorts = ownPorts;
        this.resolver = resolver;
    }

    /** Nobody is connected there. */
    public static final class ForbiddenException extends Exception {
        private static final long serialVersionUID = 1;

        ForbiddenException(String message) {
            super(message, null, false, false);
        }
    }

    /**
     * The addresses to try, in order. They are what was judged: a name must not be resolved again. Waits for name
     * servers.
     */
    public List<InetSocketAddress> addresses(Authority to) throws UnknownHostException, ForbiddenException {
        List<InetSocketAddress> allowed = new ArrayList<>();
        for (InetAddress address : resolver.resolve(to.host())) {
            if (mayReach(to, address)) {
                allowed.add(new InetSocketAddress(address, to.port()));
            }
        }
        if (allowed.isEmpty()) {
            throw new ForbiddenException(to + " is this host itself, or next to it: nobody is connected there unless"
                    + " it is an upstream, or listed in tunnel");
        }
        return allowed;
    }

    private boolean mayReach(Authority to, InetAddress address) {
        boolean ownAddress = isOwn(address);
        if (ownAddress && ownPorts.test(to.port())) {
            return false;
        }
        return trusted.test(to)
                || !(address.isLoopbackAddress()
                        || address.isAnyLocalAddress()
                        || address.isLinkLocalAddress()
                        || address.isMulticastAddress());
    }

    private static boolean isOwn(InetAddress address) {
        try {
            return address.isLoopbackAddress()
                    || address.isAnyLocalAddress()
                    || NetworkInterface.getByInetAddress(address) != null;
        } catch (SocketException e) {
            return true;
        }
    }
}
