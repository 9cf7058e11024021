package io.pantala.seed.cluster;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pantala.manifest.Digest;
import io.pantala.transport.identity.Role;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the seeds of a cluster keep in step. Two states merge into the same one whichever comes first and however often,
 * so that seeds need not agree on anything but to exchange them. All times are in milliseconds since 1970.
 *
 * <p>Whoever reads it can be any node of the cluster: it stays on seeds, in files of their owners alone.
 */
record ClusterState(
        List<AuthorityEntry> authorities,
        List<TicketKeyEntry> ticketKeys,
        List<TokenEntry> tokens,
        List<ShutOut> shutOuts) {
    static final ClusterState NONE = new ClusterState(List.of(), List.of(), List.of(), List.of());

    private static final ObjectMapper JSON = new ObjectMapper();

    ClusterState {
        authorities = List.copyOf(authorities);
        ticketKeys = List.copyOf(ticketKeys);
        tokens = List.copyOf(tokens);
        shutOuts = List.copyOf(shutOuts);
    }

    /** A part that is known by its name, and can tell what it and another of that name come to. */
    interface Entry<E> {
        String id();

        E merge(E other);
    }

    /**
     * What signs certificates, or did.
     *
     * @param id its fingerprint
     * @param key in PEM; null once it signs no more
     * @param crossSigned a certificate for it by the one before
     * @param retires when it is trusted no more; null for the one that signs
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record AuthorityEntry(
            String id,
            String certificate,
            @Nullable String key,
            @Nullable String crossSigned,
            long created,
            @Nullable Long retires)
            implements Entry<AuthorityEntry> {
        @Override
        public AuthorityEntry merge(AuthorityEntry other) {
            Long ends = earlier(retires, other.retires);
            return new AuthorityEntry(
                    id,
                    certificate,
                    ends != null ? null : key != null ? key : other.key,
                    crossSigned != null ? crossSigned : other.crossSigned,
                    Math.min(created, other.created),
                    ends);
        }

        AuthorityEntry retiring(long when) {
            return merge(new AuthorityEntry(id, certificate, null, null, created, when));
        }
    }

    /**
     * What signs tickets, or did.
     *
     * @param privateKey PKCS #8 in base64; null once it signs no more
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record TicketKeyEntry(
            String id,
            String publicKey,
            @Nullable String privateKey,
            long created,
            @Nullable Long retires) implements Entry<TicketKeyEntry> {
        @Override
        public TicketKeyEntry merge(TicketKeyEntry other) {
            Long ends = earlier(retires, other.retires);
            return new TicketKeyEntry(
                    id,
                    publicKey,
                    ends != null ? null : privateKey != null ? privateKey : other.privateKey,
                    Math.min(created, other.created),
                    ends);
        }

        TicketKeyEntry retiring(long when) {
            return merge(new TicketKeyEntry(id, publicKey, null, created, when));
        }
    }

    /**
     * What nodes may join with.
     *
     * @param id the beginning of the hash, for people
     * @param hash of the secret
     * @param authority the fingerprint in the token: it ends with that one
     * @param expires null: never
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record TokenEntry(
            String id,
            String hash,
            Role role,
            String authority,
            long created,
            @Nullable Long expires,
            boolean revoked) implements Entry<TokenEntry> {
        @Override
        public TokenEntry merge(TokenEntry other) {
            return revoked ? this : other;
        }

        TokenEntry revoke() {
            return new TokenEntry(id, hash, role, authority, created, expires, true);
        }
    }

    /**
     * A node that may not take part, or may again.
     *
     * @param id the node's name
     * @param active false once it was let in again
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record ShutOut(String id, long changed, boolean active) implements Entry<ShutOut> {
        @Override
        public ShutOut merge(ShutOut other) {
            if (changed == other.changed) {
                return active ? this : other;
            }
            return changed > other.changed ? this : other;
        }
    }

    private static @Nullable Long earlier(@Nullable Long one, @Nullable Long other) {
        if (one == null || other == null) {
            return one == null ? other : one;
        }
        return Math.min(one, other);
    }

    static ClusterState parse(String json) throws IOException {
        try {
            return JSON.readValue(json, ClusterState.class);
        } catch (JsonProcessingException e) {
            throw new IOException("not the state of a cluster: " + e.getOriginalMessage(), e);
        }
    }

    String json() {
        try {
            return JSON.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a state can always be written", e);
        }
    }

    /** Equal for equal states. */
    Digest digest() {
        return Digest.sha256(json().getBytes(StandardCharsets.UTF_8));
    }

    ClusterState merge(ClusterState other) {
        return new ClusterState(
                merge(authorities, other.authorities),
                merge(ticketKeys, other.ticketKeys),
                merge(tokens, other.tokens),
                merge(shutOuts, other.shutOuts));
    }

    private static <E extends Entry<E>> List<E> merge(List<E> one, List<E> other) {
        Map<String, E> merged = new TreeMap<>();
        one.forEach(entry -> merged.merge(entry.id(), entry, Entry::merge));
        other.forEach(entry -> merged.merge(entry.id(), entry, Entry::merge));
        return List.copyOf(merged.values());
    }

    ClusterState with(AuthorityEntry entry) {
        return merge(new ClusterState(List.of(entry), List.of(), List.of(), List.of()));
    }

    ClusterState with(TicketKeyEntry entry) {
        return merge(new ClusterState(List.of(), List.of(entry), List.of(), List.of()));
    }

    ClusterState with(TokenEntry entry) {
        return merge(new ClusterState(List.of(), List.of(), List.of(entry), List.of()));
    }

    ClusterState with(ShutOut entry) {
        return merge(new ClusterState(List.of(), List.of(), List.of(), List.of(entry)));
    }

    /** The authority that signs: of those that do not retire, the newest. */
    Optional<AuthorityEntry> authority() {
        return authorities.stream()
                .filter(entry -> entry.retires == null && entry.key != null)
                .max(Comparator.comparingLong(AuthorityEntry::created).thenComparing(AuthorityEntry::id));
    }

    /** The key that signs tickets, found alike. */
    Optional<TicketKeyEntry> ticketKey() {
        return ticketKeys.stream()
                .filter(entry -> entry.retires == null && entry.privateKey != null)
                .max(Comparator.comparingLong(TicketKeyEntry::created).thenComparing(TicketKeyEntry::id));
    }

    /** All but those whose time is over, and the tokens that named them. */
    ClusterState at(long now) {
        List<AuthorityEntry> trusted = authorities.stream()
                .filter(entry -> entry.retires == null || entry.retires > now)
                .toList();
        List<String> names = trusted.stream().map(AuthorityEntry::id).toList();
        return new ClusterState(
                trusted,
                ticketKeys.stream()
                        .filter(entry -> entry.retires == null || entry.retires > now)
                        .toList(),
                tokens.stream()
                        .filter(entry ->
                                names.contains(entry.authority) && (entry.expires == null || entry.expires > now))
                        .toList(),
                shutOuts);
    }

    /** What becomes of a node now: later than all that is known of it, whatever the clock says that told that. */
    ShutOut shutOut(String node, boolean active, long now) {
        long known = shutOuts.stream()
                .filter(entry -> entry.id().equals(node))
                .mapToLong(ShutOut::changed)
                .findFirst()
                .orElse(Long.MIN_VALUE);
        return new ShutOut(node, Math.max(now, known + 1), active);
    }

    List<ShutOut> shutOut() {
        List<ShutOut> active = new ArrayList<>(shutOuts);
        active.removeIf(entry -> !entry.active);
        return active;
    }
}
