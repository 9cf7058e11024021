package io.pantala.proxy.http;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** A server on loopback whose every connection follows a script. */
public final class RawServer implements AutoCloseable {
    private final ServerSocket server;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicInteger accepted = new AtomicInteger();

    /** What is done with a connection, which is closed behind it. */
    @FunctionalInterface
    public interface Script {
        void run(Connection connection) throws Exception;
    }

    /** One connection. */
    public record Connection(Socket socket, InputStream in, OutputStream out) {
        /** The lines of a head, each behind a line break of its own. */
        public String head() throws IOException {
            var head = new ByteArrayOutputStream();
            while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
                int next = in.read();
                if (next < 0) {
                    throw new EOFException("after: " + head);
                }
                head.write(next);
            }
            return head.toString(StandardCharsets.ISO_8859_1);
        }

        public void write(String text) throws IOException {
            out.write(text.getBytes(StandardCharsets.ISO_8859_1));
        }
    }

    public RawServer(Script script) throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().name("raw-server").start(() -> {
            try {
                while (true) {
                    Socket connection = server.accept();
                    accepted.incrementAndGet();
                    open.add(connection);
                    Thread.ofVirtual().name("raw-connection").start(() -> serve(connection, script));
                }
            } catch (IOException e) {
                // closed
            }
        });
    }

    private void serve(Socket socket, Script script) {
        try (socket) {
            socket.setSoTimeout(20_000);
            script.run(new Connection(socket, socket.getInputStream(), socket.getOutputStream()));
        } catch (Exception e) {
            // The other side has gone, or the test is over.
        } finally {
            open.remove(socket);
        }
    }

    public int port() {
        return server.getLocalPort();
    }

    /** How many connections were made to it. */
    public int accepted() {
        return accepted.get();
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket each : open) {
            each.close();
        }
    }
}
