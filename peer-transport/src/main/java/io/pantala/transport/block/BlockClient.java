package io.pantala.transport.block;

import io.pantala.manifest.BlobKey;
import io.pantala.store.BlockWriter;
import io.pantala.transport.NodeAddress;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Fetches blocks from other nodes, straight from socket to disk through a few buffers outside the heap, over connections
 * that are kept for the next block. Used by many threads at once.
 */
public final class BlockClient implements AutoCloseable {
    private final BlockConfig config;
    private final ScheduledThreadPoolExecutor watchdog;
    private final Semaphore turns;
    private final Deque<ByteBuffer> buffers = new ArrayDeque<>();
    private final Map<NodeAddress, Deque<Connection>> kept = new HashMap<>();
    private boolean closed;

    public BlockClient(BlockConfig config) {
        this.config = config;
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
     * @param into has taken nothing yet; the caller closes it
     * @param expected the block's sha256
     */
    public BlockOutcome fetch(NodeAddress from, BlobKey key, int index, BlockWriter into, byte[] expected) {
        turns.acquireUninterruptibly();
        ByteBuffer buffer = takeBuffer();
        try {
            return fetch(from, new BlockRequest(key, index), into, expected, buffer);
        } finally {
            giveBack(buffer);
            turns.release();
        }
    }

    private BlockOutcome fetch(
            NodeAddress from, BlockRequest request, BlockWriter into, byte[] expected, ByteBuffer buffer) {
        Connection reused = takeKept(from);
        if (reused != null) {
            Transfer transfer = new Transfer(reused, request, into, expected, buffer);
            BlockOutcome outcome = run(from, transfer);
            if (!(outcome instanceof BlockOutcome.Broken && transfer.foundDead())) {
                return outcome;
            }
            // The node had closed the kept connection meanwhile, which says nothing about the block.
        }
        Connection fresh;
        try {
            fresh = Connection.open(from, config.connect());
        } catch (SocketTimeoutException e) {
            return new BlockOutcome.TimedOut();
        } catch (IOException e) {
            return new BlockOutcome.Broken("not reached: " + e.getMessage());
        }
        return run(from, new Transfer(fresh, request, into, expected, buffer));
    }

    private BlockOutcome run(NodeAddress from, Transfer transfer) {
        long start = System.nanoTime();
        int length = transfer.length();
        Duration most = config.stall().plus(Duration.ofSeconds(length / config.slowest()));
        try (Watch watch = new Watch(watchdog, transfer.connection(), config.stall(), most)) {
            BlockOutcome outcome = transfer.run(watch, start);
            if (watch.fired()) {
                return outcome instanceof BlockOutcome.Received || outcome instanceof BlockOutcome.Corrupt
                        ? outcome
                        : new BlockOutcome.TimedOut();
            }
            if (transfer.reusable()) {
                keep(from, transfer.connection());
                return outcome;
            }
            transfer.connection().close();
            return outcome;
        }
    }

    private synchronized ByteBuffer takeBuffer() {
        ByteBuffer buffer = buffers.poll();
        return buffer == null ? ByteBuffer.allocateDirect(config.bufferSize()) : buffer;
    }

    private synchronized void giveBack(ByteBuffer buffer) {
        buffers.push(buffer);
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
        kept.values().forEach(connections -> connections.forEach(Connection::close));
        kept.clear();
        watchdog.shutdown();
    }
}
