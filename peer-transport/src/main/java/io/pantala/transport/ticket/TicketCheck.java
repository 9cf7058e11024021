package io.pantala.transport.ticket;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.transport.identity.NodeIdentity;
import java.security.GeneralSecurityException;
import java.security.Signature;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Checks tickets before blocks are given for them. Each signature is verified once, which takes part of a millisecond. */
public final class TicketCheck {
    private static final int REMEMBERED = 10_000;

    private final Supplier<Collection<TicketKey>> keys;
    private final SeedClock clock;
    private final Cache<String, Contents> verified = Caffeine.newBuilder()
            .maximumSize(REMEMBERED)
            .expireAfterWrite(TicketSigner.LIFE.multipliedBy(2))
            .build();

    /** What a seed's clock shows. */
    public interface SeedClock {
        /**
         * The time by it.
         *
         * @param seed what it calls itself
         */
        Instant now(String seed);
    }

    /** @param keys of the cluster, at the time */
    public TicketCheck(Supplier<Collection<TicketKey>> keys, SeedClock clock) {
        this.keys = keys;
        this.clock = clock;
    }

    /**
     * Why this blob's blocks may not be given; empty: they may.
     *
     * @param text what the request shows as a ticket; null for none
     * @param caller who asks, as far as that is known for certain
     */
    public Optional<TicketRefusal> check(@Nullable String text, Optional<NodeIdentity> caller, BlobKey wanted) {
        if (text == null) {
            return Optional.of(TicketRefusal.MISSING);
        }
        if (text.length() > Ticket.LONGEST) {
            return Optional.of(TicketRefusal.MALFORMED);
        }
        Contents contents = verified.getIfPresent(text);
        if (contents == null) {
            byte[] bytes = decode(text);
            Optional<Contents> read = Contents.decode(bytes);
            if (read.isEmpty()) {
                return Optional.of(TicketRefusal.MALFORMED);
            }
            contents = read.get();
            Optional<TicketRefusal> refusal = verify(bytes, contents.signer());
            if (refusal.isPresent()) {
                return refusal;
            }
            verified.put(text, contents);
        } else if (find(contents.signer()).isEmpty()) {
            return Optional.of(TicketRefusal.UNKNOWN_KEY);
        }
        return judge(contents, caller, wanted);
    }

    private Optional<TicketRefusal> judge(Contents contents, Optional<NodeIdentity> caller, BlobKey wanted) {
        if (!contents.key().equals(wanted)) {
            return Optional.of(TicketRefusal.OTHER_BLOB);
        }
        if (caller.isPresent() && !caller.get().name().equals(contents.host())) {
            return Optional.of(TicketRefusal.OTHER_HOST);
        }
        return clock.now(contents.seed()).isAfter(contents.until())
                ? Optional.of(TicketRefusal.EXPIRED)
                : Optional.empty();
    }

    private static byte[] decode(String text) {
        try {
            return Base64.getUrlDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            return new byte[0];
        }
    }

    private Optional<TicketKey> find(String id) {
        return keys.get().stream().filter(key -> key.id().equals(id)).findFirst();
    }

    private Optional<TicketRefusal> verify(byte[] ticket, String signer) {
        Optional<TicketKey> key = find(signer);
        if (key.isEmpty()) {
            return Optional.of(TicketRefusal.UNKNOWN_KEY);
        }
        int length = ticket.length - Contents.SIGNATURE;
        byte[] signature = Arrays.copyOfRange(ticket, length, ticket.length);
        return hasSigned(key.get(), Arrays.copyOf(ticket, length), signature)
                ? Optional.empty()
                : Optional.of(TicketRefusal.FORGED);
    }

    /**
     * Whether a seed of the cluster has vouched for these blocks of a blob.
     *
     * @param packed the sha256 of each block, one after the other
     */
    public boolean isVouched(BlobKey blob, BlockLayout layout, byte[] packed, Voucher voucher) {
        byte[] statement = Statement.of(blob, layout, packed).encode();
        byte[] signature = decode(voucher.text());
        return keys.get().stream().anyMatch(key -> hasSigned(key, statement, signature));
    }

    private static boolean hasSigned(TicketKey key, byte[] contents, byte[] signed) {
        try {
            Signature signature = Signature.getInstance(TicketSigner.ALGORITHM);
            signature.initVerify(key.key());
            signature.update(contents);
            return signature.verify(signed);
        } catch (GeneralSecurityException e) {
            // Numbers that can't be those of a signature.
            return false;
        }
    }
}
