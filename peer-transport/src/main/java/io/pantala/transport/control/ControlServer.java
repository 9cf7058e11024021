package io.pantala.transport.control;

import io.pantala.transport.control.ControlMessage.AboutBlob;
import io.pantala.transport.control.ControlMessage.Hello;
import io.pantala.transport.control.ControlMessage.Welcome;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.ServerWebSocket;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;

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
    private final ControlCodec codec = new ControlCodec();
    private final Set<Session> open = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /**
     * @param seed what the seed calls itself; the same after a restart
     * @param owner runs every call to {@code sessions}, one at a time, in order
     */
    public ControlServer(Vertx vertx, String seed, ControlConfig config, ControlSessions sessions, Executor owner) {
        this.vertx = vertx;
        this.seed = seed;
        this.config = config;
        this.sessions = sessions;
        this.owner = owner;
    }

    /** Answers a request to {@link #PATH}. On the request's event loop. */
    public void handle(HttpServerRequest request) {
        if (request.getHeader("Origin") != null) {
            // Only browsers say so, on behalf of a page that has no business here.
            request.response().setStatusCode(403).end();
            return;
        }
        request.toWebSocket().onSuccess(socket -> new Session(socket).start());
    }

    /** Closes every link. */
    @Override
    public void close() {
        closed = true;
        open.forEach(session -> session.socket.close(ControlSocket.GOING_AWAY, "the seed is shutting down"));
    }

    private final class Session implements ControlSession, ControlSocket.Receiver {
        private final ControlSocket socket;
        private final String remote;
        private volatile String node = "";
        private volatile boolean greeted;

        Session(ServerWebSocket webSocket) {
            remote = webSocket.remoteAddress().toString();
            socket = new ControlSocket(vertx, webSocket, config, codec, owner, this);
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
            node = hello.node();
            greeted = true;
            socket.send(new Welcome(version.getAsInt(), seed));
            sessions.opened(this);
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
        public void send(ControlMessage message) {
            socket.send(message);
        }

        @Override
        public String toString() {
            return node + " (" + remote + ")";
        }
    }
}
