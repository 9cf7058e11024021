package io.pantala.transport.identity;

import io.pantala.manifest.Digest;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * What an authority is known by: the sha256 of its public key, so that a certificate that another one has signed for it
 * has the same.
 *
 * @param hex 64 lower-case hexadecimal digits
 */
public record Fingerprint(String hex) {
    private static final Pattern HEX = Pattern.compile("[0-9a-f]{64}");

    public Fingerprint {
        if (!HEX.matcher(hex).matches()) {
            throw new IllegalArgumentException("a fingerprint has 64 hexadecimal digits");
        }
    }

    static Fingerprint of(PublicKey key) {
        return new Fingerprint(HexFormat.of().formatHex(Digest.newSha256().digest(key.getEncoded())));
    }

    static Fingerprint of(X509Certificate certificate) {
        return of(certificate.getPublicKey());
    }

    @Override
    public String toString() {
        return hex;
    }
}
