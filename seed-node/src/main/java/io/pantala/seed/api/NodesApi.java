package io.pantala.seed.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pantala.seed.cluster.Cluster;
import io.pantala.seed.http.Problem;
import io.pantala.seed.http.Routes;
import io.pantala.transport.control.LinkedHost;
import io.pantala.transport.link.Access;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/** Which nodes there are, and which may not take part any more. {@code docs/api.md} describes it. */
public final class NodesApi {
    private static final String NODES = "/api/v1/nodes";
    private static final String SHUT_OUTS = "/api/v1/shut-outs";
    private static final Pattern NAME = Pattern.compile("[0-9A-Za-z._-]{1,64}");

    private final Vertx vertx;
    private final Cluster cluster;
    private final Supplier<List<LinkedHost>> hosts;

    /** @param hosts that are linked to this seed now */
    public NodesApi(Vertx vertx, Cluster cluster, Supplier<List<LinkedHost>> hosts) {
        this.vertx = vertx;
        this.cluster = cluster;
        this.hosts = hosts;
    }

    /** Mounts all of it. */
    public void mount(Routes routes) {
        routes.get(NODES, Access.OPERATORS, (request, caller) -> list(request));
        routes.below(SHUT_OUTS, Access.OPERATORS, (request, caller) -> shutOut(request));
    }

    private void list(HttpServerRequest request) {
        ObjectNode document = JsonNodeFactory.instance.objectNode();
        ArrayNode nodes = document.putArray("nodes");
        hosts.get().stream().sorted(Comparator.comparing(LinkedHost::node)).forEach(host -> {
            ObjectNode node = nodes.addObject()
                    .put("node", host.node())
                    .put("address", host.remote())
                    .put("software", host.software())
                    .put("linkedSince", host.since().toString())
                    .put("certified", host.certified());
            host.peer().ifPresent(peer -> node.put("peer", peer.toString()));
        });
        ArrayNode shutOut = document.putArray("shutOut");
        cluster.shutOut().stream().sorted().forEach(shutOut::add);
        request.response()
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                .end(document.toString());
    }

    private void shutOut(HttpServerRequest request) {
        String node = request.path().substring(Math.min(request.path().length(), SHUT_OUTS.length() + 1));
        if (!NAME.matcher(node).matches()) {
            Problem.answer(
                    request.response(), 404, "a node's name has 1 to 64 letters, digits, dots, dashes or underscores");
        } else if (request.method().equals(HttpMethod.PUT)) {
            change(request, node, true);
        } else if (request.method().equals(HttpMethod.DELETE)) {
            change(request, node, false);
        } else {
            request.response().putHeader(HttpHeaders.ALLOW, "PUT, DELETE");
            Problem.answer(request.response(), 405, "here one can only PUT, DELETE");
        }
    }

    /** Written to disk, which an event loop can't wait for. */
    private void change(HttpServerRequest request, String node, boolean active) {
        Context loop = vertx.getOrCreateContext();
        Thread.startVirtualThread(() -> {
            try {
                cluster.shutOut(node, active);
                loop.runOnContext(_ -> request.response().setStatusCode(204).end());
            } catch (IOException | RuntimeException e) {
                loop.runOnContext(
                        _ -> Problem.answer(request.response(), 500, "this could not be kept: " + e.getMessage()));
            }
        });
    }
}
