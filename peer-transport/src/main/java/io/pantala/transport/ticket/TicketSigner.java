package io.pantala.transport.ticket;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;

/** Signs tickets, for a seed. A signature takes a tenth of a millisecond. */
public final class TicketSigner {
    static final String ALGORITHM = "SHA256withECDSAinP1363Format";

    /** How long a ticket lasts. */
    public static final Duration LIFE = Duration.ofMinutes(5);

    private final TicketKey publicKey;
    private final PrivateKey key;

    private TicketSigner(TicketKey publicKey, PrivateKey key) {
        this.publicKey = publicKey;
        this.key = key;
    }

    /** With a new key. */
    public static TicketSigner create() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            KeyPair keys = generator.generateKeyPair();
            return new TicketSigner(TicketKey.of(keys.getPublic()), keys.getPrivate());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has P-256", e);
        }
    }

    /** Reads {@link #encoded} and its {@link #key}; an {@link IllegalArgumentException} says that they are none. */
    public static TicketSigner parse(byte[] encoded, byte[] publicKey) {
        try {
            return new TicketSigner(
                    TicketKey.parse(publicKey),
                    KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(encoded)));
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("not a key for tickets", e);
        }
    }

    /** What others verify with. */
    public TicketKey key() {
        return publicKey;
    }

    /** The private key, PKCS #8. */
    public byte[] encoded() {
        return key.getEncoded();
    }

    /**
     * A ticket of {@link #LIFE}.
     *
     * @param seed what the signing seed calls itself
     */
    public Ticket sign(String host, BlobKey blob, String seed, Instant now) {
        byte[] contents = new Contents(publicKey.id(), host, blob, seed, now.plus(LIFE)).encode();
        byte[] signed = signature(contents);
        byte[] ticket = Arrays.copyOf(contents, contents.length + signed.length);
        System.arraycopy(signed, 0, ticket, contents.length, signed.length);
        return new Ticket(Base64.getUrlEncoder().withoutPadding().encodeToString(ticket));
    }

    /**
     * Vouches for the blocks of a blob, for as long as the cluster knows this key.
     *
     * @param packed the sha256 of each block, one after the other
     */
    public Voucher vouch(BlobKey blob, BlockLayout layout, byte[] packed) {
        byte[] signed = signature(Statement.of(blob, layout, packed).encode());
        return new Voucher(Base64.getUrlEncoder().withoutPadding().encodeToString(signed));
    }

    private byte[] signature(byte[] contents) {
        try {
            Signature signature = Signature.getInstance(ALGORITHM);
            signature.initSign(key);
            signature.update(contents);
            return signature.sign();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("a key that could sign before must be able to", e);
        }
    }
}
