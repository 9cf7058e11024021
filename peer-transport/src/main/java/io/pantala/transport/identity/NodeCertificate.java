package io.pantala.transport.identity;

import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;

/**
 * A node's own certificate and its key.
 *
 * @param chain the certificate first, then what leads to the authorities, these included
 */
public record NodeCertificate(PrivateKey key, List<X509Certificate> chain) {
    public NodeCertificate {
        chain = List.copyOf(chain);
        if (chain.isEmpty() || NodeIdentity.of(chain.getFirst()).isEmpty()) {
            throw new IllegalArgumentException("not a node's certificate");
        }
    }

    /** Reads {@link #keyPem} and {@link #chainPem}. */
    public static NodeCertificate parse(String key, String chain) throws GeneralSecurityException {
        return new NodeCertificate(Pem.ownKey(key), Pem.certificates(chain));
    }

    public String keyPem() {
        return Pem.of(key);
    }

    public String chainPem() {
        return Pem.of(chain);
    }

    public NodeIdentity identity() {
        return NodeIdentity.of(chain.getFirst()).orElseThrow();
    }

    public Instant begins() {
        return chain.getFirst().getNotBefore().toInstant();
    }

    public Instant ends() {
        return chain.getFirst().getNotAfter().toInstant();
    }

    /** Whether this authority has signed it. */
    public boolean isBy(Fingerprint authority) {
        return chain.size() > 1 && Fingerprint.of(chain.get(1)).equals(authority);
    }

    /** Who it is for and until when; never the key. */
    @Override
    public String toString() {
        return identity() + " until " + ends();
    }
}
