package io.pantala.proxy.http;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** An HTTP client that shows what is on the wire, and can behave badly. */
public final class RawClient implements AutoCloseable {
    private final Socket socket;
    private final InputStream in;

    public RawClient(int port) throws IOException {
        this(port, 0);
    }

    /** @param receiveBuffer bytes the kernel keeps for this client; 0 for its usual */
    public RawClient(int port, int receiveBuffer) throws IOException {
        socket = new Socket();
        if (receiveBuffer > 0) {
            socket.setReceiveBufferSize(receiveBuffer);
        }
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        socket.setSoTimeout(20_000);
        in = socket.getInputStream();
    }

    private RawClient(Socket socket) throws IOException {
        this.socket = socket;
        socket.setSoTimeout(20_000);
        in = socket.getInputStream();
    }

    /** Asks a proxy to be connected; the head of its answer. */
    public Reply connect(String authority, String... headers) throws IOException {
        List<String> lines = new ArrayList<>(List.of("CONNECT " + authority + " HTTP/1.1", "Host: " + authority));
        lines.addAll(List.of(headers));
        return send(lines.toArray(String[]::new)).head();
    }

    /**
     * This connection with TLS on top.
     *
     * @param authority whom to trust alone
     * @param host whose certificate is wanted, and said to be; a name or an address
     */
    public RawClient secure(X509Certificate authority, String host) throws IOException {
        try {
            KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
            trusted.load(null, null);
            trusted.setCertificateEntry("authority", authority);
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(trusted);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            var secure = (SSLSocket) context.getSocketFactory().createSocket(socket, host, 443, true);
            SSLParameters parameters = secure.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            secure.setSSLParameters(parameters);
            secure.startHandshake();
            return new RawClient(secure);
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        }
    }

    /** Ends what is sent, and reads on. */
    public void endOutput() throws IOException {
        socket.shutdownOutput();
    }

    /** A reply, and whether its body was as long as it said. */
    @SuppressWarnings("ArrayRecordComponent")
    public record Reply(int status, List<String> headers, byte[] body, boolean whole) {
        /** The value of the only header of this name; null if there is none. */
        public @Nullable String header(String name) {
            List<String> found = headers(name);
            if (found.size() > 1) {
                throw new AssertionError(name + " stands more than once: " + found);
            }
            return found.isEmpty() ? null : found.getFirst();
        }

        public List<String> headers(String name) {
            String start = name.toLowerCase(Locale.ROOT) + ":";
            return headers.stream()
                    .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(start))
                    .map(line -> line.substring(start.length()).strip())
                    .toList();
        }

        public String text() {
            return new String(body, StandardCharsets.UTF_8);
        }
    }

    /** Sends lines as a request head. */
    public RawClient send(String... lines) throws IOException {
        socket.getOutputStream().write((String.join("\r\n", lines) + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1));
        return this;
    }

    public RawClient get(String target, String... headers) throws IOException {
        return request("GET", target, headers);
    }

    public RawClient request(String method, String target, String... headers) throws IOException {
        List<String> lines = new ArrayList<>();
        lines.add(method + " " + target + " HTTP/1.1");
        lines.add("Host: localhost");
        lines.addAll(List.of(headers));
        return send(lines.toArray(String[]::new));
    }

    public void write(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
    }

    /** Reads a whole reply to a GET. */
    public Reply reply() throws IOException {
        return reply(false);
    }

    /** Reads a whole reply. A reset fails; an end that comes early does not, but shows. */
    public Reply reply(boolean head) throws IOException {
        Reply start = head();
        if (head || start.status == 304 || start.status == 204) {
            return start;
        }
        if ("chunked".equals(start.header("Transfer-Encoding"))) {
            return chunked(start);
        }
        String length = start.header("Content-Length");
        if (length == null) {
            return new Reply(start.status, start.headers, in.readAllBytes(), true);
        }
        byte[] body = in.readNBytes(Math.toIntExact(Long.parseLong(length)));
        return new Reply(start.status, start.headers, body, body.length == Long.parseLong(length));
    }

    /** Reads the head of a reply. */
    public Reply head() throws IOException {
        String status = line();
        List<String> headers = new ArrayList<>();
        for (String line = line(); !line.isEmpty(); line = line()) {
            headers.add(line);
        }
        return new Reply(Integer.parseInt(status.split(" ", 3)[1]), headers, new byte[0], true);
    }

    private Reply chunked(Reply start) throws IOException {
        var body = new ByteArrayOutputStream();
        try {
            while (true) {
                int size = chunk();
                body.write(in.readNBytes(size));
                if (!line().isEmpty()) {
                    throw new IOException("no line break behind a chunk");
                }
                if (size == 0) {
                    return new Reply(start.status, start.headers, body.toByteArray(), true);
                }
            }
        } catch (EOFException e) {
            return new Reply(start.status, start.headers, body.toByteArray(), false);
        }
    }

    /** Reads the head of a chunk: how many bytes follow, and then a line break. */
    public int chunk() throws IOException {
        return Integer.parseInt(line(), 16);
    }

    public byte[] read(int bytes) throws IOException {
        return in.readNBytes(bytes);
    }

    /** Whether the server has ended the connection, in order. Waits for it. */
    public boolean ended() throws IOException {
        return in.read() < 0;
    }

    private String line() throws IOException {
        var line = new ByteArrayOutputStream();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                throw new EOFException("after: " + line);
            }
            line.write(b);
        }
        return line.toString(StandardCharsets.ISO_8859_1).strip();
    }

    /** Closes with a reset. */
    public void reset() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
