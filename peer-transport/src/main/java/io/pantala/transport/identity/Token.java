package io.pantala.transport.identity;

import io.pantala.manifest.Digest;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What lets someone in: the fingerprint of the authority that a seed must prove before it is sent the secret, and the
 * secret. Written {@code pantala1.FINGERPRINT.SECRET}; never shown by {@link #toString}.
 */
public final class Token {
    private static final Pattern TEXT = Pattern.compile("pantala1\\.([0-9a-f]{64})\\.([0-9A-Za-z_-]{43})");
    private static final int SECRET_BYTES = 32;

    private final Fingerprint authority;
    private final String secret;

    private Token(Fingerprint authority, String secret) {
        this.authority = authority;
        this.secret = secret;
    }

    /** A new one. */
    public static Token create(Fingerprint authority) {
        byte[] secret = new byte[SECRET_BYTES];
        new SecureRandom().nextBytes(secret);
        return new Token(authority, Base64.getUrlEncoder().withoutPadding().encodeToString(secret));
    }

    /** Reads one; an {@link IllegalArgumentException} doesn't repeat it. */
    public static Token parse(String text) {
        Matcher parts = TEXT.matcher(text.strip());
        if (!parts.matches()) {
            throw new IllegalArgumentException(
                    "is no token: it reads pantala1.FINGERPRINT.SECRET, as `pantala token` prints it");
        }
        return new Token(new Fingerprint(parts.group(1)), parts.group(2));
    }

    public Fingerprint authority() {
        return authority;
    }

    /** To be sent to a seed that has proved the authority, and kept nowhere else. */
    public String secret() {
        return secret;
    }

    /** What a seed remembers of the secret. */
    public Digest hash() {
        return hash(secret);
    }

    /** The same of a secret that someone has sent. */
    public static Digest hash(String secret) {
        return Digest.sha256(secret.getBytes(StandardCharsets.UTF_8));
    }

    /** The whole token, secret and all. */
    public String text() {
        return "pantala1." + authority + "." + secret;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Token that && authority.equals(that.authority) && secret.equals(that.secret);
    }

    @Override
    public int hashCode() {
        return secret.hashCode();
    }

    @Override
    public String toString() {
        return "a token of " + authority;
    }
}
