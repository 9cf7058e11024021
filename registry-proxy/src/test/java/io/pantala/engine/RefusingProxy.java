package io.pantala.engine;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/** Where engines are told to send what they don't send to their mirror. It refuses everything, and remembers it. */
final class RefusingProxy implements AutoCloseable {
    private final ServerSocket server;
    private final List<String> asked = new CopyOnWriteArrayList<>();

    private RefusingProxy(ServerSocket server) {
        this.server = server;
    }

    static RefusingProxy start() throws IOException {
        RefusingProxy proxy = new RefusingProxy(new ServerSocket(0, 16, InetAddress.getLoopbackAddress()));
        Thread.ofVirtual().name("refusing-proxy").start(proxy::accept);
        return proxy;
    }

    /** What engines are started with. */
    Map<String, String> environment() {
        String url = "http://127.0.0.1:" + server.getLocalPort();
        return Map.of("HTTPS_PROXY", url, "HTTP_PROXY", url, "NO_PROXY", "127.0.0.1,localhost");
    }

    /** The first lines of what was sent here. */
    List<String> asked() {
        return asked;
    }

    @Override
    public void close() throws IOException {
        server.close();
    }

    private void accept() {
        try {
            while (true) {
                Socket client = server.accept();
                Thread.ofVirtual().name("refusing-connection").start(() -> refuse(client));
            }
        } catch (IOException e) {
            // closed
        }
    }

    private void refuse(Socket client) {
        try (client) {
            client.setSoTimeout(5_000);
            var lines = new BufferedReader(new InputStreamReader(client.getInputStream(), StandardCharsets.ISO_8859_1));
            String first = lines.readLine();
            asked.add(first == null ? "(nothing)" : first);
            for (String line = first; line != null && !line.isEmpty(); line = lines.readLine()) {}
            client.getOutputStream()
                    .write("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            // It has gone.
        }
    }
}
