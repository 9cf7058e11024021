package io.pantala.seed.cluster;

import io.pantala.seed.cluster.ClusterListener.Refusal;
import io.pantala.seed.cluster.ClusterState.TokenEntry;
import io.pantala.seed.http.Problem;
import io.pantala.seed.http.Routes;
import io.pantala.seed.http.SmallBody;
import io.pantala.transport.identity.NodeIdentity;
import io.pantala.transport.identity.Role;
import io.pantala.transport.join.JoinAnswer;
import io.pantala.transport.join.JoinRequest;
import io.pantala.transport.link.Access;
import io.pantala.transport.link.Caller;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.util.Optional;
import java.util.concurrent.Semaphore;

/** Where nodes get their certificates: new ones with a token, others with the certificate that they still have. */
public final class JoinApi {
    private static final String BEARER = "Bearer ";

    /** Certificates that are signed at once, at most. */
    private static final int MOST_AT_ONCE = 64;

    private final Vertx vertx;
    private final Cluster cluster;
    private final ClusterListener listener;
    private final Semaphore turns = new Semaphore(MOST_AT_ONCE);

    public JoinApi(Vertx vertx, Cluster cluster, ClusterListener listener) {
        this.vertx = vertx;
        this.cluster = cluster;
        this.listener = listener;
    }

    public void mount(Routes routes) {
        routes.post(
                JoinRequest.PATH,
                Access.JOINING,
                (request, caller) -> SmallBody.receive(
                        vertx, request, JoinRequest.LARGEST, body -> received(request, caller, body)));
    }

    private sealed interface Outcome {
        record Certified(JoinAnswer answer) implements Outcome {}

        record Refused(int status, String why) implements Outcome {}
    }

    private void received(HttpServerRequest request, Caller caller, byte[] body) {
        Context loop = vertx.getOrCreateContext();
        Optional<String> secret = Optional.ofNullable(request.getHeader(HttpHeaders.AUTHORIZATION))
                .filter(value -> value.startsWith(BEARER))
                .map(value -> value.substring(BEARER.length()));
        if (!turns.tryAcquire()) {
            Problem.answer(request.response(), 503, "too many nodes join at once");
            return;
        }
        Thread.startVirtualThread(() -> {
            try {
                Outcome outcome = judge(body, caller, secret);
                loop.runOnContext(_ -> answer(request.response(), outcome));
            } finally {
                turns.release();
            }
        });
    }

    private Outcome judge(byte[] body, Caller caller, Optional<String> secret) {
        JoinRequest request;
        try {
            request = JoinRequest.read(body);
        } catch (IOException e) {
            return new Outcome.Refused(400, String.valueOf(e.getMessage()));
        }
        NodeIdentity node = request.node();
        if (cluster.shutOut().contains(node.name())) {
            return refuse(node, Refusal.SHUT_OUT, 403, "this node was shut out of the cluster");
        }
        String token = "";
        if (caller instanceof Caller.Node known) {
            if (!known.identity().equals(node)) {
                return refuse(
                        node, Refusal.OTHER_NODE, 403, "a certificate for " + known.identity() + " is no other's");
            }
        } else {
            Optional<TokenEntry> found = secret.flatMap(cluster::token);
            if (found.isEmpty()) {
                return refuse(
                        node,
                        Refusal.TOKEN,
                        401,
                        "the token is none of this cluster's, or was revoked, or has expired");
            }
            if (found.get().role() != node.role()) {
                return refuse(
                        node,
                        Refusal.TOKEN,
                        403,
                        "the token is for " + found.get().role().text() + "s: "
                                + (node.role() == Role.SEED
                                        ? "seeds join with one of `pantala token --seed`"
                                        : "hosts join with one of `pantala token`"));
            }
            token = found.get().id();
        }
        return certify(request, caller instanceof Caller.Node, token);
    }

    private Outcome certify(JoinRequest request, boolean renewed, String token) {
        try {
            JoinAnswer answer = cluster.certify(request);
            listener.certified(request.node(), renewed, token);
            return new Outcome.Certified(answer);
        } catch (GeneralSecurityException e) {
            return refuse(request.node(), Refusal.MALFORMED, 400, "'request': " + e.getMessage());
        }
    }

    private Outcome refuse(NodeIdentity node, Refusal why, int status, String words) {
        listener.refused(node, why);
        return new Outcome.Refused(status, words);
    }

    private static void answer(HttpServerResponse response, Outcome outcome) {
        switch (outcome) {
            case Outcome.Certified(JoinAnswer answer) ->
                response.putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                        .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                        .end(Buffer.buffer(answer.write()));
            case Outcome.Refused(int status, String why) -> Problem.answer(response, status, why);
        }
    }
}
