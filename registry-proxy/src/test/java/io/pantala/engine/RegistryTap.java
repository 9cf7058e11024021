package io.pantala.engine;

import io.pantala.manifest.Digest;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Stands in front of a registry, passes every request on, and remembers what was asked and how many bytes were sent. It
 * can hold the blobs' bytes back in the middle.
 */
final class RegistryTap implements AutoCloseable {
    private static final Pattern BLOB = Pattern.compile("/v2/.+/blobs/(sha256:[0-9a-f]{64})(\\?.*)?");
    private static final int LONGEST_HEAD = 64 << 10;
    private static final int CHUNK = 64 << 10;

    private final InetSocketAddress registry;
    private final ServerSocket server;
    private final Set<Closeable> open = ConcurrentHashMap.newKeySet();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<Exchange> exchanges = new ArrayList<>();
    private long allowance = Long.MAX_VALUE;
    private volatile Consumer<Exchange> onEnd = _ -> {};

    /** One request and what came of it so far. */
    static final class Exchange {
        private final String method;
        private final String target;
        private final Map<String, String> headers;
        private volatile int status;
        private volatile boolean whole;
        private final AtomicLong bodyBytes = new AtomicLong();

        private Exchange(String method, String target, Map<String, String> headers) {
            this.method = method;
            this.target = target;
            this.headers = headers;
        }

        /** Without the query. */
        @Override
        public String toString() {
            int query = target.indexOf('?');
            return method + " " + (query < 0 ? target : target.substring(0, query));
        }

        @Nullable
        String header(String name) {
            return headers.get(name.toLowerCase(Locale.ROOT));
        }

        String target() {
            return target;
        }

        int status() {
            return status;
        }

        long bodyBytes() {
            return bodyBytes.get();
        }

        /** Whether all of the response has come that it announced. */
        boolean whole() {
            return whole;
        }
    }

    private RegistryTap(InetSocketAddress registry, ServerSocket server) {
        this.registry = registry;
        this.server = server;
    }

    static RegistryTap start(int registryPort) throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        RegistryTap tap =
                new RegistryTap(new InetSocketAddress(loopback, registryPort), new ServerSocket(0, 128, loopback));
        Thread.ofVirtual().name("tap").start(tap::accept);
        return tap;
    }

    int port() {
        return server.getLocalPort();
    }

    /** All that was asked, in order of arrival. */
    List<Exchange> exchanges() {
        lock.lock();
        try {
            return List.copyOf(exchanges);
        } finally {
            lock.unlock();
        }
    }

    /** The requests that are not for blobs, in order, without their queries. */
    List<String> requestsButBlobs() {
        return exchanges().stream()
                .filter(exchange -> !BLOB.matcher(exchange.target()).matches())
                .map(Exchange::toString)
                .toList();
    }

    /** Bytes sent of each blob's body. */
    Map<Digest, Long> blobBytes() {
        Map<Digest, Long> bytes = new HashMap<>();
        for (Exchange exchange : exchanges()) {
            Matcher blob = BLOB.matcher(exchange.target());
            if (blob.matches() && exchange.status() < 300 && exchange.bodyBytes() > 0) {
                bytes.merge(Digest.parse(blob.group(1)), exchange.bodyBytes(), Long::sum);
            }
        }
        return bytes;
    }

    /** Has somebody told of each exchange that is over. Whoever asked learns of one that was cut short only after that. */
    void onEnd(Consumer<Exchange> listener) {
        onEnd = listener;
    }

    void forget() {
        lock.lock();
        try {
            exchanges.clear();
        } finally {
            lock.unlock();
        }
    }

    /** From now on, lets so many bytes of blobs' bodies pass, and no more until {@link #release}. */
    void holdAfter(long bytes) {
        lock.lock();
        try {
            allowance = bytes;
        } finally {
            lock.unlock();
        }
    }

    void release() {
        lock.lock();
        try {
            allowance = Long.MAX_VALUE;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until all that {@link #holdAfter} lets pass has passed. */
    void awaitHeld(Duration patience) throws InterruptedException {
        long left = patience.toNanos();
        lock.lock();
        try {
            while (allowance > 0) {
                if (left <= 0) {
                    throw new AssertionError("only " + blobBytes() + " were asked for");
                }
                left = changed.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() throws IOException {
        release();
        server.close();
        for (Closeable each : open) {
            each.close();
        }
    }

    private void accept() {
        try {
            while (true) {
                Socket client = server.accept();
                open.add(client);
                Thread.ofVirtual().name("tap-connection").start(() -> serve(client));
            }
        } catch (IOException e) {
            // closed
        }
    }

    private void serve(Socket client) {
        try (client;
                Socket upstream = new Socket()) {
            open.add(upstream);
            upstream.connect(registry, (int) TimeUnit.SECONDS.toMillis(5));
            client.setTcpNoDelay(true);
            upstream.setTcpNoDelay(true);
            InputStream requests = new BufferedInputStream(client.getInputStream(), CHUNK);
            InputStream responses = new BufferedInputStream(upstream.getInputStream(), CHUNK);
            try {
                while (exchange(requests, responses, client.getOutputStream(), upstream.getOutputStream())) {}
            } finally {
                open.remove(upstream);
            }
        } catch (IOException e) {
            // One side has gone: closing both tells the other.
        } finally {
            open.remove(client);
        }
    }

    /** Passes on one request and its response; false when the connection is over. */
    private boolean exchange(InputStream requests, InputStream responses, OutputStream client, OutputStream registry)
            throws IOException {
        requests.mark(1);
        int first = requests.read();
        if (first < 'A' || first > 'Z') {
            return false; // its end, or TLS
        }
        requests.reset();
        List<String> request = head(requests);
        String[] line = request.getFirst().split(" ", 3);
        Map<String, String> headers = headers(request);
        if (headers.containsKey("content-length") || headers.containsKey("transfer-encoding")) {
            throw new IOException("a pull sends no bodies");
        }
        Exchange exchange = new Exchange(line[0], line[1], headers);
        lock.lock();
        try {
            exchanges.add(exchange);
        } finally {
            lock.unlock();
        }
        try {
            write(registry, request);
            boolean goesOn = respond(exchange, responses, client);
            exchange.whole = exchange.status != 0;
            return goesOn && !"close".equalsIgnoreCase(headers.get("connection"));
        } finally {
            onEnd.accept(exchange);
        }
    }

    private boolean respond(Exchange exchange, InputStream responses, OutputStream client) throws IOException {
        List<String> response = head(responses);
        if (response.isEmpty()) {
            return false;
        }
        Map<String, String> headers = headers(response);
        exchange.status = Integer.parseInt(response.getFirst().split(" ", 3)[1]);
        write(client, response);
        boolean bodiless = exchange.method.equals("HEAD") || exchange.status == 204 || exchange.status == 304;
        if (bodiless) {
            return true;
        }
        boolean blob = BLOB.matcher(exchange.target).matches();
        String length = headers.get("content-length");
        if (length != null) {
            pass(exchange, blob, responses, client, Long.parseLong(length));
            return true;
        }
        if (headers.containsKey("transfer-encoding")) {
            return passChunks(exchange, responses, client);
        }
        pass(exchange, blob, responses, client, Long.MAX_VALUE);
        return false;
    }

    private void pass(Exchange exchange, boolean blob, InputStream from, OutputStream to, long length)
            throws IOException {
        byte[] chunk = new byte[CHUNK];
        for (long left = length; left > 0; ) {
            int wanted = (int) Math.min(blob ? allowed(CHUNK) : CHUNK, left);
            int read = from.read(chunk, 0, wanted);
            if (read < 0) {
                if (length == Long.MAX_VALUE) {
                    return;
                }
                throw new EOFException();
            }
            exchange.bodyBytes.addAndGet(read);
            to.write(chunk, 0, read);
            left -= read;
            if (blob) {
                spent(read);
            }
        }
    }

    private static boolean passChunks(Exchange exchange, InputStream from, OutputStream to) throws IOException {
        while (true) {
            String size = line(from);
            to.write((size + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
            int bytes = Integer.parseInt(size.split(";", 2)[0].strip(), 16);
            byte[] chunk = from.readNBytes(bytes + 2);
            exchange.bodyBytes.addAndGet(bytes);
            to.write(chunk);
            if (bytes == 0) {
                return true;
            }
        }
    }

    /** How many bytes may pass now: waits until there are some. */
    private int allowed(int most) throws IOException {
        lock.lock();
        try {
            while (allowance <= 0) {
                if (!changed.await(60, TimeUnit.SECONDS)) {
                    throw new IOException("held for too long");
                }
            }
            return (int) Math.min(most, allowance);
        } catch (InterruptedException e) {
            throw new IOException(e);
        } finally {
            lock.unlock();
        }
    }

    private void spent(int bytes) {
        lock.lock();
        try {
            if (allowance != Long.MAX_VALUE) {
                allowance = Math.max(0, allowance - bytes);
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** The lines of a request's or response's head; none at the connection's end. */
    private static List<String> head(InputStream from) throws IOException {
        List<String> lines = new ArrayList<>();
        try {
            for (String line = line(from); !line.isEmpty(); line = line(from)) {
                lines.add(line);
            }
        } catch (EOFException e) {
            if (!lines.isEmpty()) {
                throw e;
            }
        }
        return lines;
    }

    private static String line(InputStream from) throws IOException {
        var line = new ByteArrayOutputStream(128);
        for (int next = from.read(); next != '\n'; next = from.read()) {
            if (next < 0 || line.size() > LONGEST_HEAD) {
                throw new EOFException();
            }
            line.write(next);
        }
        return line.toString(StandardCharsets.ISO_8859_1).stripTrailing();
    }

    private static Map<String, String> headers(List<String> head) {
        Map<String, String> headers = new HashMap<>();
        for (String line : head.subList(1, head.size())) {
            int colon = line.indexOf(':');
            headers.putIfAbsent(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).strip());
        }
        return headers;
    }

    private static void write(OutputStream to, List<String> head) throws IOException {
        to.write((String.join("\r\n", head) + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1));
        to.flush();
    }
}
