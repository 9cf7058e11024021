package io.pantala.transport.control;

import io.pantala.transport.NodeAddress;
import io.pantala.transport.control.ControlMessage.AboutBlob;
import io.pantala.transport.control.ControlMessage.Hello;
import io.pantala.transport.control.ControlMessage.Limits;
import io.pantala.transport.control.ControlMessage.News;
import io.pantala.transport.control.ControlMessage.Peer;
import io.pantala.transport.control.ControlMessage.Welcome;
import io.pantala.transport.identity.NodeIdentity;
import io.pantala.transport.identity.Role;
import io.pantala.transport.link.Caller;
import io.pantala.transport.link.Denial;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.ServerWebSocket;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/**
 * A seed's side of the control links: takes requests to open one, greets, and passes on what hosts say.
 *
 * <p>The HTTP server it is mounted on must take WebSocket frames of {@link #LONGEST_MESSAGE} bytes.
 */
public final class ControlServer implements AutoCloseable {
    /** Where hosts open their links. */
    public static final String PATH = "/pantala/v1/control";

    /** Bytes of the longest message. */
    public static final int LONGEST_MESSAGE = ControlCodec.LONGEST;

    private final Vertx vertx;
    private final String seed;
    private final ControlConfig config;
    private final ControlSessions sessions;
    private final Executor owner;
    private final Supplier<News> news;
    private final Set<Session> open = ConcurrentHashMap.newKeySet();
    private final long timer;
    private volatile boolean closed;

    /**
     * @param seed what the seed calls itself; the same after a restart
     * @param owner runs every call to {@code sessions}, one at a time, in order
     * @param news what hosts are told of their cluster
     */
    public ControlServer(
            Vertx vertx,
            String seed,
            ControlConfig config,
            ControlSessions sessions,
            Executor owner,
            Supplier<News> news) {
        this.vertx = vertx;
        this.seed = seed;
        this.config = config;
        this.sessions = sessions;
        this.owner = owner;
        this.news = news;
        this.timer = vertx.setPeriodic(config.news().toMillis(), _ -> tellNews());
    }

    /** Answers a request to {@link #PATH} of one who may make it. On the request's event loop. */
    public void handle(HttpServerRequest request, Caller caller) {
        if (request.getHeader("Origin") != null) {
            // Only browsers say so, on behalf of a page that has no business here.
            request.response().setStatusCode(403).end();
            return;
        }
        request.toWebSocket().onSuccess(socket -> new Session(socket, caller).start());
    }

    /** The hosts that are linked now. */
    public List<LinkedHost> hosts() {
        return open.stream()
                .filter(session -> session.identity().map(NodeIdentity::role).orElse(Role.HOST) == Role.HOST)
                .flatMap(session -> session.host().stream())
                .toList();
    }

    /** Tells all hosts what is new, and closes the links of those that may not take part any more. */
    public void tellNews() {
        News now = news.get();
        open.forEach(session -> session.tell(now));
    }

    /** Closes every link. */
    @Override
    public void close() {
        closed = true;
        vertx.cancelTimer(timer);
        open.forEach(session -> session.socket.close(ControlSocket.GOING_AWAY, "the seed is shutting down"));
    }

    private final class Session implements ControlSession, ControlSocket.Receiver {
        private final ControlSocket socket;
        private final Caller caller;
        private final String remote;
        private final String remoteHost;
        private volatile String node = "";
        private volatile Optional<Peer> peer = Optional.empty();
        private volatile Optional<LinkedHost> host = Optional.empty();
        private volatile String zone = "";
        private volatile Limits limits = Limits.NONE;
        private volatile boolean greeted;

        Session(ServerWebSocket webSocket, Caller caller) {
            this.caller = caller;
            remote = webSocket.remoteAddress().toString();
            remoteHost = String.valueOf(webSocket.remoteAddress().hostAddress());
            socket = new ControlSocket(vertx, webSocket, config, owner, this);
        }

        void start() {
            open.add(this);
            socket.start();
            vertx.setTimer(config.handshake().toMillis(), _ -> {
                if (!greeted) {
                    socket.close(ControlSocket.TOO_LATE, "no hello in time");
                }
            });
            if (closed) {
                close();
            }
        }

        @Override
        public void received(ControlMessage message) {
            if (greeted) {
                if (message instanceof AboutBlob about) {
                    sessions.received(this, about);
                }
            } else if (message instanceof Hello hello) {
                greet(hello);
            } else {
                socket.close(ControlSocket.MALFORMED, "the first message must be a hello");
            }
        }

        private void greet(Hello hello) {
            OptionalInt version = config.versions().common(hello.versions());
            if (version.isEmpty()) {
                socket.close(
                        ControlSocket.NO_COMMON_VERSION,
                        "this seed speaks control " + config.versions() + ", the host " + hello.versions()
                                + ": upgrade the older one");
                return;
            }
            Optional<NodeIdentity> certified = caller.node();
            if (certified.isPresent() && !certified.get().name().equals(hello.node())) {
                socket.close(ControlSocket.MALFORMED, "the certificate is for " + certified.get());
                return;
            }
            News now = news.get();
            if (now.shutOut().contains(hello.node())) {
                socket.close(ControlSocket.SHUT_OUT, Denial.SHUT_OUT.words());
                return;
            }
            node = hello.node();
            peer = hello.peer();
            host = Optional.of(
                    new LinkedHost(node, remote, peer(), hello.software(), now.time(), certified.isPresent()));
            zone = hello.zone();
            limits = hello.limits();
            socket.send(new Welcome(version.getAsInt(), seed));
            greeted = true;
            send(now);
            sessions.opened(this);
        }

        Optional<LinkedHost> host() {
            return host;
        }

        void tell(News now) {
            if (!greeted) {
                return;
            }
            if (now.shutOut().contains(node)) {
                socket.close(ControlSocket.SHUT_OUT, Denial.SHUT_OUT.words());
            } else if (caller instanceof Caller.Node known && now.time().isAfter(known.until())) {
                socket.close(ControlSocket.GOING_AWAY, "the certificate that opened this link has ended");
            } else {
                send(now);
            }
        }

        private void send(News now) {
            socket.send(caller.node().isPresent() ? now : now.withoutKey());
        }

        @Override
        public void lost(String why) {
            open.remove(this);
            if (greeted) {
                sessions.closed(this);
            }
        }

        @Override
        public String node() {
            return node;
        }

        @Override
        public String remote() {
            return remote;
        }

        @Override
        public Optional<NodeIdentity> identity() {
            return caller.node();
        }

        @Override
        public String zone() {
            return zone;
        }

        @Override
        public Limits limits() {
            return limits;
        }

        @Override
        public Optional<NodeAddress> peer() {
            return peer.map(where -> where.seenAt(remoteHost));
        }

        @Override
        public void send(ControlMessage message) {
            socket.send(message);
        }

        @Override
        public String toString() {
            return node + " (" + remote + ")";
        }
    }
}
