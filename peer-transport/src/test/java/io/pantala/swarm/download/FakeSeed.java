package io.pantala.swarm.download;

import static java.util.concurrent.TimeUnit.SECONDS;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockHashes;
import io.pantala.manifest.BlockSet;
import io.pantala.swarm.TestContent;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.TestCluster;
import io.pantala.transport.control.ControlConfig;
import io.pantala.transport.control.ControlMessage;
import io.pantala.transport.control.ControlMessage.AboutBlob;
import io.pantala.transport.control.ControlMessage.Have;
import io.pantala.transport.control.ControlMessage.Order;
import io.pantala.transport.control.ControlMessage.Report.Outcome;
import io.pantala.transport.control.ControlMessage.Reports;
import io.pantala.transport.control.ControlMessage.Want;
import io.pantala.transport.control.ControlServer;
import io.pantala.transport.control.ControlSession;
import io.pantala.transport.control.ControlSessions;
import io.pantala.transport.link.Caller;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * A seed that says and serves what a test tells it to. By default it holds one blob, sealed, and all is well. It orders all
 * blocks that it has told of from itself.
 */
class FakeSeed implements ControlSessions, AutoCloseable {
    final TestContent content;
    final BlockingQueue<AboutBlob> heard = new LinkedBlockingQueue<>();
    final Map<Integer, AtomicInteger> served = new ConcurrentHashMap<>();
    private final Map<ControlSession, Conducted> conducted = new ConcurrentHashMap<>();
    private final ExecutorService owner = Executors.newSingleThreadExecutor();
    private final String host;
    private final TestCluster cluster = new TestCluster();
    private final ControlServer control;
    private final HttpServer server;

    FakeSeed(Vertx vertx, String name, TestContent content, ControlConfig config, int port) throws Exception {
        this(vertx, name, "127.0.0.1", content, config, port);
    }

    FakeSeed(Vertx vertx, String name, String host, TestContent content, ControlConfig config, int port)
            throws Exception {
        this.host = host;
        this.content = content;
        this.control = new ControlServer(vertx, name, config, this, owner, cluster::news);
        this.server = vertx.createHttpServer(new HttpServerOptions().setWebSocketClosingTimeout(1))
                .requestHandler(this::serve);
        server.listen(port, host).await(10, SECONDS);
    }

    NodeAddress address() {
        return new NodeAddress(host, server.actualPort());
    }

    /** How often a block was asked for. */
    int served(int block) {
        AtomicInteger count = served.get(block);
        return count == null ? 0 : count.get();
    }

    /** What one host is known to lack. */
    private static final class Conducted {
        private final BlobKey key;
        private final BlockSet told;
        private final BlockSet ordered;
        private boolean ready;

        Conducted(BlobKey key, int blocks) {
            this.key = key;
            told = new BlockSet(blocks);
            ordered = new BlockSet(blocks);
        }
    }

    void wanted(ControlSession session, Want want) {
        session.send(new ControlMessage.Accepted(want.key()));
        session.send(new ControlMessage.Opened(want.key(), content.layout()));
        grant(session, want);
        tell(session, 0, content.layout().count());
        session.send(new ControlMessage.Sealed(want.key()));
    }

    final void grant(ControlSession session, Want want) {
        session.send(new ControlMessage.Granted(want.key(), cluster.ticket(session.node(), want.key())));
    }

    void block(HttpServerRequest request, int index, int time) {
        request.response().end(Buffer.buffer(content.block(index)));
    }

    final void tell(ControlSession session, int from, int to) {
        ByteBuffer packed = ByteBuffer.allocate((to - from) * BlockHashes.LENGTH);
        for (int block = from; block < to; block++) {
            packed.put(content.hash(block));
        }
        if (to > from) {
            Conducted host = conducted.get(session);
            session.send(new ControlMessage.Hashes(host.key, from, packed.array()));
            IntStream.range(from, to).forEach(host.told::add);
            order(session, host);
        }
    }

    private void order(ControlSession session, Conducted host) {
        List<Order> orders = IntStream.range(0, content.layout().count())
                .filter(block -> host.ready && host.told.contains(block) && !host.ordered.contains(block))
                .mapToObj(block -> new Order(block, Optional.empty()))
                .toList();
        orders.forEach(order -> host.ordered.add(order.block()));
        if (!orders.isEmpty()) {
            session.send(new ControlMessage.Orders(host.key, orders));
        }
    }

    private void have(ControlSession session, Have have) {
        Conducted host = conducted.get(session);
        if (host == null) {
            // It stores the blob, and wants nothing.
            return;
        }
        host.ready = true;
        for (int block = have.blocks().next(0);
                block < have.blocks().count();
                block = have.blocks().next(block + 1)) {
            host.ordered.add(block);
        }
        order(session, host);
    }

    private void reported(ControlSession session, Reports reports) {
        Conducted host = conducted.get(session);
        reports.reports().stream()
                .filter(report -> report.outcome() != Outcome.FETCHED && report.outcome() != Outcome.LATE)
                .forEach(report -> host.ordered.remove(report.block()));
        order(session, host);
    }

    private void serve(HttpServerRequest request) {
        if (request.path().equals(ControlServer.PATH)) {
            control.handle(request, new Caller.Unknown(true, false));
        } else {
            String path = request.path();
            int index = Integer.parseInt(path.substring(path.lastIndexOf('/') + 1));
            block(
                    request,
                    index,
                    served.computeIfAbsent(index, _ -> new AtomicInteger()).incrementAndGet());
        }
    }

    @Override
    public void opened(ControlSession session) {}

    @Override
    public void received(ControlSession session, AboutBlob message) {
        switch (message) {
            case Have have -> have(session, have);
            case Reports reports -> reported(session, reports);
            default -> {
                heard.add(message);
                if (message instanceof Want want) {
                    conducted.put(
                            session, new Conducted(want.key(), content.layout().count()));
                    wanted(session, want);
                }
            }
        }
    }

    @Override
    public void closed(ControlSession session) {}

    @Override
    public void close() {
        control.close();
        server.close()
                .toCompletionStage()
                .toCompletableFuture()
                .orTimeout(10, SECONDS)
                .join();
        owner.shutdown();
    }
}
