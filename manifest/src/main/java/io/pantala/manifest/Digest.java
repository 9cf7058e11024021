package io.pantala.manifest;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * The digest of some content, {@code algorithm:encoded}, as in the OCI image specification (descriptor.md, Digests).
 *
 * <p>sha256 and sha512 must be lower-case hexadecimal of the right length; any other registered form is kept as it is
 * and never interpreted.
 *
 * @param algorithm such as {@code sha256}
 * @param encoded the part after the colon
 */
public record Digest(String algorithm, String encoded) {
    private static final Pattern ALGORITHM = Pattern.compile("[a-z0-9]+([+._-][a-z0-9]+)*");
    private static final Pattern ENCODED = Pattern.compile("[a-zA-Z0-9=_-]+");
    private static final Pattern LOWER_HEX = Pattern.compile("[0-9a-f]+");
    private static final int LONGEST = 512;

    /** The digest of no bytes at all. */
    public static final Digest EMPTY_SHA256 = sha256(new byte[0]);

    public Digest {
        // The length first: a pattern that repeats a group needs stack for each time that it matches.
        if (algorithm.length() + encoded.length() > LONGEST
                || !ALGORITHM.matcher(algorithm).matches()
                || !ENCODED.matcher(encoded).matches()) {
            throw new IllegalArgumentException("not a digest: it must read algorithm:encoded");
        }
        int hexLength = switch (algorithm) {
            case "sha256" -> 64;
            case "sha384" -> 96;
            case "sha512" -> 128;
            default -> -1;
        };
        if (hexLength > 0
                && (encoded.length() != hexLength || !LOWER_HEX.matcher(encoded).matches())) {
            throw new IllegalArgumentException(
                    "not a " + algorithm + " digest: it must have " + hexLength + " lower-case hexadecimal digits");
        }
    }

    /** Reads {@code algorithm:encoded}; an {@link IllegalArgumentException} says what is wrong with it. */
    public static Digest parse(String text) {
        int colon = text.indexOf(':');
        if (colon < 0) {
            throw new IllegalArgumentException("not a digest: it must read algorithm:encoded");
        }
        return new Digest(text.substring(0, colon), text.substring(colon + 1));
    }

    /** The sha256 of the given bytes. */
    public static Digest sha256(byte[] content) {
        return ofSha256(newSha256().digest(content));
    }

    /** Wraps the 32 bytes of a finished sha256. */
    public static Digest ofSha256(byte[] hash) {
        return new Digest("sha256", HexFormat.of().formatHex(hash));
    }

    /** A fresh SHA-256 computation. */
    public static MessageDigest newSha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    public boolean isSha256() {
        return algorithm.equals("sha256");
    }

    /** The 32 raw bytes of a sha256. */
    public byte[] sha256Bytes() {
        if (!isSha256()) {
            throw new IllegalStateException(this + " is not a sha256");
        }
        return HexFormat.of().parseHex(encoded);
    }

    @Override
    public String toString() {
        return algorithm + ":" + encoded;
    }
}
