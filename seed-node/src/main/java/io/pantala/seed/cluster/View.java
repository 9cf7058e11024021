package io.pantala.seed.cluster;

import io.pantala.seed.cluster.ClusterState.AuthorityEntry;
import io.pantala.seed.cluster.ClusterState.ShutOut;
import io.pantala.seed.cluster.ClusterState.TicketKeyEntry;
import io.pantala.transport.identity.Authority;
import io.pantala.transport.identity.ClusterKey;
import io.pantala.transport.identity.NodeCertificate;
import io.pantala.transport.identity.NodeIdentity;
import io.pantala.transport.identity.Pem;
import io.pantala.transport.identity.Roots;
import io.pantala.transport.ticket.TicketKey;
import io.pantala.transport.ticket.TicketSigner;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What follows from a cluster's state for one seed.
 *
 * @param way what leads from the authority that signs to those trusted, itself first, each signed by the one before it
 * @param own the seed's certificate
 */
record View(
        ClusterState state,
        Authority authority,
        List<X509Certificate> way,
        Roots roots,
        TicketSigner signer,
        List<TicketKey> ticketKeys,
        Set<String> shutOut,
        NodeCertificate own) {
    /** @param before whose certificate is kept as long as it is good */
    static View of(ClusterState state, NodeIdentity self, Duration life, @Nullable View before, Instant now) {
        AuthorityEntry signing = state.authority().orElseThrow(() -> new IllegalStateException("no authority signs"));
        TicketKeyEntry key = state.ticketKey().orElseThrow(() -> new IllegalStateException("no key signs tickets"));
        Authority authority = Rotation.authority(signing);
        List<X509Certificate> others = others(state, signing);
        List<X509Certificate> roots = new ArrayList<>(others);
        roots.addFirst(authority.certificate());
        List<X509Certificate> way = way(state);
        return new View(
                state,
                authority,
                way,
                new Roots(roots),
                TicketSigner.parse(decode(Objects.requireNonNull(key.privateKey())), decode(key.publicKey())),
                state.ticketKeys().stream()
                        .map(entry -> TicketKey.parse(decode(entry.publicKey())))
                        .toList(),
                state.shutOut().stream().map(ShutOut::id).collect(Collectors.toUnmodifiableSet()),
                before != null
                                && before.own()
                                        .chain()
                                        .subList(1, before.own().chain().size())
                                        .equals(way)
                                && !before.isStale(now)
                        ? before.own()
                        : authority.issueOwn(self, OwnNames.find(), way, now, life));
    }

    /** Whoever trusts but one of them, such as since a time before several rotations, finds its way from any newer one. */
    private static List<X509Certificate> way(ClusterState state) {
        List<AuthorityEntry> newestFirst = state.authorities().stream()
                .sorted(Comparator.comparing((AuthorityEntry entry) -> entry.retires() == null)
                        .thenComparingLong(AuthorityEntry::created)
                        .thenComparing(AuthorityEntry::id)
                        .reversed())
                .toList();
        AuthorityEntry oldest = newestFirst.getLast();
        return newestFirst.stream()
                .map(entry ->
                        entry.equals(oldest) || entry.crossSigned() == null ? entry.certificate() : entry.crossSigned())
                .map(View::parse)
                .toList();
    }

    private static List<X509Certificate> others(ClusterState state, AuthorityEntry signing) {
        return state.authorities().stream()
                .filter(entry -> !entry.id().equals(signing.id()))
                .map(entry -> parse(entry.certificate()))
                .toList();
    }

    private static X509Certificate parse(String pem) {
        try {
            return Pem.certificates(pem).getFirst();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("an authority can't be used: " + e.getMessage(), e);
        }
    }

    private static byte[] decode(String base64) {
        return Base64.getDecoder().decode(base64);
    }

    /** Whether half of the life of the seed's certificate is over, or it begins later: the clock was ahead then. */
    boolean isStale(Instant now) {
        Duration life = Duration.between(own.begins(), own.ends());
        return now.isBefore(own.begins()) || now.isAfter(own.begins().plus(life.dividedBy(2)));
    }

    /**
     * What the cluster keeps to itself: it comes from the authority, and goes with it. That one all seeds have in common,
     * also those which were given the same one and nothing of each other.
     */
    ClusterKey key() {
        return ClusterKey.derive(authority.keyPem().getBytes(StandardCharsets.US_ASCII));
    }

    /** A certificate that was just signed, and what leads from it to those trusted. */
    String chainPem(X509Certificate certificate) {
        return Pem.of(List.of(certificate)) + Pem.of(way);
    }
}
