package io.pantala.proxy.http;

import io.pantala.proxy.intercept.Connects;
import io.pantala.proxy.intercept.EngineSide.Objection;
import io.pantala.registry.Upstreams;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Listens for engines; each request is read once and answered on a virtual thread of its own. */
public final class ProxyServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ProxyServer.class);
    private static final int LONGEST_HEAD = 64 << 10;
    private static final int LARGEST_CHUNK = 64 << 10;
    private static final int MOST_EVENT_LOOPS = 4;
    private static final Duration MARGIN = Duration.ofSeconds(5);

    /** Nothing but a machine that is busy, such as one that has just been started, delays it. */
    private static final Duration BIND = Duration.ofMinutes(1);

    private final ProxyConfig config;
    private final CallParser parser;
    private final Connects connects;
    private final CallHandler handler;
    private final RequestListener listener;
    private final Semaphore room;
    private final AtomicLong requests = new AtomicLong();
    private final String idPrefix;
    private final List<HttpServer> servers = new CopyOnWriteArrayList<>();

    private ProxyServer(
            ProxyConfig config, Upstreams upstreams, Connects connects, CallHandler handler, RequestListener listener) {
        this.config = config;
        this.parser = new CallParser(upstreams, config.tunnelled(), config.defaultUpstream());
        this.connects = connects;
        this.handler = handler;
        this.listener = listener;
        this.room = new Semaphore(config.maxRequests());
        this.idPrefix = Integer.toString(ThreadLocalRandom.current().nextInt(36 * 36 * 36, 36 * 36 * 36 * 36), 36);
    }

    /**
     * Starts to listen.
     *
     * @param upstreams those that requests may name
     * @param connects what answers CONNECT; closed with the server
     * @throws IOException when the address can't be had; its message says why in one line
     */
    public static ProxyServer start(
            Vertx vertx,
            ProxyConfig config,
            Upstreams upstreams,
            Connects connects,
            CallHandler handler,
            RequestListener listener)
            throws IOException {
        var server = new ProxyServer(config, upstreams, connects, handler, listener);
        server.listen(vertx);
        return server;
    }

    /** The port it listens on. */
    public int port() {
        return servers.getFirst().actualPort();
    }

    /**
     * Stops accepting, lets running replies end within {@link ProxyConfig#drain}, and closes what is left then. Nothing
     * answers requests any more when it returns.
     */
    @Override
    public void close() {
        Duration drain = config.drain();
        List<Future<Void>> closing =
                servers.stream().map(server -> server.shutdown(drain)).toList();
        try {
            connects.drain(drain);
            connects.close();
            await(Future.join(closing), drain.plus(MARGIN));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            LOG.warn("closing the proxy's listener: {}", e.getMessage());
        }
        awaitRequests();
    }

    /** Those whose connection is gone still give back what they hold. */
    private void awaitRequests() {
        try {
            if (!room.tryAcquire(config.maxRequests(), MARGIN.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.warn("requests still run after the proxy closed");
                return;
            }
            room.release(config.maxRequests());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void listen(Vertx vertx) throws IOException {
        String host = host(config.listen());
        int port = config.listen().getPort();
        // The event loops share one port, also when it is any free one; the id only tells servers apart.
        SocketAddress address = port != 0
                ? SocketAddress.inetSocketAddress(port, host)
                : SocketAddress.sharedRandomPort(ThreadLocalRandom.current().nextInt(1, Integer.MAX_VALUE), host);
        HttpServerOptions options = new HttpServerOptions()
                .setMaxInitialLineLength(LONGEST_HEAD)
                .setMaxHeaderSize(LONGEST_HEAD)
                .setMaxChunkSize(LARGEST_CHUNK)
                .setHttp2ClearTextEnabled(false)
                .setTcpKeepAlive(true);
        int loops = Math.clamp(Runtime.getRuntime().availableProcessors(), 1, MOST_EVENT_LOOPS);
        try {
            await(
                    vertx.deployVerticle(
                            () -> new Listener(options, address), new DeploymentOptions().setInstances(loops)),
                    BIND);
        } catch (IOException e) {
            throw new IOException("can't listen on %s:%d: %s".formatted(host, port, e.getMessage()), e);
        }
    }

    private static String host(InetSocketAddress address) {
        return address.isUnresolved()
                ? address.getHostString()
                : address.getAddress().getHostAddress();
    }

    private static void await(Future<?> future, Duration bound) throws IOException {
        try {
            future.toCompletionStage().toCompletableFuture().get(bound.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new IOException(cause.getMessage(), cause);
        } catch (TimeoutException e) {
            throw new IOException("it took longer than " + bound.toSeconds() + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /** The listener of one event loop. */
    private final class Listener extends VerticleBase {
        private final HttpServerOptions options;
        private final SocketAddress address;

        Listener(HttpServerOptions options, SocketAddress address) {
            this.options = options;
            this.address = address;
        }

        @Override
        public Future<?> start() {
            HttpServer server = vertx.createHttpServer(options)
                    .connectionHandler(
                            connection -> EngineChannel.open(connection, config.idle(), config.access(), connects))
                    .invalidRequestHandler(ProxyServer::refuseMalformed)
                    .requestHandler(ProxyServer.this::accept);
            servers.add(server);
            return server.listen(address);
        }
    }

    private void accept(HttpServerRequest request) {
        EngineChannel channel = EngineChannel.of(request.connection());
        if (!channel.takesMore()) {
            return;
        }
        Optional<String> ambiguity = RequestShape.ambiguity(request.headers());
        if (ambiguity.isPresent()) {
            refuse(request, new RegistryError(400, "UNSUPPORTED", ambiguity.get()));
            return;
        }
        if (!room.tryAcquire()) {
            RegistryError error = RegistryError.unavailable(503, "too many requests at once");
            request.response().putHeader("Retry-After", "1");
            var _ = send(request, error);
            return;
        }
        String id = idPrefix + "-" + Long.toString(requests.incrementAndGet(), 36);
        var exchange = new Exchange(request, channel, id);
        channel.begin(exchange);
        Thread.ofVirtual().name("request-" + id).start(() -> {
            try {
                answer(request, exchange);
            } finally {
                room.release();
                channel.finish(exchange);
            }
        });
    }

    private static void refuseMalformed(HttpServerRequest request) {
        refuse(request, RequestShape.error(request.decoderResult().cause()));
    }

    /** And nothing more on its connection: where the next request begins is not certain. */
    private static void refuse(HttpServerRequest request, RegistryError error) {
        EngineChannel channel = EngineChannel.of(request.connection());
        channel.takeNoMore();
        request.response().putHeader("Connection", "close");
        var _ = send(request, error).onComplete(_ -> channel.closeGently());
    }

    private static Future<Void> send(HttpServerRequest request, RegistryError error) {
        return request.response()
                .setStatusCode(error.status())
                .putHeader("Content-Type", RegistryError.MEDIA_TYPE)
                .end(Buffer.buffer(error.body()));
    }

    private void answer(HttpServerRequest request, Exchange exchange) {
        listener.started();
        Call call = null;
        try {
            EngineChannel channel = EngineChannel.of(request.connection());
            call = parser.parse(request.method().name(), request.uri(), channel.intercepted());
            Optional<Objection> objection = channel.objection(call, exchange);
            if (objection.isPresent()) {
                exchange.refuse(objection.get());
                return;
            }
            if (config.access().asksForUsers()
                    && call instanceof RegistryCall registry
                    && !registry.route().proxied()) {
                exchange.withholdCredential();
            }
            switch (call) {
                case RegistryCall registry -> handler.answer(registry, exchange);
                case Elsewhere elsewhere -> handler.answer(elsewhere, exchange);
            }
        } catch (RegistryException e) {
            fail(exchange, e.error());
        } catch (EngineGoneException e) {
            exchange.lost();
        } catch (InterruptedException e) {
            fail(exchange, RegistryError.unavailable(503, "this proxy is closing"));
        } catch (RuntimeException | Error e) {
            LOG.warn("request {} failed", exchange.id(), e);
            fail(exchange, new RegistryError(500, "UNKNOWN", "an error in this proxy; its log knows more"));
        } finally {
            listener.ended(exchange.summary(call));
        }
    }

    private static void fail(Exchange exchange, RegistryError error) {
        if (exchange.replying()) {
            exchange.cutShort();
            return;
        }
        try {
            exchange.fail(error);
        } catch (EngineGoneException e) {
            exchange.lost();
        }
    }
}
