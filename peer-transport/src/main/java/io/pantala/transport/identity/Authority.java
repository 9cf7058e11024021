package io.pantala.transport.identity;

import java.net.InetAddress;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;

/** What signs the certificates of a cluster's nodes: a certificate and its key. */
public final class Authority {
    private static final Duration LIFE = Duration.ofDays(3653);
    private static final int NAME_BYTES = 4;
    private static final int KEY_CERT_SIGN = 5;
    private static final Issuer.Kind AUTHORITY = certificate -> {
        certificate.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
        certificate.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
    };

    private final X509Certificate certificate;
    private final Issuer issuer;

    private Authority(X509Certificate certificate, Issuer issuer) {
        this.certificate = certificate;
        this.issuer = issuer;
    }

    /** A new one, with ten years to live. */
    public static Authority create(Instant now) {
        byte[] random = new byte[NAME_BYTES];
        new SecureRandom().nextBytes(random);
        X500Principal name =
                new X500Principal("CN=pantala cluster " + HexFormat.of().formatHex(random));
        KeyPair keys = CertificateRequest.newKeys();
        Issuer itself = new Issuer(name, keys.getPublic(), keys.getPrivate());
        return new Authority(itself.sign(name, keys.getPublic(), now, now.plus(LIFE), AUTHORITY), itself);
    }

    /**
     * Reads one that was made here or elsewhere.
     *
     * @throws GeneralSecurityException when they can't be used; the message says why
     */
    public static Authority parse(String certificatePem, String keyPem) throws GeneralSecurityException {
        X509Certificate certificate = Pem.certificates(certificatePem).getFirst();
        boolean[] usage = certificate.getKeyUsage();
        if (certificate.getBasicConstraints() < 0 || (usage != null && !usage[KEY_CERT_SIGN])) {
            throw new GeneralSecurityException("the certificate is not an authority's");
        }
        PrivateKey key = Pem.key(keyPem);
        if (!belongTogether(key, certificate.getPublicKey())) {
            throw new GeneralSecurityException("the key is not that of the certificate");
        }
        return new Authority(
                certificate, new Issuer(certificate.getSubjectX500Principal(), certificate.getPublicKey(), key));
    }

    private static boolean belongTogether(PrivateKey key, PublicKey other) {
        byte[] text = {1, 2, 3};
        try {
            Signature signer = Signature.getInstance(Issuer.algorithm(key));
            signer.initSign(key);
            signer.update(text);
            byte[] signature = signer.sign();
            signer.initVerify(other);
            signer.update(text);
            return signer.verify(signature);
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    public X509Certificate certificate() {
        return certificate;
    }

    public Fingerprint fingerprint() {
        return Fingerprint.of(certificate);
    }

    public Instant ends() {
        return certificate.getNotAfter().toInstant();
    }

    public String certificatePem() {
        return Pem.of(List.of(certificate));
    }

    public String keyPem() {
        return Pem.of(issuer.key());
    }

    /**
     * A certificate for a node, to be used at both ends of a connection.
     *
     * @param request an encoded {@link CertificateRequest}
     * @throws GeneralSecurityException when the request can't be granted; the message says why
     */
    public X509Certificate issue(byte[] request, NodeIdentity node, Instant now, Duration life)
            throws GeneralSecurityException {
        return issue(CertificateRequest.verify(request), node, List.of(), now, life);
    }

    /**
     * A certificate, with a new key, for the node that holds this authority.
     *
     * @param names by which others than nodes may know it: host names and IP literals
     * @param way what leads from this authority to those trusted
     */
    public NodeCertificate issueOwn(
            NodeIdentity node, Collection<String> names, List<X509Certificate> way, Instant now, Duration life) {
        KeyPair keys = CertificateRequest.newKeys();
        List<X509Certificate> chain = new ArrayList<>(way);
        chain.addFirst(issue(keys.getPublic(), node, names, now, life));
        return new NodeCertificate(keys.getPrivate(), chain);
    }

    private X509Certificate issue(
            PublicKey of, NodeIdentity node, Collection<String> names, Instant now, Duration life) {
        X500Principal subject =
                new X500Principal("CN=" + node.name() + ",OU=" + node.role().text() + ",O=pantala");
        return issuer.sign(subject, of, now, earlier(now.plus(life), ends()), certificate -> {
            certificate.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
            certificate.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
            certificate.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(new KeyPurposeId[] {
                KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
            }));
            certificate.addExtension(Extension.subjectAlternativeName, false, names(node, names));
        });
    }

    /** A certificate for another authority, by which whoever trusts this one can trust that one. */
    public X509Certificate crossSign(Authority newer, Instant now) {
        return issuer.sign(
                newer.issuer.name(), newer.issuer.publicKey(), now, earlier(newer.ends(), ends()), AUTHORITY);
    }

    private static Instant earlier(Instant one, Instant other) {
        return one.isBefore(other) ? one : other;
    }

    private static GeneralNames names(NodeIdentity node, Collection<String> others) {
        List<GeneralName> names = new ArrayList<>();
        names.add(new GeneralName(GeneralName.uniformResourceIdentifier, node.uri()));
        for (String other : others) {
            names.add(new GeneralName(isLiteral(other) ? GeneralName.iPAddress : GeneralName.dNSName, other));
        }
        return new GeneralNames(names.toArray(GeneralName[]::new));
    }

    private static boolean isLiteral(String name) {
        try {
            InetAddress.ofLiteral(name);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
