package io.pantala.proxy.intercept;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Date;
import java.util.List;
import java.util.SortedSet;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * Whom the engines of this host are told to trust: a certificate, and the key that signs the certificates which they are
 * shown in the place of registries.
 */
public final class CertificateAuthority {
    /** The certificate of the authority that was made here, in the data directory: what engines are to trust. */
    public static final String CERTIFICATE_FILE = "intercept-ca.crt";

    private static final String KEY_FILE = "intercept-ca.key";
    private static final Duration LIFE = Duration.ofDays(3650);
    private static final Duration LEAF_LIFE = Duration.ofDays(7);

    /** How far clocks may be apart. */
    private static final Duration SKEW = Duration.ofDays(1);

    /** The longest common name that a certificate may have; clients read the alternative names anyway. */
    private static final int LONGEST_COMMON_NAME = 64;

    private final X509Certificate certificate;
    private final PrivateKey key;
    private final KeyPair leafKeys;
    private final InstantSource clock;
    private final SecureRandom random = new SecureRandom();

    private CertificateAuthority(X509Certificate certificate, PrivateKey key, InstantSource clock)
            throws GeneralSecurityException {
        this.certificate = certificate;
        this.key = key;
        this.clock = clock;
        this.leafKeys = ellipticKeys();
    }

    /**
     * A certificate to be shown.
     *
     * @param chain itself first, then the authority's
     */
    record Leaf(PrivateKey key, List<X509Certificate> chain) {}

    /**
     * The one of a data directory; made, if it isn't there.
     *
     * @throws IOException says in one line which file can't be used, and why
     */
    public static CertificateAuthority of(Path directory, InstantSource clock) throws IOException {
        Path certificate = directory.resolve(CERTIFICATE_FILE);
        Path key = directory.resolve(KEY_FILE);
        if (!Files.exists(certificate)) {
            make(certificate, key, clock);
        }
        return read(certificate, key, clock);
    }

    /**
     * One that was made elsewhere.
     *
     * @param certificate PEM, the authority's own first
     * @param key PEM, not encrypted
     * @throws IOException says in one line which file can't be used, and why
     */
    public static CertificateAuthority read(Path certificate, Path key, InstantSource clock) throws IOException {
        X509Certificate authority = Pem.certificate(certificate);
        Instant end = authority.getNotAfter().toInstant();
        if (authority.getBasicConstraints() < 0) {
            throw new IOException(certificate + " is not the certificate of an authority (CA:TRUE)");
        }
        if (!clock.instant().isBefore(end)) {
            throw new IOException(certificate + " has expired at " + end);
        }
        try {
            PrivateKey signing = Pem.key(key);
            if (!belong(authority, signing)) {
                throw new IOException(key + " is not the key of " + certificate);
            }
            return new CertificateAuthority(authority, signing, clock);
        } catch (GeneralSecurityException e) {
            throw new IOException(key + " can't be used to sign: " + e.getMessage(), e);
        }
    }

    /** When a certificate in PEM ends. */
    public static Instant endOf(Path certificate) throws IOException {
        return Pem.certificate(certificate).getNotAfter().toInstant();
    }

    /** What engines are to trust. */
    public X509Certificate certificate() {
        return certificate;
    }

    /**
     * Makes a certificate that is good for a week, and before it for as long as clocks may be apart.
     *
     * @param names of hosts, and addresses; not empty
     */
    Leaf mint(SortedSet<String> names) {
        Instant now = clock.instant();
        Instant end = now.plus(LEAF_LIFE);
        Instant last = certificate.getNotAfter().toInstant();
        String first = names.first();
        try {
            X509v3CertificateBuilder leaf = new JcaX509v3CertificateBuilder(
                            certificate,
                            serial(random),
                            Date.from(now.minus(SKEW)),
                            Date.from(end.isBefore(last) ? end : last),
                            new X500Principal("CN="
                                    + (first.length() <= LONGEST_COMMON_NAME ? first : "a registry with a long name")),
                            leafKeys.getPublic())
                    .addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
                    .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
                    .addExtension(
                            Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth))
                    .addExtension(Extension.subjectAlternativeName, false, alternatives(names))
                    .addExtension(
                            Extension.authorityKeyIdentifier,
                            false,
                            new JcaX509ExtensionUtils().createAuthorityKeyIdentifier(certificate));
            return new Leaf(leafKeys.getPrivate(), List.of(sign(leaf, key), certificate));
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException("no certificate can be made for " + first, e);
        }
    }

    private static void make(Path certificate, Path key, InstantSource clock) throws IOException {
        Instant now = clock.instant();
        try {
            KeyPair keys = ellipticKeys();
            SecureRandom random = new SecureRandom();
            var extensions = new JcaX509ExtensionUtils();
            // A name of its own, since engines find what to trust by name.
            var name = new X500Principal("CN=Pantala on this host "
                    + Integer.toHexString(random.nextInt(1 << 28, Integer.MAX_VALUE)) + ",O=Pantala");
            X509v3CertificateBuilder authority = new JcaX509v3CertificateBuilder(
                            name,
                            serial(random),
                            Date.from(now.minus(SKEW)),
                            Date.from(now.plus(LIFE)),
                            name,
                            keys.getPublic())
                    .addExtension(Extension.basicConstraints, true, new BasicConstraints(0))
                    .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign))
                    .addExtension(
                            Extension.subjectKeyIdentifier,
                            false,
                            extensions.createSubjectKeyIdentifier(keys.getPublic()));
            Pem.writeSecret(key, keys.getPrivate());
            Pem.write(certificate, sign(authority, keys.getPrivate()));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("no certificate can be made", e);
        }
    }

    private static X509Certificate sign(X509v3CertificateBuilder certificate, PrivateKey key)
            throws GeneralSecurityException {
        try {
            return new JcaX509CertificateConverter()
                    .getCertificate(certificate.build(new JcaContentSignerBuilder(algorithm(key)).build(key)));
        } catch (OperatorCreationException e) {
            throw new GeneralSecurityException(e.getMessage(), e);
        }
    }

    private static boolean belong(X509Certificate certificate, PrivateKey key) throws GeneralSecurityException {
        byte[] anything = {1, 2, 3};
        Signature signing = Signature.getInstance(algorithm(key));
        signing.initSign(key);
        signing.update(anything);
        byte[] signature = signing.sign();
        Signature verifying = Signature.getInstance(algorithm(key));
        if (!certificate.getPublicKey().getAlgorithm().equals(key.getAlgorithm())) {
            return false;
        }
        verifying.initVerify(certificate.getPublicKey());
        verifying.update(anything);
        return verifying.verify(signature);
    }

    private static String algorithm(PrivateKey key) {
        return switch (key.getAlgorithm()) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            default -> key.getAlgorithm();
        };
    }

    private static GeneralNames alternatives(SortedSet<String> names) {
        return new GeneralNames(names.stream()
                .map(name -> new GeneralName(isAddress(name) ? GeneralName.iPAddress : GeneralName.dNSName, name))
                .toArray(GeneralName[]::new));
    }

    /** Names of hosts have no colons, and their last part is no number. */
    private static boolean isAddress(String name) {
        return name.contains(":") || name.matches("[0-9]+(\\.[0-9]+){3}");
    }

    private static BigInteger serial(SecureRandom random) {
        return new BigInteger(127, random).add(BigInteger.ONE);
    }

    private static KeyPair ellipticKeys() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return generator.generateKeyPair();
    }
}
