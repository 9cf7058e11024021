package io.pantala.registry;

import io.vertx.core.net.TrustOptions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/** Whose certificates are believed. */
final class Trust {
    private Trust() {}

    /** The system's certificate authorities and those of a PEM file. */
    static TrustOptions systemAnd(Path pem) {
        try (InputStream in = Files.newInputStream(pem)) {
            List<Certificate> authorities =
                    new ArrayList<>(CertificateFactory.getInstance("X.509").generateCertificates(in));
            if (authorities.isEmpty()) {
                throw new IllegalArgumentException("no certificate in " + pem);
            }
            authorities.addAll(List.<X509Certificate>of(trusting(null).getAcceptedIssuers()));
            KeyStore all = KeyStore.getInstance(KeyStore.getDefaultType());
            all.load(null, null);
            for (int i = 0; i < authorities.size(); i++) {
                all.setCertificateEntry("authority-" + i, authorities.get(i));
            }
            return TrustOptions.wrap(trusting(all));
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalArgumentException("can't read certificates from " + pem + ": " + e.getMessage(), e);
        }
    }

    /** What trusts these; the system's if null. */
    private static X509TrustManager trusting(@Nullable KeyStore authorities) throws GeneralSecurityException {
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(authorities);
        for (TrustManager manager : factory.getTrustManagers()) {
            if (manager instanceof X509TrustManager x509) {
                return x509;
            }
        }
        throw new GeneralSecurityException("this platform verifies no X.509 certificates");
    }
}
