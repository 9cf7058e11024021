package io.pantala.transport.identity;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Trusts the nodes of a cluster by their certificates, whatever address they have. Asked at every handshake, so a
 * cluster's authorities can change while it is in use.
 */
final class NodeTrust extends X509ExtendedTrustManager {
    /** By which authorities the other end is judged, given what it presents. */
    interface Judges {
        Roots of(X509Certificate[] chain) throws CertificateException;
    }

    private final Judges judges;
    private final Set<Role> expected;
    private final Predicate<NodeIdentity> shutOut;
    private final InstantSource clock;

    private NodeTrust(Judges judges, Set<Role> expected, Predicate<NodeIdentity> shutOut, InstantSource clock) {
        this.judges = judges;
        this.expected = expected;
        this.shutOut = shutOut;
        this.clock = clock;
    }

    /**
     * Trusts nodes of these roles.
     *
     * @param roots null while this node has not joined yet
     * @param shutOut those that it does not trust all the same
     */
    static NodeTrust of(
            Supplier<@Nullable Roots> roots, Set<Role> expected, Predicate<NodeIdentity> shutOut, InstantSource clock) {
        return new NodeTrust(
                _ -> {
                    Roots known = roots.get();
                    if (known == null) {
                        throw new CertificateException("this node has not joined a cluster yet");
                    }
                    return known;
                },
                expected,
                shutOut,
                clock);
    }

    /** Trusts the seeds of the authority that a token names, which must be among what they present. */
    static NodeTrust pinned(Fingerprint authority, InstantSource clock) {
        return new NodeTrust(
                chain -> new Roots(List.of(Arrays.stream(chain)
                        .skip(1)
                        .filter(certificate -> Fingerprint.of(certificate).equals(authority))
                        .findFirst()
                        .orElseThrow(() -> new CertificateException(
                                "the seed does not belong to the authority that the token names")))),
                Set.of(Role.SEED),
                _ -> false,
                clock);
    }

    private void check(X509Certificate[] chain) throws CertificateException {
        NodeIdentity node = judges.of(chain).verify(chain, clock.instant());
        if (!expected.contains(node.role())) {
            throw new CertificateException("a " + node.role().text() + " answers where a seed should");
        }
        if (shutOut.test(node)) {
            throw new CertificateException(node + " is shut out of the cluster");
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        check(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, @Nullable Socket socket)
            throws CertificateException {
        check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, @Nullable Socket socket)
            throws CertificateException {
        check(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, @Nullable SSLEngine engine)
            throws CertificateException {
        check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, @Nullable SSLEngine engine)
            throws CertificateException {
        check(chain);
    }

    /** None: whoever connects knows which cluster it belongs to. */
    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
