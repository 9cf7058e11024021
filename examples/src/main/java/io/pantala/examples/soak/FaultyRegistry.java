package io.pantala.examples.soak;

import io.pantala.examples.rig.Site;
import io.pantala.manifest.Digest;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Stands before a registry, and spoils some of its answers. Which, depends on what was asked for and how often it was
 * before, so that runs with the same seed spoil the same.
 */
final class FaultyRegistry implements AutoCloseable {
    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final int CHUNK = 64 << 10;
    private static final int LONGEST_HEAD = 64 << 10;
    private static final Pattern REQUEST = Pattern.compile("(\\S+) (\\S+) HTTP/1\\.1");
    private static final Pattern BLOB = Pattern.compile("/v2/\\S+/blobs/(sha256:[0-9a-f]{64})");
    private static final Pattern CONNECTION = Pattern.compile("(?im)^connection:.*\r\n");
    private static final Pattern LENGTH = Pattern.compile("(?im)^content-length: *([0-9]+)");

    private final ServerSocketChannel server;
    private final Site site;
    private final InetSocketAddress behind;
    private final long seed;
    private final double share;
    private final Map<String, AtomicLong> asked = new ConcurrentHashMap<>();
    private final Map<Class<? extends Fault>, AtomicLong> faults = new ConcurrentHashMap<>();
    private final Set<Digest> corrupted = ConcurrentHashMap.newKeySet();
    private final Set<SocketChannel> open = ConcurrentHashMap.newKeySet();
    private final CountDownLatch closed = new CountDownLatch(1);

    private FaultyRegistry(ServerSocketChannel server, Site site, InetSocketAddress behind, long seed, double share) {
        this.server = server;
        this.site = site;
        this.behind = behind;
        this.seed = seed;
        this.share = share;
    }

    /**
     * Opens a port on the site of a registry.
     *
     * @param share of answers that are spoilt, from 0 to 1
     */
    static FaultyRegistry before(InetSocketAddress registry, Site site, int port, long seed, double share)
            throws IOException, InterruptedException {
        FaultyRegistry opened = new FaultyRegistry(site.listen(port), site, registry, seed, share);
        Thread.ofPlatform().daemon().name("faulty-registry").start(opened::accept);
        return opened;
    }

    /** Where nodes find it. */
    URI uri() throws IOException {
        InetSocketAddress address = (InetSocketAddress) server.getLocalAddress();
        return URI.create("http://" + address.getHostString() + ":" + address.getPort());
    }

    /** Whether an answer about this blob had a wrong byte, ever. */
    boolean hasCorrupted(Digest blob) {
        return corrupted.contains(blob);
    }

    /** How often there was such a fault. */
    long count(Class<? extends Fault> fault) {
        AtomicLong count = faults.get(fault);
        return count == null ? 0 : count.get();
    }

    /** From now on no answer waits any more; those that are to come are cut. */
    @Override
    public void close() {
        closed.countDown();
        try {
            server.close();
        } catch (IOException e) {
            throw new IllegalStateException("a port can't be closed", e);
        }
        open.forEach(connection -> end(connection, false));
    }

    private void accept() {
        try {
            while (true) {
                SocketChannel client = server.accept();
                open.add(client);
                Thread.ofVirtual().name("faulty-registry-connection").start(() -> serve(client));
            }
        } catch (IOException e) {
            // closed
        }
    }

    private void serve(SocketChannel client) {
        try (client) {
            InputStream requests = new BufferedInputStream(client.socket().getInputStream());
            OutputStream answers = client.socket().getOutputStream();
            for (String head = readHead(requests); head != null; head = readHead(requests)) {
                if (!answer(head, client, answers)) {
                    return;
                }
            }
        } catch (IOException e) {
            // One side has gone, which the other sees.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            open.remove(client);
        }
    }

    /** Answers one request; false when the connection is of no use any more. */
    private boolean answer(String head, SocketChannel client, OutputStream answers)
            throws IOException, InterruptedException {
        Matcher request = REQUEST.matcher(head);
        if (!request.lookingAt()) {
            return false;
        }
        String method = request.group(1);
        String target = request.group(2);
        Fault fault = next(method + " " + target);
        if (fault instanceof Fault.Refusal(int status)) {
            count(fault);
            refuse(status, method, answers);
            return true;
        }
        SocketChannel upstream = site.connect(behind, CONNECT);
        open.add(upstream);
        try (upstream) {
            String asked = CONNECTION.matcher(head).replaceAll("");
            write(upstream.socket().getOutputStream(), asked.stripTrailing() + "\r\nConnection: close\r\n\r\n");
            InputStream body = new BufferedInputStream(upstream.socket().getInputStream(), CHUNK);
            String answer = readHead(body);
            Matcher length = LENGTH.matcher(answer == null ? "" : answer);
            if (answer == null || !length.find()) {
                return false;
            }
            write(answers, CONNECTION.matcher(answer).replaceAll(""));
            return method.equals("HEAD")
                    || pass(body, Long.parseLong(length.group(1)), blob(target), fault, client, answers);
        } finally {
            open.remove(upstream);
        }
    }

    private Fault next(String request) {
        long times = asked.computeIfAbsent(request, _ -> new AtomicLong()).getAndIncrement();
        return Fault.draw(new SplittableRandom(seed ^ (31L * request.hashCode() + times) * 0x9E3779B97F4A7C15L), share);
    }

    private void count(Fault fault) {
        faults.computeIfAbsent(fault.getClass(), _ -> new AtomicLong()).incrementAndGet();
    }

    private static @Nullable Digest blob(String target) {
        Matcher blob = BLOB.matcher(target);
        return blob.lookingAt() ? Digest.parse(blob.group(1)) : null;
    }

    private static void refuse(int status, String method, OutputStream answers) throws IOException {
        String body = "{\"errors\":[{\"code\":\"UNKNOWN\",\"message\":\"out of order\"}]}";
        write(
                answers,
                "HTTP/1.1 " + status + " Out of Order\r\nContent-Type: application/json\r\nContent-Length: "
                        + body.length() + "\r\n\r\n" + (method.equals("HEAD") ? "" : body));
    }

    /** Passes a body on, with its fault; false when it did not end as it should. */
    private boolean pass(
            InputStream body, long length, @Nullable Digest blob, Fault fault, SocketChannel client, OutputStream to)
            throws IOException, InterruptedException {
        long place = place(fault, length);
        byte[] chunk = new byte[CHUNK];
        for (long at = 0; at < length; ) {
            if (at == place) {
                count(fault);
                switch (fault) {
                    case Fault.Cut cut -> {
                        end(client, cut.reset());
                        return false;
                    }
                    case Fault.Stall _ -> {
                        closed.await(1, TimeUnit.MINUTES);
                        return false;
                    }
                    case Fault.Corrupt _, Fault.None _, Fault.Refusal _ -> {
                        // takes the byte that comes
                    }
                }
            }
            long end = at < place ? place : length;
            int read = body.read(chunk, 0, (int) Math.min(chunk.length, end - at));
            if (read < 0) {
                return false;
            }
            if (at == place && fault instanceof Fault.Corrupt) {
                if (blob != null) {
                    corrupted.add(blob);
                }
                chunk[0] ^= 1;
            }
            to.write(chunk, 0, read);
            at += read;
        }
        return true;
    }

    /** Where in a body the fault is; -1 for nowhere. */
    private static long place(Fault fault, long length) {
        return switch (fault) {
            case Fault.Cut cut -> (long) (cut.at() * length);
            case Fault.Stall stall -> (long) (stall.at() * length);
            case Fault.Corrupt corrupt -> (long) (corrupt.at() * length);
            case Fault.None _, Fault.Refusal _ -> -1;
        };
    }

    /** A head with the empty line at its end; null where the connection ends before it. */
    private static @Nullable String readHead(InputStream from) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        int ends = 0;
        while (ends < 4) {
            int next = from.read();
            if (next < 0 || head.size() > LONGEST_HEAD) {
                return null;
            }
            head.write(next);
            ends = next == (ends % 2 == 0 ? '\r' : '\n') ? ends + 1 : next == '\r' ? 1 : 0;
        }
        return head.toString(StandardCharsets.ISO_8859_1);
    }

    private static void write(OutputStream to, String text) throws IOException {
        to.write(text.getBytes(StandardCharsets.ISO_8859_1));
        to.flush();
    }

    private static void end(SocketChannel connection, boolean reset) {
        try (connection) {
            if (reset) {
                Socket socket = connection.socket();
                socket.setSoLinger(true, 0);
            }
        } catch (SocketException e) {
            // It has ended already.
        } catch (IOException e) {
            // What can't be closed is closed.
        }
    }
}
