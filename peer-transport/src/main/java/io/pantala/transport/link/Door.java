package io.pantala.transport.link;

import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.NodeIdentity;
import io.pantala.transport.identity.Role;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import java.net.InetAddress;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Predicate;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * Says who may do what at a node's listener. Asked for each request, since connections outlive certificates and the trust
 * in nodes.
 */
public final class Door {
    private static final String BEARER = "Bearer ";

    /** Which nodes pass that show no certificate. */
    public enum Unproven {
        NONE,
        /** Those on this very machine. */
        LOCAL,
        /** All: this cluster does without TLS. */
        ALL
    }

    /**
     * What a door goes by.
     *
     * @param outcasts nodes that were shut out, whatever certificates they have
     * @param operators whether a secret is that of an API token
     * @param local whether an address is on this very machine
     */
    public record Rules(
            Unproven unproven,
            Predicate<NodeIdentity> outcasts,
            Predicate<String> operators,
            Predicate<InetAddress> local,
            InstantSource clock) {}

    private final Rules rules;
    private final DoorListener listener;

    public Door(Rules rules, DoorListener listener) {
        this.rules = rules;
        this.listener = listener;
    }

    /** Who asks. */
    public Caller caller(HttpServerRequest request) {
        SSLSession session = request.connection().sslSession();
        X509Certificate certificate = session == null ? null : certificate(session);
        if (certificate == null) {
            return new Caller.Unknown(isLocal(request.remoteAddress()), session != null);
        }
        NodeIdentity node = NodeIdentity.of(certificate)
                .orElseThrow(() -> new IllegalStateException("the handshake lets nobody else pass"));
        Instant until = certificate.getNotAfter().toInstant();
        if (rules.outcasts.test(node)) {
            return new Caller.Outcast(node, Denial.SHUT_OUT);
        }
        return rules.clock.instant().isAfter(until)
                ? new Caller.Outcast(node, Denial.CERTIFICATE_ENDED)
                : new Caller.Node(node, until);
    }

    /** Who has no certificate, null. */
    static @Nullable X509Certificate certificate(SSLSession session) {
        try {
            return (X509Certificate) session.getPeerCertificates()[0];
        } catch (SSLPeerUnverifiedException e) {
            return null;
        }
    }

    private boolean isLocal(SocketAddress remote) {
        String address = remote.hostAddress();
        try {
            return address != null && rules.local.test(InetAddress.ofLiteral(address));
        } catch (IllegalArgumentException e) {
            // An address within an interface that is no more.
            return false;
        }
    }

    /** Whether who connects from there has yet to prove something before much is done. */
    boolean isStrange(SocketAddress remote) {
        return rules.unproven != Unproven.ALL && !isLocal(remote);
    }

    DoorListener listener() {
        return listener;
    }

    /** Why this caller may not make this request; empty: it may. */
    public Optional<Denial> check(Access access, Caller caller, HttpServerRequest request) {
        Denial denial = switch (caller) {
            case Caller.Outcast outcast when access != Access.OPERATORS -> outcast.why();
            case Caller.Outcast _ -> checkOperator(false, request);
            case Caller.Node node -> check(access, node.identity().role(), request);
            case Caller.Unknown unknown -> check(access, unknown, request);
        };
        if (denial != null) {
            listener.denied(access, denial, String.valueOf(request.remoteAddress()));
        }
        return Optional.ofNullable(denial);
    }

    private @Nullable Denial check(Access access, Role role, HttpServerRequest request) {
        return switch (access) {
            case JOINING, NODES -> null;
            case HOSTS -> role == Role.HOST ? null : Denial.WRONG_ROLE;
            case SEEDS -> role == Role.SEED ? null : Denial.WRONG_ROLE;
            case OPERATORS -> checkOperator(false, request);
        };
    }

    private @Nullable Denial check(Access access, Caller.Unknown unknown, HttpServerRequest request) {
        return switch (access) {
            case JOINING -> unknown.encrypted() ? null : Denial.NOT_ENCRYPTED;
            case HOSTS, NODES -> passesUnproven(unknown) ? null : Denial.NO_CERTIFICATE;
            case SEEDS -> Denial.NO_CERTIFICATE;
            // A token that has come in plain text is everybody's.
            case OPERATORS ->
                unknown.encrypted() || passesUnproven(unknown)
                        ? checkOperator(unknown.local(), request)
                        : Denial.NOT_ENCRYPTED;
        };
    }

    private boolean passesUnproven(Caller.Unknown unknown) {
        return switch (rules.unproven) {
            case NONE -> false;
            case LOCAL -> unknown.local();
            case ALL -> true;
        };
    }

    private @Nullable Denial checkOperator(boolean local, HttpServerRequest request) {
        String authorization = request.getHeader(HttpHeaders.AUTHORIZATION);
        if (authorization != null && authorization.startsWith(BEARER)) {
            return rules.operators.test(authorization.substring(BEARER.length())) ? null : Denial.WRONG_TOKEN;
        }
        return local && isNoPage(request) ? null : Denial.NO_TOKEN;
    }

    /** A browser on this machine may be made to ask on behalf of a page that has no business here. */
    private static boolean isNoPage(HttpServerRequest request) {
        String host = request.getHeader(HttpHeaders.HOST);
        try {
            return request.getHeader(HttpHeaders.ORIGIN) == null
                    && host != null
                    && NodeAddress.parse(host, 0).isLoopback();
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
