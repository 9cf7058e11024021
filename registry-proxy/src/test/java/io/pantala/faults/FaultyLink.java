package io.pantala.faults;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Stands before a TCP server and spoils what passes: nothing moves any more, or slowly, or the connections end, properly
 * or by a reset. The server behind it may go and come back at another port, as a killed node does.
 */
final class FaultyLink implements AutoCloseable {
    private static final int CHUNK = 64 << 10;
    private static final int SMALL_CHUNK = 1 << 10;

    private final ServerSocket server;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicLong answered = new AtomicLong();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private Mode mode = Mode.PASSES;
    private int behind;
    private long allowance = Long.MAX_VALUE;
    private long rate;
    private boolean closed;

    private enum Mode {
        PASSES,
        /** Connections are accepted, and nothing moves. */
        HANGS,
        /** Connections end as soon as they begin. */
        REFUSES
    }

    private FaultyLink(ServerSocket server, int behind) {
        this.server = server;
        this.behind = behind;
    }

    /** @param port of the server behind it, on loopback */
    static FaultyLink to(int port) {
        try {
            FaultyLink link = new FaultyLink(new ServerSocket(0, 128, InetAddress.getLoopbackAddress()), port);
            Thread.ofVirtual().name("faulty-link").start(link::accept);
            return link;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int port() {
        return server.getLocalPort();
    }

    /** Bytes that came from the server so far. */
    long answered() {
        return answered.get();
    }

    /** From now on nothing moves, over old connections and new ones. */
    void hang() {
        become(Mode.HANGS);
    }

    /** From now on, so many bytes still come from the server, and then nothing moves. */
    void hangAfter(long bytes) {
        lock.lock();
        try {
            allowance = bytes;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until it hangs. */
    void awaitHanging() throws InterruptedException {
        long left = TimeUnit.MINUTES.toNanos(1);
        lock.lock();
        try {
            while (allowance > 0 && mode != Mode.HANGS) {
                if (left <= 0) {
                    throw new AssertionError(allowance + " bytes are still to come");
                }
                left = changed.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    /** From now on the server's bytes come at this rate, all connections together; 0 for as fast as they can. */
    void slow(long bytesPerSecond) {
        lock.lock();
        try {
            rate = bytesPerSecond;
        } finally {
            lock.unlock();
        }
    }

    /** Ends every connection, and those to come: the server is gone. */
    void down(boolean reset) {
        become(Mode.REFUSES);
        cut(reset);
    }

    /** Ends every connection; new ones pass. */
    void cut(boolean reset) {
        for (Socket each : open) {
            end(each, reset);
        }
    }

    /** All is well again, with the server at this port. */
    void up(int port) {
        lock.lock();
        try {
            behind = port;
            allowance = Long.MAX_VALUE;
            rate = 0;
        } finally {
            lock.unlock();
        }
        become(Mode.PASSES);
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        cut(false);
    }

    private void become(Mode next) {
        lock.lock();
        try {
            mode = next;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void accept() {
        try {
            while (true) {
                Socket client = server.accept();
                open.add(client);
                Thread.ofVirtual().name("faulty-link-connection").start(() -> serve(client));
            }
        } catch (IOException e) {
            // closed
        }
    }

    private void serve(Socket client) {
        Socket upstream = new Socket();
        open.add(upstream);
        try (client;
                upstream) {
            if (!pass(0)) {
                return;
            }
            int port;
            lock.lock();
            try {
                port = behind;
            } finally {
                lock.unlock();
            }
            upstream.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 5_000);
            client.setTcpNoDelay(true);
            upstream.setTcpNoDelay(true);
            Thread back = Thread.ofVirtual().name("faulty-link-answers").start(() -> pump(upstream, client, true));
            pump(client, upstream, false);
            back.join();
        } catch (IOException e) {
            // One side has gone: closing both tells the other.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            open.remove(client);
            open.remove(upstream);
        }
    }

    private void pump(Socket from, Socket to, boolean answers) {
        byte[] chunk = new byte[CHUNK];
        try {
            for (int read = from.getInputStream().read(chunk, 0, chunk(answers));
                    read >= 0;
                    read = from.getInputStream().read(chunk, 0, chunk(answers))) {
                if (!pass(answers ? read : 0)) {
                    return;
                }
                to.getOutputStream().write(chunk, 0, read);
                if (answers) {
                    answered.addAndGet(read);
                }
            }
            to.shutdownOutput();
        } catch (IOException e) {
            end(from, false);
            end(to, false);
        }
    }

    private int chunk(boolean answers) {
        lock.lock();
        try {
            boolean small = answers && (rate > 0 || allowance != Long.MAX_VALUE);
            return small ? SMALL_CHUNK : CHUNK;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until so many bytes may pass; false when the connection is to end. */
    private boolean pass(int bytes) {
        long pause;
        lock.lock();
        try {
            while (!closed && (mode == Mode.HANGS || (bytes > 0 && allowance <= 0))) {
                changed.awaitUninterruptibly();
            }
            if (closed || mode == Mode.REFUSES) {
                return false;
            }
            if (bytes > 0 && allowance != Long.MAX_VALUE) {
                allowance = Math.max(0, allowance - bytes);
                changed.signalAll();
            }
            pause = bytes == 0 || rate == 0 ? 0 : bytes * 1_000_000_000L / rate;
        } finally {
            lock.unlock();
        }
        for (long end = System.nanoTime() + pause, left = pause; left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
        return true;
    }

    private static void end(Closeable connection, boolean reset) {
        try {
            if (reset && connection instanceof Socket socket) {
                socket.setSoLinger(true, 0);
            }
            connection.close();
        } catch (IOException e) {
            // It has ended already.
        }
    }
}
