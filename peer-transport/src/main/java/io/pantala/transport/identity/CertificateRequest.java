package io.pantala.transport.identity;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/** Asks for a certificate for a new key (PKCS #10), and proves that the key is the asker's own. */
public final class CertificateRequest {
    private static final String CURVE = "secp256r1";
    private static final int CURVE_BITS = 256;

    private final KeyPair keys;

    private CertificateRequest(KeyPair keys) {
        this.keys = keys;
    }

    /** With a new key. */
    public static CertificateRequest create() {
        return new CertificateRequest(newKeys());
    }

    static KeyPair newKeys() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec(CURVE));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has P-256", e);
        }
    }

    PublicKey key() {
        return keys.getPublic();
    }

    /** As it is sent. It says nothing but the key: who asks, and for what, stands beside it. */
    public byte[] encoded() {
        try {
            return new JcaPKCS10CertificationRequestBuilder(new X500Principal("CN=pantala"), keys.getPublic())
                    .build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate()))
                    .getEncoded();
        } catch (OperatorCreationException | IOException e) {
            throw new IllegalStateException("a key of ours must be able to sign", e);
        }
    }

    /** The certificate that came of it. */
    public NodeCertificate answered(String chainPem) throws GeneralSecurityException {
        NodeCertificate answer;
        try {
            answer = new NodeCertificate(keys.getPrivate(), Pem.certificates(chainPem));
        } catch (IllegalArgumentException e) {
            throw new GeneralSecurityException("the answer is " + e.getMessage(), e);
        }
        if (!answer.chain().getFirst().getPublicKey().equals(keys.getPublic())) {
            throw new GeneralSecurityException("the answer is a certificate for another key");
        }
        return answer;
    }

    /** The key that is asked for, if its owner is the one who asks. */
    static PublicKey verify(byte[] encoded) throws GeneralSecurityException {
        try {
            JcaPKCS10CertificationRequest request = new JcaPKCS10CertificationRequest(encoded);
            PublicKey key = request.getPublicKey();
            if (!(key instanceof ECPublicKey ec)
                    || ec.getParams().getCurve().getField().getFieldSize() != CURVE_BITS) {
                throw new GeneralSecurityException("its key is not of the kind that nodes have");
            }
            if (!request.isSignatureValid(new JcaContentVerifierProviderBuilder().build(key))) {
                throw new GeneralSecurityException("its signature is wrong");
            }
            return key;
        } catch (IOException | OperatorCreationException | PKCSException | RuntimeException e) {
            throw new GeneralSecurityException("it is no request for a certificate", e);
        }
    }
}
