package io.pantala.transport.identity;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A name and its keys, to sign certificates with. */
record Issuer(X500Principal name, PublicKey publicKey, PrivateKey key) {
    /** How far behind the clock of a node may be. */
    private static final Duration SKEW = Duration.ofMinutes(10);

    private static final int SERIAL_BITS = 127;

    /** What makes a certificate one of its kind. */
    interface Kind {
        void addTo(X509v3CertificateBuilder certificate) throws CertIOException;
    }

    X509Certificate sign(X500Principal subject, PublicKey of, Instant now, Instant end, Kind kind) {
        X509v3CertificateBuilder certificate = new JcaX509v3CertificateBuilder(
                name,
                new BigInteger(SERIAL_BITS, new SecureRandom()).add(BigInteger.ONE),
                Date.from(now.minus(SKEW)),
                Date.from(end),
                subject,
                of);
        try {
            JcaX509ExtensionUtils identifiers = new JcaX509ExtensionUtils();
            certificate.addExtension(
                    Extension.authorityKeyIdentifier, false, identifiers.createAuthorityKeyIdentifier(publicKey));
            certificate.addExtension(Extension.subjectKeyIdentifier, false, identifiers.createSubjectKeyIdentifier(of));
            kind.addTo(certificate);
            return new JcaX509CertificateConverter()
                    .getCertificate(certificate.build(new JcaContentSignerBuilder(algorithm(key)).build(key)));
        } catch (GeneralSecurityException | CertIOException | OperatorCreationException e) {
            throw new IllegalStateException("a key that could sign before must be able to", e);
        }
    }

    static String algorithm(PrivateKey key) {
        return switch (key) {
            case ECKey ec when ec.getParams().getOrder().bitLength() > 256 -> "SHA384withECDSA";
            case ECKey _ -> "SHA256withECDSA";
            default -> key.getAlgorithm().equals("RSA") ? "SHA256withRSA" : key.getAlgorithm();
        };
    }
}
