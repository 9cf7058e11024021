package io.pantala.transport.control;

import io.pantala.transport.control.LinkListener.Direction;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.WebSocketBase;
import io.vertx.core.http.WebSocketFrame;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One end of an open WebSocket that carries messages, one a frame. Notices an other end that has fallen silent, lets
 * only a bounded backlog build up either way, and tells of its end exactly once.
 */
final class ControlSocket {
    /** What becomes of a socket's messages. Called by the socket's executor, in order. */
    interface Receiver {
        void received(ControlMessage message);

        /** A message passed, of so many bytes. Called from any thread. */
        default void passed(Direction direction, int bytes) {}

        /** The last call. */
        void lost(String why);
    }

    static final short GOING_AWAY = 1001;
    static final short NO_COMMON_VERSION = 4400;
    static final short MALFORMED = 4401;
    static final short SHUT_OUT = 4403;
    static final short TOO_LATE = 4408;
    static final short TOO_SLOW = 4409;

    /** Frames on their way between the socket and the receiver. */
    private static final int WINDOW = 64;

    private static final int LONGEST_REASON = 120;

    private final WebSocketBase socket;
    private final ControlConfig config;
    private final ControlCodec codec = new ControlCodec();
    private final Executor executor;
    private final Receiver receiver;
    private final Vertx vertx;
    private final AtomicInteger backlog = new AtomicInteger();
    private final AtomicBoolean over = new AtomicBoolean();
    private volatile long heard = System.nanoTime();
    private volatile OptionalLong pinger = OptionalLong.empty();

    ControlSocket(Vertx vertx, WebSocketBase socket, ControlConfig config, Executor executor, Receiver receiver) {
        this.vertx = vertx;
        this.socket = socket;
        this.config = config;
        this.executor = executor;
        this.receiver = receiver;
    }

    /** Starts receiving; to be called once, on the socket's event loop. */
    void start() {
        socket.pause();
        socket.exceptionHandler(e -> end(String.valueOf(e.getMessage())));
        socket.closeHandler(_ -> end(closed()));
        socket.pongHandler(_ -> heard = System.nanoTime());
        socket.frameHandler(this::onFrame);
        pinger = OptionalLong.of(vertx.setPeriodic(config.ping().toMillis(), _ -> ping()));
        if (over.get()) {
            stopPinging();
        }
        socket.fetch(WINDOW);
    }

    /** Sends without blocking, from any thread. False when the socket is over, or is now, since too much waits. */
    boolean send(ControlMessage message) {
        if (over.get()) {
            return false;
        }
        Buffer frame = Buffer.buffer(codec.encode(message));
        if (frame.length() > ControlCodec.LONGEST) {
            throw new IllegalArgumentException("a message of " + frame.length() + " bytes is too long");
        }
        if (backlog.addAndGet(frame.length()) > config.backlog()) {
            close(TOO_SLOW, "the other end takes in too little");
            return false;
        }
        receiver.passed(Direction.SENT, frame.length());
        socket.writeFinalBinaryFrame(frame).onComplete(_ -> backlog.addAndGet(-frame.length()));
        return true;
    }

    /** Says why and closes. The receiver is told like of any other end. */
    void close(short code, String why) {
        String reason = why.length() > LONGEST_REASON ? why.substring(0, LONGEST_REASON) : why;
        socket.close(code, reason);
        end(why);
    }

    private void onFrame(WebSocketFrame frame) {
        heard = System.nanoTime();
        if (over.get()) {
            return;
        }
        switch (frame.type()) {
            case PING, PONG, CLOSE -> {
                // Vert.x answers them.
            }
            case BINARY -> {
                if (frame.isFinal()) {
                    onMessage(frame.binaryData().getBytes());
                } else {
                    close(MALFORMED, "a message must be one frame");
                }
            }
            case TEXT, CONTINUATION -> close(MALFORMED, "a message must be one binary frame");
        }
    }

    private void onMessage(byte[] bytes) {
        receiver.passed(Direction.RECEIVED, bytes.length);
        try {
            ControlMessage message = codec.decode(bytes);
            executor.execute(() -> {
                try {
                    receiver.received(message);
                } finally {
                    socket.fetch(1);
                }
            });
        } catch (MalformedMessageException e) {
            close(MALFORMED, String.valueOf(e.getMessage()));
        } catch (RejectedExecutionException e) {
            close(GOING_AWAY, "shutting down");
        }
    }

    /** Each end asks when it hears nothing: while there is something to say, pings would only cost packets. */
    private void ping() {
        Duration silent = Duration.ofNanos(System.nanoTime() - heard);
        if (silent.compareTo(config.silence()) > 0) {
            close(TOO_LATE, "no sign of life for " + silent.toMillis() + " ms");
        } else if (silent.compareTo(config.ping()) >= 0) {
            socket.writePing(Buffer.buffer());
        }
    }

    private String closed() {
        String reason = socket.closeReason();
        return reason == null || reason.isEmpty() ? "the link was cut" : reason;
    }

    private void stopPinging() {
        pinger.ifPresent(vertx::cancelTimer);
    }

    private void end(String why) {
        if (over.compareAndSet(false, true)) {
            stopPinging();
            try {
                executor.execute(() -> receiver.lost(why));
            } catch (RejectedExecutionException e) {
                // Whoever would be told has gone.
            }
        }
    }
}
