package io.pantala.transport.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ClusterTlsTest {
    private static final Instant NOW = Instant.parse("2026-11-21T12:00:00Z");
    private static final Duration DAY = Duration.ofDays(1);

    private final Authority authority = Authority.create(NOW);
    private final Roots roots = new Roots(List.of(authority.certificate()));
    private final Node seed = new Node(authority, Role.SEED, "seed-1", roots);
    private final Node host = new Node(authority, Role.HOST, "host-1", roots);

    @Test
    void bothEndsLearnWhoTheOtherIs() throws Exception {
        Pair pair = Pair.connect(ClusterTls.client(host.tls.toSeeds()), seed.tls.accept());

        assertThat(pair.client.getSession().getProtocol()).isEqualTo("TLSv1.3");
        assertThat(pair.client.getSession().getCipherSuite()).isEqualTo("TLS_AES_128_GCM_SHA256");
        assertThat(peer(pair.client)).isEqualTo(new NodeIdentity(Role.SEED, "seed-1"));
        assertThat(peer(pair.server)).isEqualTo(new NodeIdentity(Role.HOST, "host-1"));
    }

    @Test
    void aHostCannotStandInForASeed() throws Exception {
        Node other = new Node(authority, Role.HOST, "host-2", roots);

        assertThat(peer(Pair.connect(ClusterTls.client(host.tls.toNodes()), other.tls.accept()).client)
                        .name())
                .isEqualTo("host-2");
        assertThatThrownBy(() -> Pair.connect(ClusterTls.client(host.tls.toSeeds()), other.tls.accept()))
                .isInstanceOf(SSLException.class)
                .hasMessageContaining("a host answers where a seed should");
    }

    @Test
    void aNodeOfAnotherClusterIsRefusedByBothEnds() {
        Authority foreign = Authority.create(NOW);
        Node stranger = new Node(foreign, Role.SEED, "x", new Roots(List.of(foreign.certificate())));
        Node deceived = new Node(authority, Role.HOST, "y", new Roots(List.of(foreign.certificate())));

        assertThatThrownBy(() -> Pair.connect(ClusterTls.client(host.tls.toNodes()), stranger.tls.accept()))
                .isInstanceOf(SSLException.class);
        assertThatThrownBy(() -> Pair.connect(ClusterTls.client(deceived.tls.toNodes()), seed.tls.accept()))
                .isInstanceOf(SSLException.class);
        assertThatThrownBy(() -> Pair.connect(ClusterTls.client(stranger.tls.toNodes()), deceived.tls.accept()))
                .isInstanceOf(SSLException.class)
                .hasMessageContaining("of another cluster");
    }

    @Test
    void whoHasNoCertificateIsNobody() throws Exception {
        SSLContext pinned = ClusterTls.pinned(authority.fingerprint(), () -> NOW);

        Pair pair = Pair.connect(ClusterTls.client(pinned), seed.tls.accept());

        assertThat(peer(pair.client).name()).isEqualTo("seed-1");
        assertThatThrownBy(() -> pair.server.getSession().getPeerCertificates())
                .isInstanceOf(SSLPeerUnverifiedException.class);
    }

    @Test
    void aTokenOpensToItsOwnAuthorityAlone() {
        SSLContext pinned = ClusterTls.pinned(Authority.create(NOW).fingerprint(), () -> NOW);
        SSLContext right = ClusterTls.pinned(authority.fingerprint(), () -> NOW);

        assertThatThrownBy(() -> Pair.connect(ClusterTls.client(pinned), seed.tls.accept()))
                .isInstanceOf(SSLException.class)
                .hasMessageContaining("does not belong to the authority that the token names");
        assertThatThrownBy(() -> Pair.connect(ClusterTls.client(right), host.tls.accept()))
                .isInstanceOf(SSLException.class)
                .hasMessageContaining("a host answers where a seed should");
    }

    @Test
    void aStrangerCannotBorrowTheAuthoritysCertificate() {
        Authority foreign = Authority.create(NOW);
        Node thief = new Node(foreign, Role.SEED, "x", roots);
        NodeCertificate own = thief.certificate.get();
        thief.certificate.set(new NodeCertificate(own.key(), List.of(own.chain().getFirst(), authority.certificate())));
        SSLContext pinned = ClusterTls.pinned(authority.fingerprint(), () -> NOW);

        assertThatThrownBy(() -> Pair.connect(ClusterTls.client(pinned), thief.tls.accept()))
                .isInstanceOf(SSLException.class);
    }

    @Test
    void aRenewedCertificateIsShownFromTheNextHandshakeOn() throws Exception {
        SSLContext context = host.tls.toSeeds();
        X509Certificate first = shown(Pair.connect(context.createSSLEngine("seed", 1), seed.tls.accept()));

        host.renew();

        X509Certificate second = shown(Pair.connect(context.createSSLEngine("seed", 1), seed.tls.accept()));
        assertThat(second)
                .isNotEqualTo(first)
                .isEqualTo(host.certificate.get().chain().getFirst());
    }

    @Test
    void clocksMayBeMinutesApart() throws Exception {
        host.now = NOW.minus(Duration.ofMinutes(9));
        Pair.connect(ClusterTls.client(host.tls.toNodes()), seed.tls.accept());
        host.now = NOW.plus(Duration.ofMinutes(9));
        Pair.connect(ClusterTls.client(host.tls.toNodes()), seed.tls.accept());

        host.now = NOW.minus(Duration.ofMinutes(11));
        assertThatThrownBy(() -> Pair.connect(ClusterTls.client(host.tls.toNodes()), seed.tls.accept()))
                .isInstanceOf(SSLException.class)
                .hasMessageContaining("one of the two clocks is wrong");
    }

    @Test
    void anAuthorityCanBeReplacedWhileBothAreTrusted() throws Exception {
        Authority newer = Authority.create(NOW);
        NodeCertificate own = newer.issueOwn(
                new NodeIdentity(Role.SEED, "seed-1"), List.of(), List.of(newer.certificate()), NOW, DAY);
        seed.roots.set(new Roots(List.of(newer.certificate(), authority.certificate())));
        seed.certificate.set(new NodeCertificate(
                own.key(), List.of(own.chain().getFirst(), authority.crossSign(newer, NOW), authority.certificate())));

        assertThat(peer(Pair.connect(ClusterTls.client(host.tls.toSeeds()), seed.tls.accept()).client)
                        .name())
                .isEqualTo("seed-1");
        Pair.connect(ClusterTls.client(ClusterTls.pinned(authority.fingerprint(), () -> NOW)), seed.tls.accept());
        Pair.connect(ClusterTls.client(ClusterTls.pinned(newer.fingerprint(), () -> NOW)), seed.tls.accept());
    }

    @Test
    void aNodeThatIsShutOutIsNotDialled() throws Exception {
        host.shutOut.add("seed-1");
        for (SSLContext context : List.of(host.tls.toSeeds(), host.tls.toNodes())) {
            assertThatThrownBy(() -> Pair.connect(ClusterTls.client(context), seed.tls.accept()))
                    .isInstanceOf(SSLException.class)
                    .hasMessageContaining("seed seed-1 is shut out of the cluster");
        }

        host.shutOut.clear();
        Pair.connect(ClusterTls.client(host.tls.toSeeds()), seed.tls.accept());
    }

    @Test
    void aNodeThatHasNotJoinedShowsAndTrustsNothing() {
        ClusterTls fresh = new ClusterTls(() -> null, () -> null, () -> NOW);

        assertThatThrownBy(() -> Pair.connect(ClusterTls.client(fresh.toNodes()), seed.tls.accept()))
                .isInstanceOf(SSLException.class)
                .hasMessageContaining("has not joined a cluster yet");
        assertThatThrownBy(() -> Pair.connect(ClusterTls.client(host.tls.toNodes()), fresh.accept()))
                .isInstanceOf(SSLException.class);
    }

    private static NodeIdentity peer(SSLEngine engine) throws SSLPeerUnverifiedException {
        return NodeIdentity.of((X509Certificate) engine.getSession().getPeerCertificates()[0])
                .orElseThrow();
    }

    private static X509Certificate shown(Pair pair) throws SSLPeerUnverifiedException {
        return (X509Certificate) pair.server.getSession().getPeerCertificates()[0];
    }

    /** A node with a clock of its own. */
    private static final class Node {
        private final Authority authority;
        private final NodeIdentity identity;
        private final AtomicReference<NodeCertificate> certificate = new AtomicReference<>();
        private final AtomicReference<Roots> roots;
        private final Set<String> shutOut = new HashSet<>();
        private final ClusterTls tls;
        private volatile Instant now = NOW;

        Node(Authority authority, Role role, String name, Roots roots) {
            this.authority = authority;
            this.identity = new NodeIdentity(role, name);
            this.roots = new AtomicReference<>(roots);
            this.tls =
                    new ClusterTls(certificate::get, this.roots::get, node -> shutOut.contains(node.name()), () -> now);
            renew();
        }

        void renew() {
            certificate.set(authority.issueOwn(identity, List.of(), List.of(authority.certificate()), NOW, DAY));
        }
    }

    /** Two ends, joined in memory. */
    private record Pair(SSLEngine client, SSLEngine server) {
        static Pair connect(SSLEngine client, SSLEngine server) throws SSLException {
            client.setUseClientMode(true);
            Pair pair = new Pair(client, server);
            pair.handshake();
            pair.exchange(new byte[] {1});
            return pair;
        }

        private void handshake() throws SSLException {
            client.beginHandshake();
            server.beginHandshake();
            List<ByteBuffer> toServer = new ArrayList<>();
            List<ByteBuffer> toClient = new ArrayList<>();
            SSLException failure = null;
            for (int turn = 0; turn < 40 && !(isDone(client) && isDone(server) && toClient.isEmpty()); turn++) {
                failure = first(failure, step(client, toClient, toServer));
                failure = first(failure, step(server, toServer, toClient));
            }
            if (failure != null) {
                throw failure;
            }
            assertThat(isDone(client) && isDone(server)).isTrue();
        }

        private static @Nullable SSLException first(@Nullable SSLException one, @Nullable SSLException other) {
            return one == null ? other : one;
        }

        private void exchange(byte[] text) throws SSLException {
            ByteBuffer wire = ByteBuffer.allocate(1 << 15);
            ByteBuffer plain = ByteBuffer.allocate(1 << 15);
            server.wrap(ByteBuffer.wrap(text), wire);
            wire.flip();
            while (wire.hasRemaining()) {
                client.unwrap(wire, plain);
            }
            assertThat(plain.flip()).isEqualTo(ByteBuffer.wrap(text));
        }

        private static boolean isDone(SSLEngine engine) {
            return engine.getHandshakeStatus() == SSLEngineResult.HandshakeStatus.NOT_HANDSHAKING
                    && !engine.getSession().getProtocol().equals("NONE");
        }

        private static @Nullable SSLException step(SSLEngine engine, List<ByteBuffer> in, List<ByteBuffer> out) {
            try {
                switch (engine.getHandshakeStatus()) {
                    case NEED_TASK -> {
                        for (Runnable task = engine.getDelegatedTask();
                                task != null;
                                task = engine.getDelegatedTask()) {
                            task.run();
                        }
                    }
                    case NEED_WRAP -> {
                        ByteBuffer record = ByteBuffer.allocate(1 << 15);
                        engine.wrap(ByteBuffer.allocate(0), record);
                        out.add(record.flip());
                    }
                    case NEED_UNWRAP, NEED_UNWRAP_AGAIN, NOT_HANDSHAKING, FINISHED -> {
                        if (!in.isEmpty()) {
                            engine.unwrap(in.getFirst(), ByteBuffer.allocate(1 << 15));
                            if (!in.getFirst().hasRemaining()) {
                                in.removeFirst();
                            }
                        }
                    }
                }
                return null;
            } catch (SSLException e) {
                return e;
            }
        }
    }
}
