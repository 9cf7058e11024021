package io.pantala.transport.control;

import io.pantala.manifest.BlobKey;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.control.ControlMessage.AboutBlob;
import io.pantala.transport.control.ControlMessage.Hello;
import io.pantala.transport.control.ControlMessage.Welcome;
import io.vertx.core.Vertx;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketConnectOptions;
import io.vertx.core.net.SocketAddress;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A host's link to one seed: dialled again whenever it is lost, until closed. */
public final class SeedLink {
    /** Follows what a seed says about one blob. Called on an event loop: must be quick and not block. */
    public interface Watcher {
        /** False when there is too much of it to take in: then the link is closed. */
        boolean received(AboutBlob message);

        void up();

        void down(String why);
    }

    private final Vertx vertx;
    private final WebSocketClient client;
    private final NodeAddress address;
    private final Hello hello;
    private final ControlConfig config;
    private final ControlCodec codec;
    private final LinkListener listener;
    private final Map<BlobKey, Watcher> watchers = new ConcurrentHashMap<>();
    private final CompletableFuture<Void> tried = new CompletableFuture<>();
    private volatile @Nullable Conversation up;
    private volatile @Nullable Conversation current;
    private volatile boolean closed;
    private final AtomicInteger failures = new AtomicInteger();

    SeedLink(
            Vertx vertx,
            WebSocketClient client,
            NodeAddress address,
            Hello hello,
            ControlConfig config,
            ControlCodec codec,
            LinkListener listener) {
        this.vertx = vertx;
        this.client = client;
        this.address = address;
        this.hello = hello;
        this.config = config;
        this.codec = codec;
        this.listener = listener;
    }

    /** Where the seed is dialled, and where it serves its blocks. */
    public NodeAddress address() {
        return address;
    }

    public boolean isUp() {
        return up != null;
    }

    /** Sends without blocking. False when the link is down. */
    public boolean send(ControlMessage message) {
        Conversation conversation = up;
        return conversation != null && conversation.socket.send(message);
    }

    /** Follows a blob; one watcher a blob. */
    public void watch(BlobKey key, Watcher watcher) {
        watchers.put(key, watcher);
    }

    /** Ends that. */
    public void unwatch(BlobKey key, Watcher watcher) {
        watchers.remove(key, watcher);
    }

    /** Completes when the first try to reach the seed has ended, either way. */
    CompletableFuture<Void> tried() {
        return tried;
    }

    /** What the seed calls itself; null while the link is down. */
    @Nullable
    String seed() {
        Conversation conversation = up;
        return conversation == null ? null : conversation.seed;
    }

    void dial() {
        WebSocketConnectOptions options = new WebSocketConnectOptions()
                .setServer(SocketAddress.inetSocketAddress(address.port(), address.host()))
                .setHost(address.urlHost())
                .setPort(address.port())
                .setURI(ControlServer.PATH)
                .setAllowOriginHeader(false)
                .setConnectTimeout(config.handshake().toMillis())
                .setTimeout(config.handshake().toMillis());
        client.connect(options)
                .onComplete(socket -> new Conversation(socket).start(), e -> down("not reached: " + e.getMessage()));
    }

    void close() {
        closed = true;
        Conversation conversation = current;
        if (conversation != null) {
            conversation.socket.close(ControlSocket.GOING_AWAY, "the host is shutting down");
        }
    }

    private void down(String why) {
        tried.complete(null);
        if (closed) {
            return;
        }
        listener.linkDown(address, why);
        long ceiling = Math.min(
                config.longestBackOff().toMillis(),
                config.shortestBackOff().toMillis() << Math.min(failures.getAndIncrement(), 16));
        vertx.setTimer(ThreadLocalRandom.current().nextLong(ceiling / 2, ceiling) + 1, _ -> {
            if (!closed) {
                dial();
            }
        });
    }

    /** What is said over one WebSocket. */
    private final class Conversation implements ControlSocket.Receiver {
        private final ControlSocket socket;
        private volatile @Nullable String seed;

        Conversation(WebSocket webSocket) {
            socket = new ControlSocket(vertx, webSocket, config, codec, Runnable::run, this);
        }

        void start() {
            current = this;
            socket.start();
            socket.send(hello);
            vertx.setTimer(config.handshake().toMillis(), _ -> {
                if (seed == null) {
                    socket.close(ControlSocket.TOO_LATE, "the seed gave no welcome");
                }
            });
            if (closed) {
                close();
            }
        }

        @Override
        public void received(ControlMessage message) {
            if (seed == null) {
                if (message instanceof Welcome welcome && config.versions().contains(welcome.version())) {
                    welcomed(welcome);
                } else {
                    socket.close(ControlSocket.MALFORMED, "the seed's first message is no welcome");
                }
            } else if (message instanceof AboutBlob about) {
                Watcher watcher = watchers.get(about.key());
                if (watcher != null && !watcher.received(about)) {
                    socket.close(ControlSocket.TOO_SLOW, "the seed says more than the host can take in");
                }
            }
        }

        private void welcomed(Welcome welcome) {
            seed = welcome.seed();
            failures.set(0);
            up = this;
            tried.complete(null);
            listener.linkUp(address);
            watchers.values().forEach(Watcher::up);
        }

        @Override
        public void lost(String why) {
            if (up == this) {
                up = null;
                watchers.values().forEach(watcher -> watcher.down(why));
            }
            down(why);
        }
    }
}
