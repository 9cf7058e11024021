package io.pantala.transport.identity;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;

/** Certificates and keys as text. What this program wrote is read by the JDK alone. */
public final class Pem {
    private static final Base64.Encoder BASE64 = Base64.getMimeEncoder(64, new byte[] {'\n'});
    private static final Pattern OWN_KEY =
            Pattern.compile("-----BEGIN PRIVATE KEY-----\\n([0-9A-Za-z+/=\\n]+)\\n-----END PRIVATE KEY-----\\n");

    private Pem() {}

    static String of(PrivateKey key) {
        return block("PRIVATE KEY", key.getEncoded());
    }

    public static String of(List<X509Certificate> certificates) {
        StringBuilder text = new StringBuilder();
        for (X509Certificate certificate : certificates) {
            try {
                text.append(block("CERTIFICATE", certificate.getEncoded()));
            } catch (CertificateEncodingException e) {
                throw new IllegalStateException("a certificate has no encoding", e);
            }
        }
        return text.toString();
    }

    private static String block(String type, byte[] der) {
        return "-----BEGIN " + type + "-----\n" + BASE64.encodeToString(der) + "\n-----END " + type + "-----\n";
    }

    /** All certificates in a text, in order; at least one. */
    public static List<X509Certificate> certificates(String text) throws GeneralSecurityException {
        List<X509Certificate> found = new ArrayList<>();
        for (Certificate each : CertificateFactory.getInstance("X.509")
                .generateCertificates(new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII)))) {
            found.add((X509Certificate) each);
        }
        if (found.isEmpty()) {
            throw new CertificateException("there is no certificate in it");
        }
        return found;
    }

    /** A key that this program wrote. */
    static PrivateKey ownKey(String text) throws GeneralSecurityException {
        Matcher block = OWN_KEY.matcher(text);
        if (!block.matches()) {
            throw new GeneralSecurityException("there is no private key in it");
        }
        return KeyFactory.getInstance("EC")
                .generatePrivate(new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(block.group(1))));
    }

    /** A key of any kind, as other tools write it, without a passphrase. */
    static PrivateKey key(String text) throws GeneralSecurityException {
        try (PEMParser parser = new PEMParser(new StringReader(text))) {
            for (Object found = parser.readObject(); found != null; found = parser.readObject()) {
                switch (found) {
                    case PEMKeyPair pair -> {
                        return new JcaPEMKeyConverter().getPrivateKey(pair.getPrivateKeyInfo());
                    }
                    case PrivateKeyInfo key -> {
                        return new JcaPEMKeyConverter().getPrivateKey(key);
                    }
                    default -> {
                        // The parameters of a curve, or a certificate, may stand before the key.
                    }
                }
            }
        } catch (IOException e) {
            throw new GeneralSecurityException("it can't be read: " + e.getMessage(), e);
        }
        throw new GeneralSecurityException("there is no private key in it that needs no passphrase");
    }
}
