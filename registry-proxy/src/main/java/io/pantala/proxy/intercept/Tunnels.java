package io.pantala.proxy.intercept;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.pantala.proxy.intercept.EngineSide.Objection;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Iterator;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** All tunnels of one proxy: dials, and keeps their number within bounds. */
final class Tunnels {
    private final Destinations destinations;
    private final ConnectConfig config;
    private final ConnectListener listener;
    private final Semaphore room;
    private final Set<Tunnel> open = ConcurrentHashMap.newKeySet();
    private volatile boolean draining;

    Tunnels(Destinations destinations, ConnectConfig config, ConnectListener listener) {
        this.destinations = destinations;
        this.config = config;
        this.listener = listener;
        this.room = new Semaphore(config.tunnels());
    }

    /** What came of dialling. On the engine's event loop. */
    interface Dialled {
        void connected(Tunnel tunnel);

        void failed(Objection why);
    }

    /** Connects to a place, with both ends on the engine's event loop. */
    void dial(Channel engine, Authority to, Dialled dialled) {
        if (draining || !room.tryAcquire()) {
            dialled.failed(new Objection(503, "UNAVAILABLE", "too many tunnels at once"));
            return;
        }
        Thread.ofVirtual().name("dial").start(() -> {
            Objection objection;
            try {
                Iterator<InetSocketAddress> addresses =
                        destinations.addresses(to).iterator();
                engine.eventLoop().execute(() -> dial(engine, to, addresses, dialled));
                return;
            } catch (UnknownHostException e) {
                objection = new Objection(502, "UNAVAILABLE", to + ": the name can't be resolved");
            } catch (Destinations.ForbiddenException e) {
                objection = new Objection(403, "DENIED", String.valueOf(e.getMessage()));
            }
            Objection why = objection;
            engine.eventLoop().execute(() -> fail(why, dialled));
        });
    }

    private void dial(Channel engine, Authority to, Iterator<InetSocketAddress> addresses, Dialled dialled) {
        InetSocketAddress address = addresses.next();
        var _ = new Bootstrap()
                .group(engine.eventLoop())
                .channel(engine.getClass())
                .option(ChannelOption.AUTO_READ, false)
                .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(
                        ChannelOption.CONNECT_TIMEOUT_MILLIS,
                        Math.toIntExact(config.connect().toMillis()))
                .handler(new ChannelInboundHandlerAdapter())
                .connect(address)
                .addListener((ChannelFutureListener) connected -> {
                    if (connected.isSuccess() && engine.isActive()) {
                        var tunnel = new Tunnel(engine, connected.channel(), to, this);
                        open.add(tunnel);
                        listener.opened();
                        dialled.connected(tunnel);
                    } else if (connected.isSuccess()) {
                        var _ = connected.channel().close();
                        room.release();
                    } else if (addresses.hasNext()) {
                        dial(engine, to, addresses, dialled);
                    } else {
                        fail(
                                new Objection(
                                        502,
                                        "UNAVAILABLE",
                                        to + " can't be reached: "
                                                + connected.cause().getMessage()),
                                dialled);
                    }
                });
    }

    private void fail(Objection why, Dialled dialled) {
        room.release();
        dialled.failed(why);
    }

    Duration idle() {
        return config.idle();
    }

    /** A tunnel has ended. */
    void ended(Tunnel tunnel, Authority to, long sent, long received, Duration took) {
        if (open.remove(tunnel)) {
            room.release();
            listener.closed(to, sent, received, took);
        }
    }

    void drain(Duration patience) throws InterruptedException {
        draining = true;
        if (room.tryAcquire(config.tunnels(), patience.toMillis(), TimeUnit.MILLISECONDS)) {
            room.release(config.tunnels());
        }
    }

    void close() {
        draining = true;
        open.forEach(Tunnel::close);
    }
}
