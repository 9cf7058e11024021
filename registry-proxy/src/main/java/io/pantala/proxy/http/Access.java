package io.pantala.proxy.http;

import io.netty.handler.ipfilter.IpFilterRuleType;
import io.netty.handler.ipfilter.IpSubnetFilterRule;
import io.pantala.proxy.intercept.EngineSide.Objection;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Who may use this proxy: by where they are, and by name and password. */
public final class Access {
    private static final Pattern LITERAL = Pattern.compile("[0-9A-Fa-f:.]{3,45}/[0-9]{1,3}");
    private static final String CHALLENGE = "Basic realm=\"pantala\"";

    private final List<IpSubnetFilterRule> networks;
    private final Optional<Users> users;

    /**
     * @param networks where requests may come from; empty for anywhere
     * @param users who may use it; empty for anyone
     */
    public Access(List<IpSubnetFilterRule> networks, Optional<Users> users) {
        this.networks = List.copyOf(networks);
        this.users = users;
    }

    /** Lets everyone in. */
    public static Access open() {
        return new Access(List.of(), Optional.empty());
    }

    /** Reads {@code address/bits}; an {@link IllegalArgumentException} says what is wrong with it. */
    public static IpSubnetFilterRule network(String cidr) {
        if (LITERAL.matcher(cidr).matches()) {
            try {
                return new IpSubnetFilterRule(cidr, IpFilterRuleType.ACCEPT);
            } catch (IllegalArgumentException e) {
                // said below
            }
        }
        throw new IllegalArgumentException("must read address/bits, such as 10.0.0.0/8 or fd00::/8");
    }

    /** Whether engines have to say who they are. */
    boolean asksForUsers() {
        return users.isPresent();
    }

    /** What speaks against requests from there. */
    Optional<Objection> objection(InetSocketAddress engine) {
        return networks.isEmpty() || networks.stream().anyMatch(network -> network.matches(engine))
                ? Optional.empty()
                : Optional.of(new Objection(403, "DENIED", "this proxy takes no requests from this address"));
    }

    /**
     * What speaks against a request that is meant for a proxy. May wait for a hash to be computed.
     *
     * @param credential its {@code Proxy-Authorization}
     */
    Optional<Objection> objectionToProxied(@Nullable String credential) throws InterruptedException {
        return users.isEmpty() || users.get().admits(credential)
                ? Optional.empty()
                : Optional.of(
                        new Objection(407, "UNAUTHORIZED", "this proxy asks for a user and a password", CHALLENGE));
    }

    /**
     * What speaks against a request that is meant for a mirror. May wait for a hash to be computed.
     *
     * @param credential its {@code Authorization}: of a mirror that has users, it is for the mirror
     */
    Optional<Objection> objectionToMirrored(@Nullable String credential) throws InterruptedException {
        return users.isEmpty() || users.get().admits(credential)
                ? Optional.empty()
                : Optional.of(
                        new Objection(401, "UNAUTHORIZED", "this mirror asks for a user and a password", CHALLENGE));
    }
}
