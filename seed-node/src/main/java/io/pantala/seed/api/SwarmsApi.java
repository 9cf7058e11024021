package io.pantala.seed.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pantala.manifest.BlobKey;
import io.pantala.seed.http.Problem;
import io.pantala.seed.http.Routes;
import io.pantala.seed.tracker.SwarmStatus;
import io.pantala.transport.link.Access;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Predicate;

/** What hosts take from this seed and one another now. {@code docs/api.md} describes it. */
public final class SwarmsApi {
    private static final String SWARMS = "/api/v1/swarms";

    private final Vertx vertx;
    private final Function<Predicate<BlobKey>, CompletableFuture<List<SwarmStatus>>> swarms;

    /** @param swarms those of some blobs, as they are now */
    public SwarmsApi(Vertx vertx, Function<Predicate<BlobKey>, CompletableFuture<List<SwarmStatus>>> swarms) {
        this.vertx = vertx;
        this.swarms = swarms;
    }

    /** Mounts all of it. */
    public void mount(Routes routes) {
        routes.below(SWARMS, Access.OPERATORS, (request, caller) -> handle(request));
    }

    private void handle(HttpServerRequest request) {
        if (!request.method().equals(HttpMethod.GET)) {
            request.response().putHeader(HttpHeaders.ALLOW, "GET");
            Problem.answer(request.response(), 405, "here one can only GET");
            return;
        }
        String digest = request.path().substring(Math.min(request.path().length(), SWARMS.length() + 1));
        Context loop = vertx.getOrCreateContext();
        var _ = swarms.apply(key -> digest.isEmpty() || key.digest().toString().equals(digest))
                .whenComplete((found, failure) -> loop.runOnContext(_ -> {
                    if (failure != null) {
                        Problem.answer(request.response(), 503, "the seed is stopping");
                    } else {
                        answer(request, digest, found);
                    }
                }));
    }

    private static void answer(HttpServerRequest request, String digest, List<SwarmStatus> found) {
        ObjectNode document = JsonNodeFactory.instance.objectNode();
        ArrayNode swarms = document.putArray("swarms");
        for (SwarmStatus swarm : found) {
            ObjectNode node = swarms.addObject();
            summary(node, swarm);
            if (!digest.isEmpty()) {
                hosts(node.putArray("hosts"), swarm);
            }
        }
        if (!digest.isEmpty() && swarms.isEmpty()) {
            Problem.answer(request.response(), 404, "no host takes or wants such a blob from this seed now");
            return;
        }
        request.response()
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                .end(document.toString());
    }

    private static void summary(ObjectNode node, SwarmStatus swarm) {
        int blocks = swarm.layout().count();
        node.put("upstream", swarm.key().upstream().toString())
                .put("digest", swarm.key().digest().toString())
                .put("bytes", swarm.layout().size())
                .put("blocks", blocks)
                .put("blockBytes", swarm.layout().blockSize())
                .put("seedHolds", swarm.held())
                .put("seedSentFirst", swarm.firsts())
                .put("seedSentAgain", swarm.repeats())
                .put(
                        "hostsComplete",
                        swarm.hosts().stream()
                                .filter(host -> host.held() == blocks)
                                .count())
                .put(
                        "hostsWanting",
                        swarm.hosts().stream()
                                .filter(host -> host.wants() && host.held() < blocks)
                                .count())
                .put(
                        "transfers",
                        swarm.hosts().stream()
                                .mapToInt(host -> host.incoming().size())
                                .sum());
    }

    private static void hosts(ArrayNode nodes, SwarmStatus swarm) {
        for (SwarmStatus.HostStatus host : swarm.hosts()) {
            ObjectNode node = nodes.addObject().put("node", host.node());
            host.peer().ifPresent(peer -> node.put("peer", peer.toString()));
            node.put("zone", host.zone())
                    .put("holds", host.held())
                    .put("wants", host.wants())
                    .put("uploadBytesPerSecond", host.upload())
                    .put("downloadBytesPerSecond", host.download());
            ArrayNode incoming = node.putArray("receives");
            for (SwarmStatus.Transfer transfer : host.incoming()) {
                incoming.addObject()
                        .put("block", transfer.block())
                        .put("from", transfer.from().orElse("seed"));
            }
        }
    }
}
