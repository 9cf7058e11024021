package io.pantala.transport.ticket;

import io.pantala.manifest.Digest;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.HexFormat;

/**
 * What tickets are verified with.
 *
 * @param id the first 8 hexadecimal digits of the sha256 of the key
 */
public record TicketKey(String id, PublicKey key) {
    private static final int ID_BYTES = 4;

    static TicketKey of(PublicKey key) {
        byte[] sha256 = Digest.newSha256().digest(key.getEncoded());
        return new TicketKey(HexFormat.of().formatHex(sha256, 0, ID_BYTES), key);
    }

    /** Reads {@link #encoded}; an {@link IllegalArgumentException} says that it is no such key. */
    public static TicketKey parse(byte[] encoded) {
        try {
            PublicKey key = KeyFactory.getInstance("EC").generatePublic(new X509EncodedKeySpec(encoded));
            if (key instanceof ECPublicKey ec
                    && ec.getParams().getCurve().getField().getFieldSize() == 4 * Contents.SIGNATURE) {
                return of(key);
            }
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("not a key for tickets", e);
        }
        throw new IllegalArgumentException("not a key for tickets");
    }

    /** As it is told to hosts. */
    public byte[] encoded() {
        return key.getEncoded();
    }
}
