package io.pantala.examples.rig;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/**
 * An engine's connection to a registry or a proxy: HTTP/1.1, kept for the next request. As cheap as Java can read, since
 * what is measured shares the machine with it: bytes are seen in one buffer outside the heap, and kept nowhere. Used by
 * one thread; any thread may close it.
 */
public final class EngineConnection implements AutoCloseable {
    private static final Duration CONNECT = Duration.ofSeconds(10);
    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final long NOT_WAITING = Long.MAX_VALUE;
    private static final int BUFFER = 512 << 10;
    private static final int LONGEST_HEAD = 64 << 10;
    private static final String HEAD_END = "\r\n\r\n";

    private final SocketChannel channel;
    private final ReadableByteChannel in;
    private final WritableByteChannel out;
    private final String authority;
    private final Duration idle;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER).limit(0);
    private volatile long waitingSince = NOT_WAITING;
    private long left;

    private EngineConnection(
            SocketChannel channel, ReadableByteChannel in, WritableByteChannel out, String authority, Duration idle) {
        this.channel = channel;
        this.in = in;
        this.out = out;
        this.authority = authority;
        this.idle = idle;
    }

    /**
     * Connects for plain HTTP.
     *
     * @param idle how long to wait for the next bytes, at most
     */
    public static EngineConnection open(Site from, InetSocketAddress to, Duration idle)
            throws IOException, InterruptedException {
        return open(from, to, null, idle);
    }

    /**
     * Connects.
     *
     * @param tls null is plain HTTP
     * @param idle how long to wait for the next bytes, at most
     */
    static EngineConnection open(Site from, InetSocketAddress to, @Nullable Tls tls, Duration idle)
            throws IOException, InterruptedException {
        String authority = to.getHostString() + ":" + to.getPort();
        InetSocketAddress first = tls == null ? to : tls.proxy().orElse(to);
        SocketChannel channel = from.connect(first, CONNECT);
        try {
            EngineConnection opened = new EngineConnection(channel, channel, channel, authority, idle);
            if (tls != null) {
                if (!first.equals(to)) {
                    opened.connectOnwards();
                }
                opened = opened.secured(tls, to);
            }
            Thread.ofVirtual().name("idle-" + authority).start(opened::watch);
            return opened;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private void connectOnwards() throws IOException {
        write("CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n");
        Head head = parse(readUntilBody(), true);
        if (head.status() != 200) {
            throw new IOException("the proxy answered CONNECT " + authority + " with " + head.status());
        }
    }

    private EngineConnection secured(Tls tls, InetSocketAddress to) throws IOException {
        SSLSocket socket = (SSLSocket)
                tls.context().getSocketFactory().createSocket(channel.socket(), to.getHostString(), to.getPort(), true);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        return new EngineConnection(
                channel,
                Channels.newChannel(socket.getInputStream()),
                Channels.newChannel(socket.getOutputStream()),
                authority,
                idle);
    }

    /**
     * The head of an answer.
     *
     * @param length of the body
     * @param headers by their names in lower case
     */
    public record Head(int status, long length, Map<String, String> headers) {
        public Optional<String> header(String name) {
            return Optional.ofNullable(headers.get(name.toLowerCase(Locale.ROOT)));
        }
    }

    /** Asks for something, and waits for the head of the answer. What is left of an earlier answer is skipped. */
    public Head get(String target, Map<String, String> headers) throws IOException {
        while (next() != null) {
            // belongs to the answer before
        }
        StringBuilder request = new StringBuilder("GET " + target + " HTTP/1.1\r\nHost: " + authority + "\r\n");
        headers.forEach(
                (name, value) -> request.append(name).append(": ").append(value).append("\r\n"));
        write(request.append("\r\n").toString());
        return parse(readUntilBody(), false);
    }

    private void write(String request) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII));
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }

    /** The next bytes of the body, valid until the next call; null at its end. */
    public @Nullable ByteBuffer next() throws IOException {
        if (left == 0) {
            return null;
        }
        if (!buffer.hasRemaining() && !read()) {
            throw new IOException("the connection ended " + left + " bytes early");
        }
        int length = (int) Math.min(left, buffer.remaining());
        ByteBuffer bytes = buffer.slice(buffer.position(), length);
        buffer.position(buffer.position() + length);
        left -= length;
        return bytes;
    }

    /** All of the body, which must be small. */
    public byte[] readAll() throws IOException {
        byte[] body = new byte[Math.toIntExact(left)];
        int at = 0;
        for (ByteBuffer bytes = next(); bytes != null; bytes = next()) {
            int length = bytes.remaining();
            bytes.get(body, at, length);
            at += length;
        }
        return body;
    }

    /** The head of an answer, without the empty line. */
    private String readUntilBody() throws IOException {
        StringBuilder read = new StringBuilder();
        int end = -1;
        while (end < 0) {
            if (read.length() > LONGEST_HEAD) {
                throw new IOException("the answer's head has no end");
            }
            if (!buffer.hasRemaining() && !read()) {
                throw new IOException("the connection ended before an answer");
            }
            byte[] some = new byte[Math.min(buffer.remaining(), 4 << 10)];
            buffer.get(some);
            read.append(new String(some, StandardCharsets.ISO_8859_1));
            end = read.indexOf(HEAD_END);
        }
        int body = read.length() - end - HEAD_END.length();
        buffer.position(buffer.position() - body);
        return read.substring(0, end);
    }

    private Head parse(String head, boolean bodiless) throws IOException {
        String[] lines = head.split("\r\n", -1);
        Map<String, String> headers = new TreeMap<>();
        for (int i = 1; i < lines.length; i++) {
            String[] parts = lines[i].split(":", 2);
            if (parts.length == 2) {
                headers.put(parts[0].toLowerCase(Locale.ROOT), parts[1].strip());
            }
        }
        int status = Integer.parseInt(lines[0].split(" ", 3)[1]);
        String length = headers.get("content-length");
        if (length == null && !bodiless && status != 204 && status != 304) {
            throw new IOException("an answer without a length: " + lines[0]);
        }
        left = length == null ? 0 : Long.parseLong(length);
        return new Head(status, left, headers);
    }

    /** Fills the empty buffer; false at the connection's end. */
    private boolean read() throws IOException {
        waitingSince = System.nanoTime();
        try {
            int read = in.read(buffer.clear());
            buffer.flip();
            return read >= 0;
        } catch (AsynchronousCloseException e) {
            buffer.limit(0);
            throw new IOException("nothing came within " + idle.toSeconds() + " s, or it was closed", e);
        } finally {
            waitingSince = NOT_WAITING;
        }
    }

    /** A blocking read of a channel knows no time limit. */
    private void watch() {
        try {
            while (channel.isOpen()) {
                Thread.sleep(LOOK);
                long since = waitingSince;
                if (since != NOT_WAITING && System.nanoTime() - since > idle.toNanos()) {
                    channel.close();
                }
            }
        } catch (InterruptedException | IOException e) {
            // Nobody interrupts it, and what can't be closed is closed.
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
