package io.pantala.transport;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.transport.control.ControlMessage;
import io.pantala.transport.control.ControlMessage.News;
import io.pantala.transport.control.LinkSecurity;
import io.pantala.transport.control.SeedLinks;
import io.pantala.transport.identity.Authority;
import io.pantala.transport.identity.ClusterKey;
import io.pantala.transport.identity.ClusterTls;
import io.pantala.transport.identity.NodeCertificate;
import io.pantala.transport.identity.NodeIdentity;
import io.pantala.transport.identity.Role;
import io.pantala.transport.identity.Roots;
import io.pantala.transport.link.Door;
import io.pantala.transport.link.DoorListener;
import io.pantala.transport.link.SeedNames;
import io.pantala.transport.ticket.Ticket;
import io.pantala.transport.ticket.TicketCheck;
import io.pantala.transport.ticket.TicketSigner;
import io.pantala.transport.ticket.Voucher;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/** A cluster that exists for a test alone. */
public final class TestCluster {
    private static final String SEED = "seed";
    private static final ClusterKey KEY = ClusterKey.derive(new byte[] {1, 2, 3});

    private final InstantSource clock;
    private final Authority authority;
    private final TicketSigner signer = TicketSigner.create();

    public TestCluster() {
        this(InstantSource.system());
    }

    public TestCluster(InstantSource clock) {
        this.clock = clock;
        this.authority = Authority.create(clock.instant());
    }

    public Authority authority() {
        return authority;
    }

    public Roots roots() {
        return new Roots(List.of(authority.certificate()));
    }

    /** A node's certificate, for a day. */
    public NodeCertificate certificate(Role role, String name) {
        return authority.issueOwn(
                new NodeIdentity(role, name),
                List.of(),
                List.of(authority.certificate()),
                clock.instant(),
                Duration.ofDays(1));
    }

    /** What a node talks to others with. */
    public ClusterTls tls(Role role, String name) {
        NodeCertificate certificate = certificate(role, name);
        Roots roots = roots();
        return new ClusterTls(() -> certificate, () -> roots, clock);
    }

    public Ticket ticket(String host, BlobKey key) {
        return ticket(host, key, clock.instant());
    }

    /** As it was signed at a certain time. */
    public Ticket ticket(String host, BlobKey key, Instant signed) {
        return signer.sign(host, key, SEED, signed);
    }

    public Voucher vouch(BlobKey key, BlockLayout layout, byte[] packed) {
        return signer.vouch(key, layout, packed);
    }

    public TicketCheck tickets() {
        return new TicketCheck(() -> List.of(signer.key()), _ -> clock.instant());
    }

    public News news(String... shutOut) {
        return new News(clock.instant(), roots().pem(), List.of(signer.key()), Set.of(shutOut), Optional.of(KEY));
    }

    /** Lets everyone pass. */
    public static Door open() {
        return new Door(
                new Door.Rules(Door.Unproven.ALL, _ -> false, _ -> true, _ -> true, InstantSource.system()),
                DoorListener.NONE);
    }

    /** How a host without a token dials. */
    public static SeedLinks.Dial plain(String host, List<NodeAddress> seeds) {
        return plain(host, seeds, InetAddress::isLoopbackAddress);
    }

    /** @param local whether an address is on this very machine */
    public static SeedLinks.Dial plain(String host, List<NodeAddress> seeds, Predicate<InetAddress> local) {
        return new SeedLinks.Dial(
                new SeedNames(seeds),
                host,
                "pantala/test",
                Optional.empty(),
                "",
                ControlMessage.Limits.NONE,
                new LinkSecurity.Plain(local),
                _ -> {},
                (_, _) -> {});
    }
}
