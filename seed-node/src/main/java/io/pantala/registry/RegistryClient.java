package io.pantala.registry;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

import io.pantala.manifest.UpstreamName;
import io.pantala.swarm.Authorization;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Speaks to the configured registries, and to where they redirect: HTTP/1.1, kept-alive connections, the system's
 * certificates and each upstream's own. Its calls block, for virtual threads alone.
 */
public final class RegistryClient implements AutoCloseable {
    private static final int LONGEST_HEADERS = 64 << 10;
    private static final int MOST_REDIRECTS = 10;

    /** Bytes of bodies, of all connections together, that wait outside of the heap: twice what sixteen of them have. */
    private static final int MOST_READ_AHEAD = 8 << 20;

    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);

    /** What concerns one connection only, or is this client's own to say. */
    private static final Set<String> NOT_SENT_ON = Set.of(
            "connection",
            "keep-alive",
            "proxy-authenticate",
            "proxy-authorization",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "host",
            "authorization",
            "accept-encoding",
            "content-length",
            "expect");

    private final Vertx vertx;
    private final Upstreams upstreams;
    private final RegistryConfig config;
    private final RegistryLimits limits;
    private final RegistryListener listener;
    private final Ways ways;
    private final ReadBuffers buffers = new ReadBuffers(MOST_READ_AHEAD);

    /** Without limits. */
    public RegistryClient(Vertx vertx, Upstreams upstreams, RegistryConfig config, RegistryListener listener) {
        this(vertx, upstreams, config, RegistryLimits.NONE, listener);
    }

    /** Reads the upstreams' certificates; an {@link IllegalArgumentException} says which file can't be used, and why. */
    public RegistryClient(
            Vertx vertx, Upstreams upstreams, RegistryConfig config, RegistryLimits limits, RegistryListener listener) {
        this.limits = limits;
        this.vertx = vertx;
        this.upstreams = upstreams;
        this.config = config;
        this.listener = listener;
        this.ways = new Ways(upstreams, this::build, options(config));
    }

    /** The upstreams that it speaks to. */
    public Upstreams upstreams() {
        return upstreams;
    }

    /** What bodies are read into. */
    ReadBuffers buffers() {
        return buffers;
    }

    /**
     * Sends a request and waits for the headers of its response. Redirects of a GET or HEAD are followed; the credential
     * goes no further than the scheme, host and port it is meant for.
     */
    public RegistryResponse send(RegistryRequest request) throws UpstreamException {
        return send(request, MOST_REDIRECTS, unhurried());
    }

    /**
     * Like {@link #send(RegistryRequest)}, but waits no longer than {@code most}, redirects included.
     */
    public RegistryResponse send(RegistryRequest request, Duration most) throws UpstreamException {
        return send(request, MOST_REDIRECTS, most);
    }

    /**
     * Sends a request and waits for the headers of its response, which may be a redirect: for when a redirect is answer
     * enough.
     */
    public RegistryResponse sendUnfollowed(RegistryRequest request, Duration most) throws UpstreamException {
        return send(request, 0, most);
    }

    /**
     * Sends a request that may change something, once, and waits for the headers of its response, which may be a
     * redirect: for as long as its body takes, and then for as long as a registry may take to store it.
     */
    public RegistryResponse push(RegistryRequest request) throws UpstreamException {
        return follow(request, first(request), null, 0, ofPush());
    }

    /**
     * Asks a token server.
     *
     * @param via the registry that named it, whose certificates are trusted
     * @param form a form to POST; null to GET
     */
    RegistryResponse ask(
            UpstreamName via,
            URI server,
            List<Map.Entry<String, String>> headers,
            Authorization authorization,
            byte @Nullable [] form,
            String kind)
            throws UpstreamException {
        String query = server.getRawQuery() == null ? "" : "?" + server.getRawQuery();
        String path = server.getRawPath() == null || server.getRawPath().isEmpty() ? "/" : server.getRawPath();
        URI root = URI.create(server.getScheme() + "://" + server.getRawAuthority());
        RegistryRequest request = form == null
                ? new RegistryRequest(via, HttpMethod.GET, path + query, headers, authorization, kind)
                : new RegistryRequest(
                        via, HttpMethod.POST, path + query, headers, authorization, kind, RequestBody.of(form));
        return follow(request, Location.of(root, request.target()), null, MOST_REDIRECTS, patience(unhurried()));
    }

    /**
     * Sends a request to a host that is no upstream, and waits for the headers of its response, which may be a redirect.
     *
     * @param request its upstream is a name for the listener alone
     * @param origin {@code https://host[:port]} or {@code http://host[:port]}
     * @param address where to connect; the origin's name is not resolved
     */
    public RegistryResponse sendElsewhere(RegistryRequest request, URI origin, InetSocketAddress address)
            throws UpstreamException {
        return follow(
                request,
                Location.of(origin, request.target()),
                address,
                0,
                request.isSafe() ? patience(unhurried()) : ofPush());
    }

    @Override
    public void close() {
        ways.close();
    }

    /** Each hop may take as long as it is given. */
    private Duration unhurried() {
        return config.headerTimeout().multipliedBy(MOST_REDIRECTS + 1);
    }

    private Patience patience(Duration most) {
        return new Patience(config.headerTimeout(), System.nanoTime() + most.toNanos());
    }

    private Patience ofPush() {
        return new Patience(
                config.pushTimeout(), System.nanoTime() + config.pushTimeout().toNanos());
    }

    /**
     * How long to wait for the headers of responses.
     *
     * @param each for one
     * @param until for all that follow one another, by {@link System#nanoTime}
     */
    private record Patience(Duration each, long until) {
        Duration left(long now) {
            return Duration.ofNanos(Math.clamp(until - now, 0, each.toNanos()));
        }
    }

    private RegistryResponse send(RegistryRequest request, int redirects, Duration most) throws UpstreamException {
        return follow(request, first(request), null, redirects, patience(most));
    }

    private Location first(RegistryRequest request) throws UpstreamException {
        Upstream upstream = upstreams
                .find(request.upstream())
                .orElseThrow(() -> new UpstreamException(
                        UpstreamException.Kind.UNKNOWN_UPSTREAM,
                        "no upstream " + request.upstream() + " is configured"));
        return Location.of(upstream.url(), request.target());
    }

    private RegistryResponse follow(
            RegistryRequest request,
            Location first,
            @Nullable InetSocketAddress address,
            int redirects,
            Patience patience)
            throws UpstreamException {
        if (Context.isOnEventLoopThread()) {
            throw new IllegalStateException("this blocks: call it on a virtual thread");
        }
        MultiMap headers = headers(request);
        Location location = first;
        for (int hop = 0; ; hop++) {
            RegistryResponse response = exchange(request, location, headers, address, patience);
            if (!first.sameOrigin(location)) {
                response.wasRedirected();
            }
            String header = response.headers().get(HttpHeaders.LOCATION);
            if (redirects == 0 || !request.isSafe() || !REDIRECTS.contains(response.status()) || header == null) {
                return response;
            }
            response.close();
            Optional<Location> next = location.resolve(header);
            if (next.isEmpty() || hop == redirects) {
                throw failed(
                        request,
                        new UpstreamException(
                                UpstreamException.Kind.PROTOCOL,
                                location + (next.isEmpty() ? " redirects to nowhere" : " redirects again and again")));
            }
            if (!location.sameOrigin(next.get())) {
                headers.remove(HttpHeaders.AUTHORIZATION).remove(HttpHeaders.COOKIE);
            }
            location = next.get();
        }
    }

    private RegistryResponse exchange(
            RegistryRequest request,
            Location location,
            MultiMap headers,
            @Nullable InetSocketAddress address,
            Patience patience)
            throws UpstreamException {
        Ways.Sender sender = ways.to(request.upstream(), isOwn(request.upstream(), location));
        Outages outages = sender.outages();
        Location host = location.origin();
        long start = System.nanoTime();
        try {
            outages.enter(host, patience.left(start));
        } catch (InterruptedException e) {
            throw failed(request, interrupted(location));
        } catch (UpstreamException e) {
            throw failed(request, e);
        }
        long asked = System.nanoTime();
        try {
            RegistryResponse response = exchangeTwice(request, location, headers, address, patience, sender.client());
            outages.answered(host);
            return response;
        } catch (UpstreamException e) {
            if (saysThatItIsOut(e, Duration.ofNanos(System.nanoTime() - asked))) {
                outages.failed(host, e);
            } else {
                outages.left(host);
            }
            throw failed(request, e);
        }
    }

    private boolean saysThatItIsOut(UpstreamException failure, Duration waited) {
        return switch (failure.kind()) {
            case UNREACHABLE, CUT -> true;
            case TIMEOUT -> waited.compareTo(config.connectTimeout()) >= 0;
            case UNKNOWN_UPSTREAM, PROTOCOL, INTERRUPTED -> false;
        };
    }

    private RegistryResponse exchangeTwice(
            RegistryRequest request,
            Location location,
            MultiMap headers,
            @Nullable InetSocketAddress address,
            Patience patience,
            HttpClient sender)
            throws UpstreamException {
        try {
            return exchangeOnce(request, location, headers, address, patience, sender);
        } catch (UpstreamException e) {
            // Most likely a kept-alive connection that the server was just closing: what changes nothing is asked
            // again.
            if (request.isSafe() && e.getCause() instanceof HttpClosedException) {
                return exchangeOnce(request, location, headers, address, patience, sender);
            }
            throw e;
        }
    }

    private RegistryResponse exchangeOnce(
            RegistryRequest request,
            Location location,
            MultiMap headers,
            @Nullable InetSocketAddress address,
            Patience patience,
            HttpClient sender)
            throws UpstreamException {
        long start = System.nanoTime();
        RequestOptions options = new RequestOptions()
                .setMethod(request.method())
                .setHost(location.urlHost())
                .setPort(location.port())
                .setSsl(location.tls())
                .setURI(location.target())
                .setHeaders(HttpHeaders.headers().setAll(headers).set(HttpHeaders.HOST, location.authority()))
                .setFollowRedirects(false);
        if (address != null) {
            options.setServer(SocketAddress.inetSocketAddress(address));
        }
        Context context = vertx.getOrCreateContext();
        CompletableFuture<RegistryResponse> answer = new CompletableFuture<>();
        Upload upload = request.body() == null ? null : new Upload(request.body(), config.bodyIdle(), answer);
        context.runOnContext(_ -> Future.succeededFuture()
                // A mapper's exception is a failed future, while here nobody would learn of it.
                .compose(_ -> sender.request(options))
                .compose(sending -> {
                    // Also when nobody waits any more: then this runs at once.
                    var _ = answer.whenComplete((_, failure) -> {
                        if (failure != null) {
                            sending.reset();
                        }
                    });
                    return upload == null ? sending.send() : upload.begin(sending);
                })
                .map(response -> new RegistryResponse(response, context, events(request)))
                .onSuccess(response -> {
                    if (!answer.complete(response)) {
                        response.close();
                    }
                })
                .onFailure(answer::completeExceptionally));
        Duration most = upload == null ? patience.left(start) : patience.each();
        RegistryResponse response = await(answer, upload, most, location);
        listener.responded(
                request.upstream(), request.kind(), response.status(), Duration.ofNanos(System.nanoTime() - start));
        return response;
    }

    private RegistryResponse await(
            CompletableFuture<RegistryResponse> answer, @Nullable Upload upload, Duration most, Location location)
            throws UpstreamException {
        UpstreamException failure;
        try {
            if (upload != null) {
                // As long as it takes: each of its parts has a time of its own.
                CompletableFuture.anyOf(upload.done(), answer).get();
            }
            return answer.get(most.toNanos(), NANOSECONDS);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            if (cause instanceof UpstreamException known) {
                throw known;
            }
            throw new UpstreamException(kind(cause), location + ": " + reason(cause), cause);
        } catch (TimeoutException e) {
            failure = new UpstreamException(
                    UpstreamException.Kind.TIMEOUT, location + " did not answer within " + most.toMillis() + " ms");
        } catch (InterruptedException e) {
            failure = interrupted(location);
        }
        if (!answer.completeExceptionally(failure)) {
            answer.join().close();
        }
        throw failure;
    }

    private static UpstreamException interrupted(Location location) {
        Thread.currentThread().interrupt();
        return new UpstreamException(UpstreamException.Kind.INTERRUPTED, "interrupted while waiting for " + location);
    }

    private UpstreamException failed(RegistryRequest request, UpstreamException failure) {
        listener.failed(request.upstream(), request.kind(), failure.kind());
        return failure;
    }

    private RegistryResponse.Events events(RegistryRequest request) {
        boolean blob = request.kind().equals(RegistryRequest.BLOB);
        return new RegistryResponse.Events() {
            @Override
            public void received(int bytes) {
                limits.pay(request.upstream(), bytes);
                if (blob) {
                    listener.received(request.upstream(), bytes);
                }
            }

            @Override
            public void failed(UpstreamException.Kind kind) {
                listener.failed(request.upstream(), request.kind(), kind);
            }
        };
    }

    private static MultiMap headers(RegistryRequest request) {
        Set<String> dropped = new HashSet<>(NOT_SENT_ON);
        for (Map.Entry<String, String> header : request.headers()) {
            if (header.getKey().equalsIgnoreCase("connection")) {
                for (String nominated : header.getValue().split(",", -1)) {
                    dropped.add(nominated.strip().toLowerCase(Locale.ROOT));
                }
            }
        }
        MultiMap headers = HttpHeaders.headers();
        for (Map.Entry<String, String> header : request.headers()) {
            if (!dropped.contains(header.getKey().toLowerCase(Locale.ROOT))) {
                headers.add(header.getKey(), header.getValue());
            }
        }
        headers.set(HttpHeaders.ACCEPT_ENCODING, "identity");
        if (!headers.contains(HttpHeaders.USER_AGENT)) {
            headers.set(HttpHeaders.USER_AGENT, "pantala");
        }
        if (request.authorization().header() != null) {
            headers.set(HttpHeaders.AUTHORIZATION, request.authorization().header());
        }
        return headers;
    }

    /** For the user; what is wrong with a certificate stands far down in the chain of causes. */
    private static String reason(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof CertificateException || cause instanceof CertPathBuilderException) {
                return "its certificate isn't trusted, for which the upstream's ca can be set: " + cause.getMessage();
            }
        }
        return String.valueOf(failure.getMessage());
    }

    private static UpstreamException.Kind kind(Throwable cause) {
        return switch (cause) {
            case ConnectException _, NoRouteToHostException _, UnknownHostException _, SSLException _ ->
                UpstreamException.Kind.UNREACHABLE;
            case HttpClosedException _, SocketException _, ClosedChannelException _ -> UpstreamException.Kind.CUT;
            default -> UpstreamException.Kind.PROTOCOL;
        };
    }

    /**
     * The socket's receive buffer is left to the kernel: setting it, as Vert.x's {@code receiveBufferSize} does, ends its
     * tuning, and a distant registry then comes slower.
     */
    private static HttpClientOptions options(RegistryConfig config) {
        return new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_1_1)
                .setKeepAliveTimeout(Math.toIntExact(config.keepAlive().toSeconds()))
                .setConnectTimeout((int) config.connectTimeout().toMillis())
                .setSslHandshakeTimeout(config.connectTimeout().toMillis())
                .setSslHandshakeTimeoutUnit(MILLISECONDS)
                .setMaxInitialLineLength(LONGEST_HEADERS)
                .setMaxHeaderSize(LONGEST_HEADERS)
                .setMaxChunkSize(ReadBuffers.SIZE)
                .setDecompressionSupported(false)
                .setTcpNoDelay(true)
                .setTcpKeepAlive(true);
    }

    private HttpClient build(HttpClientOptions options) {
        return vertx.httpClientBuilder()
                .with(options)
                .with(new PoolOptions().setHttp1MaxSize(config.connectionsPerHost()))
                .withConnectHandler(connection -> {
                    // Whoever reads the response learns of it; Vert.x would log it besides.
                    connection.exceptionHandler(_ -> {});
                    Valve.readInto(buffers, connection);
                })
                .build();
    }

    private boolean isOwn(UpstreamName upstream, Location location) {
        return upstreams
                .find(upstream)
                .filter(known -> Location.of(known.url(), "/").sameOrigin(location))
                .isPresent();
    }
}
