package io.pantala.examples.rig;

import io.pantala.transport.identity.ClusterTls;
import io.pantala.transport.identity.Token;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.Callable;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** How an engine reaches a registry over TLS: whom it trusts, and through which proxy, if any, it goes there. */
public final class Tls {
    private final Callable<SSLContext> contexts;
    private final @Nullable InetSocketAddress proxy;

    private Tls(Callable<SSLContext> contexts, @Nullable InetSocketAddress proxy) {
        this.contexts = contexts;
        this.proxy = proxy;
    }

    /**
     * Trusts one certificate, and whom that has signed.
     *
     * @param certificate PEM
     * @param proxy what is asked by CONNECT; null is none
     */
    public static Tls trusting(Path certificate, @Nullable InetSocketAddress proxy) throws IOException {
        try (InputStream pem = Files.newInputStream(certificate)) {
            KeyStore trusted = KeyStore.getInstance("PKCS12");
            trusted.load(null, null);
            trusted.setCertificateEntry(
                    "trusted", CertificateFactory.getInstance("X.509").generateCertificate(pem));
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(trusted);
            return new Tls(
                    () -> {
                        SSLContext context = SSLContext.getInstance("TLSv1.3");
                        context.init(null, trust.getTrustManagers(), null);
                        return context;
                    },
                    proxy);
        } catch (GeneralSecurityException e) {
            throw new IOException(certificate + " can't be trusted: " + e.getMessage(), e);
        }
    }

    /** Trusts the seeds that a token to join them is for. */
    public static Tls joining(String token) {
        return new Tls(() -> ClusterTls.pinned(Token.parse(token).authority(), InstantSource.system()), null);
    }

    Optional<InetSocketAddress> proxy() {
        return Optional.ofNullable(proxy);
    }

    /** For one connection: it knows no session of an earlier one, so that each handshake is a whole one. */
    SSLContext context() throws IOException {
        try {
            return contexts.call();
        } catch (Exception e) {
            throw new IOException("no TLS: " + e.getMessage(), e);
        }
    }
}
