package io.pantala.transport.identity;

import java.security.GeneralSecurityException;
import java.security.InvalidAlgorithmParameterException;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The authorities that a node trusts.
 *
 * @param certificates of the one that signs now; then, while it takes over, of the one before
 */
public record Roots(List<X509Certificate> certificates) {
    /** A leaf, and each authority that is still trusted: who rotates more often than that within days has other worries. */
    private static final int LONGEST_CHAIN = 16;

    public Roots {
        certificates = List.copyOf(certificates);
        if (certificates.isEmpty()) {
            throw new IllegalArgumentException("no authority to trust");
        }
    }

    /** Reads {@link #pem}. */
    public static Roots parse(String pem) throws GeneralSecurityException {
        return new Roots(Pem.certificates(pem));
    }

    public String pem() {
        return Pem.of(certificates);
    }

    /** What signs certificates now. */
    public Fingerprint current() {
        return Fingerprint.of(certificates.getFirst());
    }

    public boolean contain(Fingerprint authority) {
        return certificates.stream().anyMatch(root -> Fingerprint.of(root).equals(authority));
    }

    /** Finds out for whom the first certificate is, by a way from it to one of these. */
    NodeIdentity verify(X509Certificate[] chain, Instant now) throws CertificateException {
        if (chain.length == 0 || chain.length > LONGEST_CHAIN) {
            throw new CertificateException("a chain of " + chain.length + " certificates");
        }
        NodeIdentity node = NodeIdentity.of(chain[0])
                .orElseThrow(() -> new CertificateException("the certificate is for no node of a cluster"));
        checkTime(chain[0], node, now);
        try {
            X509CertSelector leaf = new X509CertSelector();
            leaf.setCertificate(chain[0]);
            Set<TrustAnchor> anchors = certificates.stream()
                    .map(root -> new TrustAnchor(root, null))
                    .collect(Collectors.toSet());
            PKIXBuilderParameters parameters = new PKIXBuilderParameters(anchors, leaf);
            parameters.setDate(Date.from(now));
            parameters.setRevocationEnabled(false);
            parameters.addCertStore(
                    CertStore.getInstance("Collection", new CollectionCertStoreParameters(List.of(chain))));
            CertPathBuilder.getInstance("PKIX").build(parameters);
            return node;
        } catch (CertPathBuilderException e) {
            throw new CertificateException(node + " is of another cluster: no way leads to an authority known here", e);
        } catch (InvalidAlgorithmParameterException | NoSuchAlgorithmException e) {
            throw new CertificateException("can't be checked", e);
        }
    }

    /** Says what is wrong in words, since a clock that is wrong is the usual reason. */
    private static void checkTime(X509Certificate certificate, NodeIdentity node, Instant now)
            throws CertificateException {
        try {
            certificate.checkValidity(Date.from(now));
        } catch (CertificateExpiredException e) {
            throw new CertificateException(
                    "the certificate of " + node + " has ended at "
                            + certificate.getNotAfter().toInstant() + ", and it is " + now + " here",
                    e);
        } catch (CertificateNotYetValidException e) {
            throw new CertificateException(
                    "the certificate of " + node + " begins at "
                            + certificate.getNotBefore().toInstant() + ", and it is " + now
                            + " here: one of the two clocks is wrong",
                    e);
        }
    }
}
