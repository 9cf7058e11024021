package io.pantala.seed.cluster;

import io.pantala.seed.cluster.ClusterState.AuthorityEntry;
import io.pantala.seed.cluster.ClusterState.TicketKeyEntry;
import io.pantala.transport.identity.Authority;
import io.pantala.transport.identity.Pem;
import io.pantala.transport.ticket.TicketSigner;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How what signs comes and goes. */
final class Rotation {
    private Rotation() {}

    /** A new cluster. */
    static ClusterState begin(Authority authority, Instant now) {
        return ClusterState.NONE.with(entry(authority, null, now)).with(ticketKey(now));
    }

    /**
     * Lets another authority sign from now on, and another key sign tickets. Those before are trusted for some time more.
     *
     * @throws IllegalStateException when there is none before
     */
    static ClusterState rotate(ClusterState state, Authority newer, Instant now, Duration overlap) {
        AuthorityEntry before = state.authority().orElseThrow(() -> new IllegalStateException("no authority signs"));
        Optional<TicketKeyEntry> key = state.ticketKey();
        long retires = now.plus(overlap).toEpochMilli();
        ClusterState after = state.with(
                        entry(newer, Pem.of(List.of(authority(before).crossSign(newer, now))), now))
                .with(before.retiring(retires))
                .with(ticketKey(now));
        return key.isEmpty() ? after : after.with(key.get().retiring(retires));
    }

    /** Has all retire but what signs: two seeds may have brought something new at the same time. */
    static ClusterState tidy(ClusterState state, Instant now) {
        long retires = now.plus(ClusterConfig.OVERLAP).toEpochMilli();
        ClusterState tidied = state;
        String authority = state.authority().map(AuthorityEntry::id).orElse("");
        for (AuthorityEntry entry : state.authorities()) {
            if (entry.retires() == null && !entry.id().equals(authority)) {
                tidied = tidied.with(entry.retiring(retires));
            }
        }
        String key = state.ticketKey().map(TicketKeyEntry::id).orElse("");
        for (TicketKeyEntry entry : state.ticketKeys()) {
            if (entry.retires() == null && !entry.id().equals(key)) {
                tidied = tidied.with(entry.retiring(retires));
            }
        }
        return tidied;
    }

    static Authority authority(AuthorityEntry entry) {
        try {
            return Authority.parse(entry.certificate(), Objects.requireNonNull(entry.key(), "it signs no more"));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("the authority " + entry.id() + " can't be used: " + e.getMessage(), e);
        }
    }

    private static AuthorityEntry entry(Authority authority, @Nullable String crossSigned, Instant now) {
        return new AuthorityEntry(
                authority.fingerprint().hex(),
                authority.certificatePem(),
                authority.keyPem(),
                crossSigned,
                now.toEpochMilli(),
                null);
    }

    private static TicketKeyEntry ticketKey(Instant now) {
        TicketSigner signer = TicketSigner.create();
        Base64.Encoder base64 = Base64.getEncoder();
        return new TicketKeyEntry(
                signer.key().id(),
                base64.encodeToString(signer.key().encoded()),
                base64.encodeToString(signer.encoded()),
                now.toEpochMilli(),
                null);
    }
}
