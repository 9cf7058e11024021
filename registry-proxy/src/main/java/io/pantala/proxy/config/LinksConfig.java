package io.pantala.proxy.config;

import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.Token;
import java.util.List;
import java.util.Optional;

/**
 * How a host is one of a cluster.
 *
 * @param seeds their control links, addresses or names; empty: this host works alone, with a seed inside
 * @param token what it joins with; its links are TLS then
 * @param plaintext whether its links may leave this machine without TLS
 * @param listen where other hosts fetch blocks
 * @param advertised what they are told; empty: the address that seeds see, and the port of {@code listen}
 */
public record LinksConfig(
        List<NodeAddress> seeds,
        Optional<Token> token,
        boolean plaintext,
        NodeAddress listen,
        Optional<NodeAddress> advertised) {
    private static final NodeAddress ANY_LOCAL = new NodeAddress("127.0.0.1", 0);
    private static final NodeAddress EVERYWHERE = new NodeAddress("::", 6461);

    public LinksConfig {
        seeds = List.copyOf(seeds);
        if (token.isPresent() && plaintext) {
            throw new IllegalArgumentException("with a token, links are not plain");
        }
    }

    /** Without a token, on this very machine. */
    public static LinksConfig local(List<NodeAddress> seeds) {
        return new LinksConfig(seeds, Optional.empty(), false, ANY_LOCAL, Optional.empty());
    }

    /** Joins with a token. */
    public static LinksConfig joining(List<NodeAddress> seeds, Token token, NodeAddress listen) {
        return new LinksConfig(seeds, Optional.of(token), false, listen, Optional.empty());
    }

    static LinksConfig read(Settings settings) {
        Optional<Token> token = Tokens.read(settings);
        boolean plaintext = settings.get(Key.PLAINTEXT).parse(Truth::parse);
        if (token.isPresent() && plaintext) {
            throw new ConfigException(
                    "plaintext (" + settings.get(Key.PLAINTEXT).origin()
                            + "): with join.token, links are TLS; take one of the two away");
        }
        boolean open = token.isPresent() || plaintext;
        List<NodeAddress> seeds = settings.find(Key.SEEDS)
                .map(set -> set.parseEach(text -> open ? Addresses.ofSeed(text) : Addresses.ofLocalSeed(text)))
                .orElse(List.of());
        if (token.isPresent() && seeds.isEmpty()) {
            throw new ConfigException("join.token: there is nothing to join without seeds; set seeds, too");
        }
        NodeAddress listen = settings.find(Key.PEER_LISTEN)
                .map(set -> set.parse(text -> open
                        ? Addresses.any(text, EVERYWHERE.port())
                        : Addresses.onLoopback(Addresses.any(text, EVERYWHERE.port()))))
                .orElse(open ? EVERYWHERE : ANY_LOCAL);
        Optional<NodeAddress> advertised =
                settings.find(Key.PEER_ADVERTISE).map(set -> set.parse(text -> Addresses.any(text, listen.port())));
        return new LinksConfig(seeds, token, plaintext, listen, advertised);
    }
}
