package io.pantala.transport.control;

import io.pantala.manifest.BlobKey;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.control.ControlMessage.AboutBlob;
import io.pantala.transport.control.ControlMessage.News;
import io.pantala.transport.control.ControlMessage.Welcome;
import io.pantala.transport.control.SeedLinks.Dialling;
import io.pantala.transport.join.Membership;
import io.pantala.transport.link.LinkFailure;
import io.vertx.core.http.UpgradeRejectedException;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketConnectOptions;
import io.vertx.core.net.SocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A host's link to one seed: dialled again whenever it is lost, until closed. */
public final class SeedLink {
    private static final int LONGEST_REASON = 300;
    private static final Duration STAND_BY = Duration.ofMinutes(1);
    private static final long NOBODY = -1;

    /** Follows what a seed says about one blob. Called on an event loop: must be quick and not block. */
    public interface Watcher {
        /** False when there is too much of it to take in: then the link is closed. */
        boolean received(AboutBlob message);

        void up();

        void down(String why);
    }

    /** The links of the same host. */
    interface Others {
        /** Whether one is up to a seed of this name. */
        boolean isUp(String seed);

        /** One is up that was not. */
        void up();

        /** One that was up is no more. */
        void lost();

        /** A seed has told this. */
        void told(News news);
    }

    private final Dialling shared;
    private final NodeAddress address;
    private final Others others;
    private final Map<BlobKey, Watcher> watchers = new ConcurrentHashMap<>();
    private final CompletableFuture<Void> tried = new CompletableFuture<>();
    private volatile @Nullable Conversation up;
    private volatile @Nullable Conversation current;
    private volatile long lastHeard = System.nanoTime();
    private volatile boolean closed;
    private volatile Consumer<BlobKey> onRecall = _ -> {};
    private final AtomicInteger failures = new AtomicInteger();
    private final AtomicLong standingBy = new AtomicLong(NOBODY);

    SeedLink(Dialling shared, NodeAddress address, Others others) {
        this.shared = shared;
        this.address = address;
        this.others = others;
    }

    /** Where the seed is dialled, and where it serves its blocks. */
    public NodeAddress address() {
        return address;
    }

    public boolean isUp() {
        return up != null;
    }

    /** Whether nobody on the way can read what is said. */
    public boolean isConfidential() {
        return switch (shared.dial().security()) {
            case LinkSecurity.Certified _, LinkSecurity.BetweenSeeds _ -> true;
            case LinkSecurity.Plain plain -> plain.isLocal(address);
        };
    }

    private boolean isCertified() {
        return !(shared.dial().security() instanceof LinkSecurity.Plain);
    }

    /** Sends without blocking. False when the link is down. */
    public boolean send(ControlMessage message) {
        Conversation conversation = up;
        return conversation != null && conversation.socket.send(message);
    }

    /** When the seed last said anything, on {@link System#nanoTime}'s clock: one that is busy with others is not hung. */
    public long lastHeard() {
        return lastHeard;
    }

    /** Follows a blob; one watcher a blob, the one that came last. */
    public void watch(BlobKey key, Watcher watcher) {
        watchers.put(key, watcher);
    }

    /** Ends that, and tells the seed, unless another has come to follow the blob: it has said what it wants by itself. */
    public void leave(BlobKey key, Watcher watcher) {
        // Told while nobody else can begin to watch, so that it is not taken for what the next one says.
        watchers.computeIfPresent(key, (_, watching) -> {
            if (!watching.equals(watcher)) {
                return watching;
            }
            send(new ControlMessage.Leave(key));
            return null;
        });
    }

    /** Runs this when the seed asks what this host can show of a blob. On an event loop: must be quick. */
    public void onRecall(Consumer<BlobKey> answer) {
        onRecall = answer;
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
        switch (shared.dial().security()) {
            case LinkSecurity.Plain _, LinkSecurity.BetweenSeeds _ -> connect();
            case LinkSecurity.Certified(Membership membership) -> {
                var _ = membership.ready(address).whenComplete(this::ready);
            }
        }
    }

    private void ready(@Nullable Void nothing, @Nullable Throwable failure) {
        if (failure == null) {
            connect();
        } else {
            down("not joined: " + failure.getMessage());
        }
    }

    private void connect() {
        WebSocketConnectOptions options = new WebSocketConnectOptions()
                .setServer(SocketAddress.inetSocketAddress(address.port(), address.host()))
                .setHost(address.urlHost())
                .setPort(address.port())
                .setSsl(isCertified())
                .setURI(ControlServer.PATH)
                .setAllowOriginHeader(false)
                .setConnectTimeout(shared.config().handshake().toMillis())
                .setTimeout(shared.config().handshake().toMillis());
        shared.client()
                .connect(options)
                .onComplete(socket -> new Conversation(socket).start(), e -> down("not reached: " + reason(e)));
    }

    /** What the seed says, when it says something. */
    private static String reason(Throwable e) {
        if (e instanceof UpgradeRejectedException rejected && rejected.getBody() != null) {
            String body = rejected.getBody().toString().replaceAll("\\p{Cntrl}", " ");
            return rejected.getMessage() + " " + body.substring(0, Math.min(body.length(), LONGEST_REASON));
        }
        return LinkFailure.words(e);
    }

    /** Ends what is said with a seed that may not take part any more; it is let in no more when it is dialled again. */
    void closeIfShutOut(Set<String> shutOut) {
        Conversation conversation = up;
        if (conversation != null && conversation.seed != null && shutOut.contains(conversation.seed)) {
            conversation.socket.close(ControlSocket.SHUT_OUT, "this seed is shut out of the cluster");
        }
    }

    /** Ends it for good unless it is up; whether it did. */
    boolean closeIfDown() {
        if (isUp()) {
            return false;
        }
        close();
        return true;
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
        shared.listener().linkDown(address, why);
        long ceiling = Math.min(
                shared.config().longestBackOff().toMillis(),
                shared.config().shortestBackOff().toMillis() << Math.min(failures.getAndIncrement(), 16));
        dialIn(ThreadLocalRandom.current().nextLong(ceiling / 2, ceiling) + 1);
    }

    /** Looks again after a while whether this address still leads to a seed that is linked at another. */
    private void standBy() {
        standingBy.set(dialIn(STAND_BY.toMillis()));
    }

    /** If it stands by, it may be needed now. */
    void wake() {
        long timer = standingBy.getAndSet(NOBODY);
        if (timer != NOBODY && shared.vertx().cancelTimer(timer)) {
            dial();
        }
    }

    private long dialIn(long millis) {
        return shared.vertx().setTimer(millis, _ -> {
            if (!closed) {
                dial();
            }
        });
    }

    /** What is said over one WebSocket. */
    private final class Conversation implements ControlSocket.Receiver {
        private final ControlSocket socket;
        private volatile @Nullable String seed;
        private volatile boolean standby;

        Conversation(WebSocket webSocket) {
            socket = new ControlSocket(shared.vertx(), webSocket, shared.config(), Runnable::run, this);
        }

        void start() {
            current = this;
            socket.start();
            socket.send(shared.hello());
            shared.vertx().setTimer(shared.config().handshake().toMillis(), _ -> {
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
            lastHeard = System.nanoTime();
            if (seed == null) {
                if (message instanceof Welcome welcome
                        && shared.config().versions().contains(welcome.version())) {
                    welcomed(welcome);
                } else {
                    socket.close(ControlSocket.MALFORMED, "the seed's first message is no welcome");
                }
            } else if (message instanceof News news) {
                shared.dial().news().accept(seed, news);
                others.told(news);
            } else if (message instanceof ControlMessage.Recall recall) {
                onRecall.accept(recall.key());
            } else if (message instanceof AboutBlob about) {
                Watcher watcher = watchers.get(about.key());
                if (watcher != null && !watcher.received(about)) {
                    socket.close(ControlSocket.TOO_SLOW, "the seed says more than the host can take in");
                }
            }
        }

        @Override
        public void passed(LinkListener.Direction direction, int bytes) {
            shared.listener().message(direction, bytes);
        }

        private void welcomed(Welcome welcome) {
            if (others.isUp(welcome.seed())) {
                // Another of its addresses was faster. This one stands by.
                standby = true;
                socket.close(ControlSocket.GOING_AWAY, "this seed is linked already, at another address");
                return;
            }
            seed = welcome.seed();
            failures.set(0);
            up = this;
            tried.complete(null);
            others.up();
            shared.listener().linkUp(address);
            watchers.values().forEach(Watcher::up);
            shared.dial().welcomed().accept(SeedLink.this);
        }

        @Override
        public void lost(String why) {
            if (standby) {
                tried.complete(null);
                standBy();
                return;
            }
            if (up == this) {
                up = null;
                others.lost();
                watchers.values().forEach(watcher -> watcher.down(why));
            }
            down(why);
        }
    }
}
