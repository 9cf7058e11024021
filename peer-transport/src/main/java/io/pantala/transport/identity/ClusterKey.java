package io.pantala.transport.identity;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import javax.crypto.KDF;
import javax.crypto.Mac;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * A secret that all nodes of a cluster have and nobody else. A hash made with it tells others nothing, even of what they
 * could guess.
 */
public final class ClusterKey {
    /** Bytes of a key. */
    public static final int SIZE = 32;

    private static final String ALGORITHM = "HmacSHA256";
    private static final byte[] PURPOSE = "pantala cluster key".getBytes(StandardCharsets.US_ASCII);

    private final byte[] bytes;

    private ClusterKey(byte[] bytes) {
        this.bytes = bytes;
    }

    /** Reads {@link #encoded}; an {@link IllegalArgumentException} says that it is no such key. */
    public static ClusterKey of(byte[] encoded) {
        if (encoded.length != SIZE) {
            throw new IllegalArgumentException("a key of a cluster has " + SIZE + " bytes");
        }
        return new ClusterKey(encoded.clone());
    }

    /** Always the same for the same secret, which it does not tell (HKDF, RFC 5869). */
    public static ClusterKey derive(byte[] secret) {
        try {
            return new ClusterKey(KDF.getInstance("HKDF-SHA256")
                    .deriveData(HKDFParameterSpec.ofExtract().addIKM(secret).thenExpand(PURPOSE, SIZE)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has HKDF", e);
        }
    }

    /** As it is told to nodes. */
    public byte[] encoded() {
        return bytes.clone();
    }

    /** 64 hexadecimal digits (HMAC, RFC 2104, with SHA-256). */
    public String hash(String text) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(bytes, ALGORITHM));
            return HexFormat.of().formatHex(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has " + ALGORITHM, e);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ClusterKey key && MessageDigest.isEqual(bytes, key.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /** Never the key itself. */
    @Override
    public String toString() {
        return "ClusterKey";
    }
}
