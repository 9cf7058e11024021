package io.pantala.transport.identity;

import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * TLS 1.3 among the nodes of a cluster: both ends show certificates, and each handshake uses those that there are at that
 * time. Sessions are never resumed: a resumed one would go on with a certificate that was renewed meanwhile.
 */
public final class ClusterTls {
    public static final String PROTOCOL = "TLSv1.3";

    /** In the order in which they are liked. */
    public static final List<String> SUITES =
            List.of("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256");

    /** More than TLS allows a session to be resumed after: JSSE then neither gives nor keeps tickets for it. */
    private static final Duration NEVER = Duration.ofDays(8);

    private final SSLContext listening;
    private final SSLContext toSeeds;
    private final SSLContext toNodes;

    /**
     * @param own what this node shows; null as long as it has none
     * @param roots whom it trusts; null as long as it trusts nobody
     * @param shutOut whom it does not dial all the same; those who dial it learn at its door why they may not enter
     */
    public ClusterTls(
            Supplier<@Nullable NodeCertificate> own,
            Supplier<@Nullable Roots> roots,
            Predicate<NodeIdentity> shutOut,
            InstantSource clock) {
        KeyManager keys = new NodeKeys(own);
        Set<Role> any = EnumSet.allOf(Role.class);
        this.listening = context(keys, NodeTrust.of(roots, any, _ -> false, clock));
        this.toNodes = context(keys, NodeTrust.of(roots, any, shutOut, clock));
        this.toSeeds = context(keys, NodeTrust.of(roots, Set.of(Role.SEED), shutOut, clock));
    }

    /** The same, where nobody is shut out. */
    public ClusterTls(Supplier<@Nullable NodeCertificate> own, Supplier<@Nullable Roots> roots, InstantSource clock) {
        this(own, roots, _ -> false, clock);
    }

    /** For whoever holds nothing but a token: shows no certificate, and trusts the seeds of the token's authority. */
    public static SSLContext pinned(Fingerprint authority, InstantSource clock) {
        return context(null, NodeTrust.pinned(authority, clock));
    }

    /** To dial seeds with. */
    public SSLContext toSeeds() {
        return toSeeds;
    }

    /** To dial any node of the cluster with. */
    public SSLContext toNodes() {
        return toNodes;
    }

    /** For one connection that was accepted. The other end is asked for a certificate, and can do without. */
    public SSLEngine accept() {
        SSLEngine engine = listening.createSSLEngine();
        SSLParameters parameters = parameters();
        parameters.setWantClientAuth(true);
        parameters.setUseCipherSuitesOrder(true);
        engine.setSSLParameters(parameters);
        engine.setUseClientMode(false);
        return engine;
    }

    /** For one connection that was dialled. */
    public static SSLEngine client(SSLContext context) {
        SSLEngine engine = context.createSSLEngine();
        engine.setSSLParameters(parameters());
        engine.setUseClientMode(true);
        return engine;
    }

    private static SSLParameters parameters() {
        return new SSLParameters(SUITES.toArray(String[]::new), new String[] {PROTOCOL});
    }

    private static SSLContext context(@Nullable KeyManager keys, TrustManager trust) {
        try {
            SSLContext context = SSLContext.getInstance(PROTOCOL);
            context.init(keys == null ? new KeyManager[0] : new KeyManager[] {keys}, new TrustManager[] {trust}, null);
            context.getServerSessionContext().setSessionTimeout((int) NEVER.toSeconds());
            context.getClientSessionContext().setSessionTimeout((int) NEVER.toSeconds());
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has " + PROTOCOL, e);
        }
    }
}
