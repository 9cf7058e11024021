package io.pantala.proxy.node;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.util.concurrent.TimeUnit.SECONDS;

import io.pantala.transport.NodeAddress;
import io.pantala.transport.ticket.Ticket;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.PoolOptions;
import java.util.Base64;
import java.util.concurrent.atomic.AtomicInteger;

/** Stands before a host, and lets everyone through to it but one. */
final class Wall implements AutoCloseable {
    private static final int MOST_CONNECTIONS = 256;

    /** Requests that did not get through. */
    final AtomicInteger keptOut = new AtomicInteger();

    private final boolean silently;
    private final Vertx vertx = Vertx.vertx();
    private final HttpClient client = vertx.createHttpClient(new PoolOptions().setHttp1MaxSize(MOST_CONNECTIONS));
    private final NodeAddress address;
    private volatile Standing standing = new Standing(Fleet.ANY, "");

    private record Standing(NodeAddress behind, String unwanted) {}

    /** @param silently whether who is kept out gets no answer; else the connection is closed */
    Wall(boolean silently) throws Exception {
        this.silently = silently;
        HttpServer server = vertx.createHttpServer().requestHandler(this::meet);
        server.listen(0, "127.0.0.1").await(10, SECONDS);
        address = new NodeAddress("127.0.0.1", server.actualPort());
    }

    /** Where others believe the host to be. */
    NodeAddress address() {
        return address;
    }

    /**
     * Everyone else is let through from now on.
     *
     * @param unwanted what the host that is not calls itself
     */
    void keep(String unwanted, NodeAddress from) {
        standing = new Standing(from, unwanted);
    }

    private void meet(HttpServerRequest request) {
        String ticket = request.getHeader(Ticket.HEADER);
        // A ticket says in clear which host it is for.
        String says = new String(Base64.getUrlDecoder().decode(ticket), ISO_8859_1);
        if (!says.contains(standing.unwanted)) {
            pass(request, ticket);
        } else {
            keptOut.incrementAndGet();
            if (!silently) {
                request.connection().close();
            }
        }
    }

    private void pass(HttpServerRequest request, String ticket) {
        NodeAddress to = standing.behind;
        client.request(request.method(), to.port(), to.host(), request.uri())
                .compose(asking -> asking.putHeader(Ticket.HEADER, ticket).send())
                .compose(answer -> {
                    request.response()
                            .setStatusCode(answer.statusCode())
                            .headers()
                            .setAll(answer.headers());
                    return answer.pipeTo(request.response())
                            .onFailure(_ -> answer.request().reset());
                })
                .onFailure(_ -> request.connection().close());
    }

    @Override
    public void close() {
        vertx.close().await();
    }
}
