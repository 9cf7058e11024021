package io.pantala.transport.block;

import io.pantala.manifest.BlobKey;
import io.pantala.store.BlockWriter;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.RateLimit;
import io.pantala.transport.identity.ClusterTls;
import io.pantala.transport.ticket.Ticket;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Fetches blocks from other nodes, straight from socket to disk through a few buffers outside the heap, over connections
 * that are kept for the next block. Used by many threads at once.
 */
public final class BlockClient implements AutoCloseable {
    private final BlockConfig config;
    private final ScheduledThreadPoolExecutor watchdog;
    private final Semaphore turns;
    private final Optional<ClusterTls> tls;
    private final RateLimit download;
    private final Deque<Buffers> buffers = new ArrayDeque<>();
    private final Map<NodeAddress, Deque<Connection>> kept = new HashMap<>();
    private boolean closed;

    /** What one transfer works with. */
    record Buffers(ByteBuffer plain, ByteBuffer encrypted) {}

    /**
     * Without a limit.
     *
     * @param tls of the cluster; empty: its links are plain
     */
    public BlockClient(BlockConfig config, Optional<ClusterTls> tls) {
        this(config, tls, RateLimit.NONE);
    }

    /**
     * Keeps to a limit.
     *
     * @param tls of the cluster; empty: its links are plain
     * @param download how fast blocks may come
     */
    public BlockClient(BlockConfig config, Optional<ClusterTls> tls, RateLimit download) {
        this.config = config;
        this.tls = tls;
        this.download = download;
        this.turns = new Semaphore(config.buffers(), true);
        this.watchdog = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("block-watchdog").factory());
        this.watchdog.setRemoveOnCancelPolicy(true);
        long period = config.keepAlive().toNanos();
        var _ = watchdog.scheduleWithFixedDelay(this::closeIdle, period, period, TimeUnit.NANOSECONDS);
    }

    /**
     * Fetches one block into its writer and, when its hash is the expected one, completes it. Blocks, for a bounded
     * time; never to be interrupted, since that would close the blob's file.
     *
     * @param relayed whether the node may pass it on while it is just receiving it
     * @param ticket of this host, for this blob
     * @param into has taken nothing yet; the caller closes it
     * @param expected the block's sha256; null when nobody knows it: then it is completed whatever it is
     * @param abort ends it early
     */
    public BlockOutcome fetch(
            NodeAddress from,
            BlobKey key,
            int index,
            boolean relayed,
            Ticket ticket,
            BlockWriter into,
            byte @Nullable [] expected,
            Abort abort) {
        turns.acquireUninterruptibly();
        Buffers lent = takeBuffers();
        try {
            return fetch(
                    from,
                    connection -> new Transfer(
                            connection, new BlockRequest(key, index, relayed), ticket, into, expected, lent, download),
                    abort);
        } finally {
            giveBack(lent);
            turns.release();
        }
    }

    private BlockOutcome fetch(NodeAddress from, Function<Connection, Transfer> transfers, Abort abort) {
        Connection reused = takeKept(from);
        if (reused != null) {
            Transfer transfer = transfers.apply(reused);
            BlockOutcome outcome = run(from, transfer, abort);
            if (!(outcome instanceof BlockOutcome.Broken && transfer.foundDead())) {
                return outcome;
            }
            // The node had closed the kept connection meanwhile, which says nothing about the block.
        }
        Connection fresh;
        try {
            fresh = Connection.open(from, tls, config.connect());
        } catch (SocketTimeoutException e) {
            return new BlockOutcome.TimedOut();
        } catch (IOException e) {
            return new BlockOutcome.Broken("not reached: " + e.getMessage());
        }
        return run(from, transfers.apply(fresh), abort);
    }

    private BlockOutcome run(NodeAddress from, Transfer transfer, Abort abort) {
        if (!abort.begin(transfer.connection())) {
            transfer.connection().close();
            return new BlockOutcome.Aborted();
        }
        long start = System.nanoTime();
        int length = transfer.length();
        Duration most = config.stall().plus(Duration.ofSeconds(length / slowest()));
        try (Watch watch = new Watch(watchdog, transfer.connection(), config.stall(), most)) {
            BlockOutcome outcome = transfer.run(watch, start);
            abort.end();
            boolean whole = outcome instanceof BlockOutcome.Received || outcome instanceof BlockOutcome.Corrupt;
            if (watch.fired() || abort.isAborted()) {
                transfer.connection().close();
                return whole ? outcome : watch.fired() ? new BlockOutcome.TimedOut() : new BlockOutcome.Aborted();
            }
            if (transfer.reusable()) {
                keep(from, transfer.connection());
                return outcome;
            }
            transfer.connection().close();
            return outcome;
        }
    }

    /** A limit is shared by all transfers, and no sign of trouble. */
    private long slowest() {
        return Math.clamp(download.bytesPerSecond() / (2L * config.buffers()), 1, config.slowest());
    }

    private synchronized Buffers takeBuffers() {
        Buffers kept = buffers.poll();
        return kept == null
                ? new Buffers(
                        ByteBuffer.allocateDirect(config.bufferSize()),
                        ByteBuffer.allocateDirect(tls.isPresent() ? config.bufferSize() : 0))
                : kept;
    }

    private synchronized void giveBack(Buffers lent) {
        buffers.push(lent);
    }

    /** Forgets the kept connections: they were opened with a certificate that was renewed, or trust that was lost. */
    public synchronized void renew() {
        kept.values().forEach(connections -> connections.forEach(Connection::close));
        kept.clear();
    }

    private synchronized @Nullable Connection takeKept(NodeAddress node) {
        Deque<Connection> connections = kept.get(node);
        return connections == null ? null : connections.pollFirst();
    }

    private synchronized void keep(NodeAddress node, Connection connection) {
        Deque<Connection> connections = kept.computeIfAbsent(node, _ -> new ArrayDeque<>());
        if (closed || connections.size() >= config.connections()) {
            connection.close();
        } else {
            connection.rest();
            connections.addFirst(connection);
        }
    }

    private synchronized void closeIdle() {
        kept.values().forEach(connections -> {
            while (!connections.isEmpty() && connections.getLast().restedFor(config.keepAlive())) {
                connections.removeLast().close();
            }
        });
        kept.values().removeIf(Deque::isEmpty);
    }

    /** Closes the kept connections; transfers under way come to their end. */
    @Override
    public synchronized void close() {
        closed = true;
        renew();
        watchdog.shutdown();
    }
}
