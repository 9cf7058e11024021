package io.pantala.proxy.admin;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pantala.manifest.ImageReference;
import io.pantala.proxy.history.History;
import io.pantala.transport.NodeAddress;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code /healthz}, {@code /readyz}, {@code /metrics}, {@code /settings} and {@code /explain/} of one node. */
public final class AdminServer {
    private static final Logger LOG = LoggerFactory.getLogger(AdminServer.class);
    private static final String TEXT = "text/plain; charset=utf-8";
    private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";
    private static final String JSON = "application/json";
    private static final String MARKS = "/marks/";
    private static final String EXPLAIN = "/explain/";
    private static final String SHA256 = "sha256:";
    private static final int IDLE_SECONDS = 60;

    private final Vertx vertx;
    private final HttpServer server;
    private final EventLoops loops;
    private final Readiness readiness;
    private final Supplier<String> metrics;
    private final History history;
    private final Function<String, Optional<String>> marks;
    private final String settings;

    /**
     * Not yet listening.
     *
     * @param metrics all of them in Prometheus' text format
     * @param history what {@code /explain/} tells of
     * @param marks what is known of a request that {@code pantala doctor} had sent, by its mark
     * @param settings by which {@code pantala doctor} must judge this node; nothing secret
     * @param longestTurn how long an event loop may be busy before it counts as standing still
     */
    public AdminServer(
            Vertx vertx,
            Readiness readiness,
            Supplier<String> metrics,
            History history,
            Function<String, Optional<String>> marks,
            Map<String, String> settings,
            Duration longestTurn) {
        this.vertx = vertx;
        this.server = vertx.createHttpServer(new HttpServerOptions().setIdleTimeout(IDLE_SECONDS))
                .requestHandler(this::handle);
        this.loops = new EventLoops(vertx, longestTurn);
        this.readiness = readiness;
        this.metrics = metrics;
        this.history = history;
        this.marks = marks;
        ObjectNode said = JsonNodeFactory.instance.objectNode();
        settings.forEach(said::put);
        this.settings = said.toString();
    }

    /** Listens, until its Vert.x ends; completes with the port. */
    public Future<Integer> listen(NodeAddress address) {
        return server.listen(address.port(), address.host()).map(HttpServer::actualPort);
    }

    private void handle(HttpServerRequest request) {
        if (!request.method().equals(HttpMethod.GET) && !request.method().equals(HttpMethod.HEAD)) {
            request.response().putHeader(HttpHeaders.ALLOW, "GET, HEAD");
            send(request, new Answer(405, TEXT, "GET or HEAD\n"));
            return;
        }
        String path = String.valueOf(request.path());
        if (path.startsWith(MARKS)) {
            send(request, mark(path.substring(MARKS.length())));
            return;
        }
        if (path.startsWith(EXPLAIN)) {
            String what = path.substring(EXPLAIN.length());
            respond(request, () -> explain(what));
            return;
        }
        switch (path) {
            case "/healthz" -> respond(request, this::health);
            case "/readyz" -> respond(request, this::ready);
            case "/metrics" -> respond(request, () -> new Answer(200, PROMETHEUS, metrics.get()));
            case "/settings" -> send(request, new Answer(200, JSON, settings));
            default -> send(request, new Answer(404, TEXT, "/healthz, /readyz, /metrics or /explain/\n"));
        }
    }

    private Answer mark(String mark) {
        return marks.apply(mark)
                .map(seen -> new Answer(200, TEXT, seen + "\n"))
                .orElseGet(() -> new Answer(404, TEXT, "no such request has arrived\n"));
    }

    /** A digest, or the beginning of one; or a repository with its registry. */
    private Answer explain(String what) {
        if (what.startsWith(SHA256)) {
            return new Answer(200, JSON, history.explain(what).toString());
        }
        try {
            ImageReference image = ImageReference.parse(what);
            return new Answer(
                    200,
                    JSON,
                    history.explain(image.upstream(), image.repository()).toString());
        } catch (IllegalArgumentException e) {
            return new Answer(400, TEXT, e.getMessage() + "\n");
        }
    }

    private Answer health() throws InterruptedException {
        return loops.turn() ? new Answer(200, TEXT, "alive\n") : new Answer(503, TEXT, "an event loop stands still\n");
    }

    private Answer ready() {
        List<String> missing = readiness.missing();
        return missing.isEmpty()
                ? new Answer(200, TEXT, "ready\n")
                : new Answer(503, TEXT, String.join("\n", missing) + "\n");
    }

    /** What needs the disk, or other event loops, waits on a thread of its own. */
    private void respond(HttpServerRequest request, Callable<Answer> work) {
        Context context = vertx.getOrCreateContext();
        Thread.ofVirtual().name("admin").start(() -> {
            Answer answer = done(work);
            context.runOnContext(_ -> send(request, answer));
        });
    }

    private static Answer done(Callable<Answer> work) {
        try {
            return work.call();
        } catch (Exception e) {
            LOG.warn("an admin request failed", e);
            return new Answer(500, TEXT, "failed; see the log\n");
        }
    }

    private static void send(HttpServerRequest request, Answer answer) {
        request.response()
                .setStatusCode(answer.status())
                .putHeader(HttpHeaders.CONTENT_TYPE, answer.type())
                .end(answer.text());
    }

    private record Answer(int status, String type, String text) {}
}
