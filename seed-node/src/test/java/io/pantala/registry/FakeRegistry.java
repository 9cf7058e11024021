package io.pantala.registry;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.pantala.manifest.Digest;
import io.pantala.manifest.UpstreamName;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * A registry in this process, over real sockets, that does what a test tells it to, and remembers who asked for what
 * and how many bytes it sent. Without further words it is open to all, sends blobs itself and honours ranges.
 */
public final class FakeRegistry implements AutoCloseable {
    private static final Pattern RANGE = Pattern.compile("bytes=([0-9]+)-([0-9]*)");
    private static final Pattern CONTENT =
            Pattern.compile("/v2/(?<repository>.+)/(?<kind>blobs|manifests)/(?<reference>[^/]+)");
    private static final Pattern TAGS = Pattern.compile("/v2/(?<repository>.+)/tags/list");
    private static final String JSON = "application/json";

    private final ServerSocket registry;
    private final ServerSocket storage;
    private final Set<Socket> connections = ConcurrentHashMap.newKeySet();
    private final AtomicInteger accepted = new AtomicInteger();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final String scheme;

    private final Map<String, Map<String, Content>> content = new ConcurrentHashMap<>();
    private final Map<String, Token> tokens = new ConcurrentHashMap<>();
    private final Set<String> hidden = ConcurrentHashMap.newKeySet();
    private final List<Exchange> log = new CopyOnWriteArrayList<>();
    private final Map<String, Deque<Fault>> next = new LinkedHashMap<>();
    private final Map<String, Fault> always = new LinkedHashMap<>();
    private final AtomicInteger serial = new AtomicInteger();

    private volatile Access access = Access.OPEN;
    private volatile String user = "";
    private volatile String password = "";
    private volatile Duration tokenLifetime = Duration.ofMinutes(5);
    private volatile InstantSource clock = InstantSource.system();
    private volatile boolean redirecting;
    private volatile boolean ranges = true;
    private volatile long rate;
    private long linkFreeAt;

    private enum Access {
        OPEN,
        BASIC,
        BEARER
    }

    private record Content(String mediaType, Digest digest, Bytes bytes) {}

    private record Token(@Nullable String user, Set<String> repositories, Instant expiry) {}

    private record Answer(int status, Map<String, String> headers, Bytes body) {
        @SuppressWarnings("ArrayRecordComponent")
        Answer(int status, Map<String, String> headers, byte[] body) {
            this(status, headers, Bytes.of(body));
        }
    }

    private FakeRegistry(ServerSocket registry, ServerSocket storage, String scheme) {
        this.registry = registry;
        this.storage = storage;
        this.scheme = scheme;
        Thread.ofVirtual().name("fake-registry").start(() -> accept(registry, false));
        Thread.ofVirtual().name("fake-storage").start(() -> accept(storage, true));
    }

    /** One on 127.0.0.1. */
    public static FakeRegistry start() {
        return start("127.0.0.1");
    }

    /** One on a loopback address, {@code ::1} for example. */
    public static FakeRegistry start(String address) {
        try {
            return new FakeRegistry(listen(address), listen(address), "http");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One that speaks TLS, with a certificate for {@code localhost} that {@link #certificate} holds. */
    public static FakeRegistry startTls() {
        try {
            var sockets = SelfSigned.serverSockets();
            InetAddress address = InetAddress.ofLiteral("127.0.0.1");
            return new FakeRegistry(
                    sockets.createServerSocket(0, 50, address), sockets.createServerSocket(0, 50, address), "https");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The PEM of the certificate of every {@link #startTls}. */
    public static String certificate() {
        return SelfSigned.pem();
    }

    /** Where it listens. */
    public URI url() {
        return URI.create(scheme + "://" + authority(registry));
    }

    /** Its {@code host:port}. */
    public String authority() {
        return authority(registry);
    }

    /** Where it redirects to, if it does. */
    public String storageAuthority() {
        return authority(storage);
    }

    /** It, by the name that engines are to use. */
    public Upstream upstream(String name) {
        return new Upstream(UpstreamName.parse(name), url());
    }

    /** It, by the name that engines are to use, with a certificate of its own. */
    public Upstream upstream(String name, Path certificate) {
        return new Upstream(UpstreamName.parse(name), url(), Optional.of(certificate));
    }

    /** Holds a blob. */
    public Digest blob(String repository, byte[] bytes) {
        Digest digest = Digest.sha256(bytes);
        blob(repository, digest, bytes);
        return digest;
    }

    /** Holds these bytes as the blob of a digest that need not be theirs. */
    public void blob(String repository, Digest digest, byte[] bytes) {
        blob(repository, digest, Bytes.of(bytes));
    }

    /** Holds bytes, however many, as the blob of a digest that need not be theirs. */
    public void blob(String repository, Digest digest, Bytes bytes) {
        repository(repository).put("blobs/" + digest, new Content("application/octet-stream", digest, bytes));
    }

    /** Holds a manifest, by its digest and under a tag, which moves if it was there. */
    public Digest manifest(String repository, String tag, String mediaType, byte[] bytes) {
        Digest digest = Digest.sha256(bytes);
        Content manifest = new Content(mediaType, digest, Bytes.of(bytes));
        repository(repository).put("manifests/" + digest, manifest);
        repository(repository).put("manifests/" + tag, manifest);
        return digest;
    }

    /** Asks everyone for this name and password. */
    public FakeRegistry requireBasic(String name, String secret) {
        user = name;
        password = secret;
        access = Access.BASIC;
        return this;
    }

    /**
     * Asks everyone for a token, which {@code /token} gives: to anyone for any repository, but for {@link #hide hidden}
     * ones only against this name and password.
     */
    public FakeRegistry requireBearer(String name, String secret) {
        user = name;
        password = secret;
        access = Access.BEARER;
        return this;
    }

    /** Lets nobody read this repository without name and password. */
    public FakeRegistry hide(String repository) {
        hidden.add(repository);
        return this;
    }

    /** How long tokens live, by {@code time}. */
    public FakeRegistry tokensLive(Duration lifetime, InstantSource time) {
        tokenLifetime = lifetime;
        clock = time;
        return this;
    }

    /** A token for these repositories as name and password would get it: a whole Authorization header. */
    public String issueToken(String... repositories) {
        return "Bearer " + issue(user, Set.of(repositories));
    }

    /** All tokens issued so far are worth nothing any more. */
    public void expireTokens() {
        tokens.clear();
    }

    /** Blobs are redirected to a second host by signed URLs; there a credential is refused, and so is HEAD. */
    public FakeRegistry redirecting() {
        redirecting = true;
        return this;
    }

    /** Whether ranges are honoured. */
    public FakeRegistry ranges(boolean honoured) {
        ranges = honoured;
        return this;
    }

    /** Bytes a second that all bodies together get; 0 for as fast as it goes. */
    public FakeRegistry rate(long bytesPerSecond) {
        rate = bytesPerSecond;
        return this;
    }

    /**
     * The next answers to requests whose target contains this part, in order. Of a blob that is redirected, the storage's
     * answers are meant, unless the part starts with {@code /v2/}.
     */
    public FakeRegistry next(String part, Fault... faults) {
        synchronized (next) {
            Collection<Fault> waiting = next.computeIfAbsent(part, _ -> new ArrayDeque<>());
            waiting.addAll(List.of(faults));
        }
        return this;
    }

    /** All further answers to requests whose target contains this part, once those of {@link #next} are used up. */
    public FakeRegistry always(String part, Fault fault) {
        synchronized (next) {
            always.put(part, fault);
        }
        return this;
    }

    /** All requests so far, of the storage too. */
    public List<Exchange> requests() {
        return List.copyOf(log);
    }

    /** As if nothing had been asked so far. */
    public void forgetRequests() {
        log.clear();
    }

    /** The requests so far whose target contains this part. */
    public List<Exchange> requests(String part) {
        return log.stream().filter(exchange -> exchange.target().contains(part)).toList();
    }

    /** Body bytes that were sent in successful answers to GETs of this blob, by registry and storage together. */
    public long bytesSent(Digest digest) {
        return requests(digest.toString()).stream()
                .filter(exchange -> exchange.status() == 200 || exchange.status() == 206)
                .mapToLong(Exchange::sent)
                .sum();
    }

    /** How many connections were made to it so far. */
    public int connections() {
        return accepted.get();
    }

    /** Cuts every connection and refuses new ones. */
    @Override
    public void close() {
        closed.countDown();
        try {
            registry.close();
            storage.close();
            for (Socket connection : connections) {
                connection.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void accept(ServerSocket listener, boolean fromStorage) {
        while (true) {
            try {
                Socket connection = listener.accept();
                accepted.incrementAndGet();
                connections.add(connection);
                if (closed.getCount() == 0) {
                    connection.close();
                }
                Thread.ofVirtual().name("fake-registry-connection").start(() -> serve(connection, fromStorage));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void serve(Socket connection, boolean fromStorage) {
        try (connection) {
            connection.setTcpNoDelay(true);
            InputStream in = new BufferedInputStream(connection.getInputStream());
            for (String line = line(in); !line.isEmpty(); line = line(in)) {
                String[] words = line.split(" ", 3);
                List<Map.Entry<String, String>> headers = new ArrayList<>();
                for (String header = line(in); !header.isEmpty(); header = line(in)) {
                    int colon = header.indexOf(':');
                    headers.add(Map.entry(
                            header.substring(0, colon),
                            header.substring(colon + 1).strip()));
                }
                Exchange exchange = new Exchange(words[0], words[1], fromStorage, headers);
                String length = exchange.header("Content-Length");
                byte[] body = in.readNBytes(length == null ? 0 : Integer.parseInt(length));
                log.add(exchange);
                if (!answer(connection, exchange, body)) {
                    return;
                }
            }
        } catch (IOException | InterruptedException _) {
            // The client is gone, or this registry is.
        } finally {
            connections.remove(connection);
        }
    }

    /** Whether the connection can go on. */
    private boolean answer(Socket connection, Exchange exchange, byte[] body) throws IOException, InterruptedException {
        Fault fault = fault(exchange);
        if (fault instanceof Fault.HangUp) {
            return false;
        }
        if (fault instanceof Fault.Late(CountDownLatch gate) && !gate.await(1, TimeUnit.MINUTES)) {
            return false;
        }
        Answer answer = switch (fault) {
            case Fault.Status(int status, var headers, String text) ->
                new Answer(status, headers, text.getBytes(UTF_8));
            default -> exchange.storage() ? stored(exchange, fault) : registered(exchange, body, fault);
        };
        exchange.answering(answer.status());
        send(connection, exchange, answer, fault);
        return !"close".equalsIgnoreCase(exchange.header("Connection"));
    }

    private Fault fault(Exchange exchange) {
        synchronized (next) {
            for (Map.Entry<String, Deque<Fault>> waiting : next.entrySet()) {
                if (!waiting.getValue().isEmpty() && matches(exchange, waiting.getKey())) {
                    return waiting.getValue().remove();
                }
            }
            for (Map.Entry<String, Fault> standing : always.entrySet()) {
                if (matches(exchange, standing.getKey())) {
                    return standing.getValue();
                }
            }
        }
        return Fault.none();
    }

    private boolean matches(Exchange exchange, String part) {
        boolean redirected =
                redirecting && !exchange.storage() && exchange.target().contains("/blobs/");
        boolean meant = part.startsWith("/v2/") ? !exchange.storage() : !redirected;
        return meant && exchange.target().contains(part);
    }

    private Answer registered(Exchange exchange, byte[] body, Fault fault) throws IOException {
        String path = URLDecoder.decode(exchange.path(), UTF_8);
        if (path.equals("/token")) {
            return token(exchange, body);
        }
        Matcher asked = CONTENT.matcher(path);
        Matcher tags = TAGS.matcher(path);
        String repository =
                asked.matches() ? asked.group("repository") : tags.matches() ? tags.group("repository") : "";
        Optional<Answer> challenge = challenge(exchange, repository);
        if (challenge.isPresent()) {
            return challenge.get();
        }
        if (!exchange.method().equals("GET") && !exchange.method().equals("HEAD")) {
            return error(405, "UNSUPPORTED");
        }
        if (path.equals("/v2/")) {
            return new Answer(200, Map.of("Content-Type", JSON), "{}".getBytes(UTF_8));
        }
        if (tags.matches()) {
            return tags(repository);
        }
        if (!asked.matches()) {
            return error(404, "NAME_UNKNOWN");
        }
        String reference = asked.group("kind") + "/" + asked.group("reference");
        Content found = content.getOrDefault(repository, Map.of()).get(reference);
        if (found == null) {
            return error(404, asked.group("kind").equals("blobs") ? "BLOB_UNKNOWN" : "MANIFEST_UNKNOWN");
        }
        if (redirecting && asked.group("kind").equals("blobs")) {
            String location = scheme + "://" + storageAuthority() + "/store/" + repository + "/" + reference + "?"
                    + signature(reference);
            return new Answer(307, Map.of("Location", location, "Content-Type", "text/html"), new byte[20]);
        }
        return content(exchange, found, fault);
    }

    private Answer stored(Exchange exchange, Fault fault) throws IOException {
        String reference = exchange.path().substring(exchange.path().lastIndexOf("/blobs/") + 1);
        if (exchange.header("Authorization") != null) {
            return new Answer(400, Map.of(), "only one auth mechanism allowed".getBytes(UTF_8));
        }
        if (!exchange.method().equals("GET") || !exchange.target().endsWith("?" + signature(reference))) {
            return new Answer(403, Map.of(), "SignatureDoesNotMatch".getBytes(UTF_8));
        }
        String repository =
                exchange.path().substring("/store/".length(), exchange.path().lastIndexOf("/blobs/"));
        Content found = content.getOrDefault(repository, Map.of()).get(reference);
        return found == null ? new Answer(404, Map.of(), new byte[0]) : content(exchange, found, fault);
    }

    /** Plus, slash and equals sign stand escaped in it, as in real ones: it is right only byte by byte. */
    private static String signature(String reference) {
        return "X-Expires=600&X-Signature=a%2Bb%2Fc%3D%3D" + Integer.toHexString(reference.hashCode()) + "&x=%7e~";
    }

    private Answer content(Exchange exchange, Content found, Fault fault) throws IOException {
        Bytes bytes = switch (fault) {
            case Fault.Other(byte[] other) -> Bytes.of(other);
            case Fault.Corrupt(long position) -> found.bytes().corruptAt(position);
            default -> found.bytes();
        };
        Digest digest = found.digest();
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("Content-Type", found.mediaType());
        headers.put("Docker-Content-Digest", digest.toString());
        headers.put("Docker-Distribution-Api-Version", "registry/2.0");
        headers.put("ETag", "\"" + digest + "\"");
        if (("\"" + digest + "\"").equals(exchange.header("If-None-Match"))) {
            return new Answer(304, headers, new byte[0]);
        }
        if (fault instanceof Fault.Gzip) {
            headers.put("Content-Encoding", "gzip");
            ByteArrayOutputStream compressed = new ByteArrayOutputStream();
            try (OutputStream out = new GZIPOutputStream(compressed)) {
                out.write(bytes.read(0, (int) bytes.size()));
            }
            return new Answer(200, headers, compressed.toByteArray());
        }
        if (isChunked(fault)) {
            return new Answer(200, headers, bytes);
        }
        headers.put("Accept-Ranges", ranges ? "bytes" : "none");
        Matcher range =
                RANGE.matcher(Optional.ofNullable(exchange.header("Range")).orElse(""));
        if (!ranges || fault instanceof Fault.IgnoreRange || !range.matches()) {
            return new Answer(200, headers, bytes);
        }
        return range(range, headers, bytes, fault);
    }

    private static Answer range(Matcher range, Map<String, String> headers, Bytes bytes, Fault fault) {
        long from = Long.parseLong(range.group(1));
        if (from >= bytes.size()) {
            headers.put("Content-Range", "bytes */" + bytes.size());
            return new Answer(416, headers, new byte[0]);
        }
        long to = range.group(2).isEmpty() ? bytes.size() : Math.min(Long.parseLong(range.group(2)) + 1, bytes.size());
        if (fault instanceof Fault.Capped(long most)) {
            to = Math.min(to, from + most);
        }
        headers.put(
                "Content-Range",
                fault instanceof Fault.ContentRange(String value)
                        ? value
                        : "bytes " + from + "-" + (to - 1) + "/" + bytes.size());
        return new Answer(206, headers, bytes.part(from, to));
    }

    private Answer tags(String repository) {
        String names = new TreeSet<>(content.getOrDefault(repository, Map.of()).keySet())
                .stream()
                        .filter(reference -> reference.startsWith("manifests/") && !reference.contains(":"))
                        .map(reference -> '"' + reference.substring("manifests/".length()) + '"')
                        .collect(Collectors.joining(","));
        String body = "{\"name\":\"" + repository + "\",\"tags\":[" + names + "]}";
        return new Answer(200, Map.of("Content-Type", JSON), body.getBytes(UTF_8));
    }

    private Optional<Answer> challenge(Exchange exchange, String repository) {
        String given = exchange.header("Authorization");
        String wanted = switch (access) {
            case OPEN -> null;
            case BASIC -> basic().equals(given) ? null : "Basic realm=\"fake\"";
            case BEARER ->
                admits(given, repository)
                        ? null
                        : "Bearer realm=\"" + url() + "/token\",service=\"fake\""
                                + (repository.isEmpty() ? "" : ",scope=\"repository:" + repository + ":pull\"");
        };
        if (wanted == null) {
            return Optional.empty();
        }
        Answer error = error(401, "UNAUTHORIZED");
        Map<String, String> headers = new HashMap<>(error.headers());
        headers.put("WWW-Authenticate", wanted);
        return Optional.of(new Answer(401, headers, error.body()));
    }

    private boolean admits(@Nullable String given, String repository) {
        if (given == null || !given.startsWith("Bearer ")) {
            return false;
        }
        Token token = tokens.get(given.substring("Bearer ".length()));
        return token != null
                && clock.instant().isBefore(token.expiry())
                && (repository.isEmpty() || token.repositories().contains(repository));
    }

    private Answer token(Exchange exchange, byte[] body) {
        String query = exchange.target().contains("?")
                ? exchange.target().substring(exchange.target().indexOf('?') + 1)
                : new String(body, UTF_8);
        String given = exchange.header("Authorization");
        String name = given != null && given.equals(basic()) ? user : null;
        Set<String> scopes = new TreeSet<>();
        Map<String, String> form = new HashMap<>();
        for (String pair : query.split("&", -1)) {
            String[] parts = URLDecoder.decode(pair, UTF_8).split("=", 2);
            if (parts[0].equals("scope")) {
                scopes.addAll(List.of(parts[1].split(" ", -1)));
            } else if (parts.length > 1) {
                form.put(parts[0], parts[1]);
            }
        }
        if (user.equals(form.get("username")) && password.equals(form.get("password"))) {
            name = user;
        }
        if (name == null && (given != null || form.containsKey("password"))) {
            return error(401, "UNAUTHORIZED");
        }
        String holder = name;
        Set<String> repositories = scopes.stream()
                .filter(scope -> scope.startsWith("repository:"))
                .map(scope -> scope.substring("repository:".length(), scope.lastIndexOf(':')))
                .filter(repository -> holder != null || !hidden.contains(repository))
                .collect(Collectors.toSet());
        String token = issue(name, repositories);
        String json = "{\"token\":\"" + token + "\",\"access_token\":\"" + token + "\",\"expires_in\":"
                + tokenLifetime.toSeconds() + "}";
        return new Answer(200, Map.of("Content-Type", JSON), json.getBytes(UTF_8));
    }

    private String issue(@Nullable String name, Set<String> repositories) {
        String token = "token-" + serial.incrementAndGet() + "-of-" + (name == null ? "nobody" : name);
        tokens.put(token, new Token(name, repositories, clock.instant().plus(tokenLifetime)));
        return token;
    }

    private String basic() {
        return "Basic " + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(UTF_8));
    }

    private void send(Socket connection, Exchange exchange, Answer answer, Fault fault)
            throws IOException, InterruptedException {
        boolean bodiless = exchange.method().equals("HEAD") || answer.status() == 304 || answer.status() == 204;
        boolean chunked = isChunked(fault);
        StringBuilder head = new StringBuilder("HTTP/1.1 " + answer.status() + " Told\r\n");
        answer.headers().forEach((name, value) -> head.append(name + ": " + value + "\r\n"));
        head.append(
                chunked ? "Transfer-Encoding: chunked\r\n" : "Content-Length: " + announced(answer, fault) + "\r\n");
        OutputStream out = connection.getOutputStream();
        out.write(head.append("\r\n").toString().getBytes(ISO_8859_1));
        if (bodiless) {
            return;
        }
        Bytes body = answer.body();
        long until = switch (fault) {
            case Fault.Cut cut -> Math.min(cut.after(), body.size());
            case Fault.ChunkedAndCut(long after) -> Math.min(after, body.size());
            case Fault.Stall(long after) -> Math.min(after, body.size());
            case Fault.ChunkedAndHold hold -> Math.min(hold.after(), body.size());
            case Fault.Hold hold -> Math.min(hold.after(), body.size());
            case Fault.HoldAndCut hold -> Math.min(hold.after(), body.size());
            default -> body.size();
        };
        write(out, exchange, body, 0, until, chunked);
        switch (fault) {
            case Fault.Cut cut -> {
                if (cut.reset()) {
                    connection.setSoLinger(true, 0);
                }
                throw new IOException("cut");
            }
            case Fault.ChunkedAndCut _ -> throw new IOException("cut");
            case Fault.Stall _ -> closed.await();
            case Fault.Length _ -> throw new IOException("that was all");
            case Fault.HoldAndCut hold -> {
                await(hold.gate());
                throw new IOException("cut");
            }
            case Fault.Hold hold -> {
                await(hold.gate());
                write(out, exchange, body, until, body.size(), chunked);
            }
            case Fault.ChunkedAndHold hold -> {
                await(hold.gate());
                write(out, exchange, body, until, body.size(), chunked);
                endChunks(out);
            }
            default -> {
                if (chunked) {
                    endChunks(out);
                }
            }
        }
    }

    private static boolean isChunked(Fault fault) {
        return fault instanceof Fault.Chunked
                || fault instanceof Fault.ChunkedAndCut
                || fault instanceof Fault.ChunkedAndHold
                || fault instanceof Fault.Gzip;
    }

    private static void endChunks(OutputStream out) throws IOException {
        out.write("0\r\n\r\n".getBytes(ISO_8859_1));
    }

    private static long announced(Answer answer, Fault fault) {
        return answer.body().size() + (fault instanceof Fault.Length(long more) ? more : 0);
    }

    private static void await(CountDownLatch gate) throws IOException, InterruptedException {
        if (!gate.await(1, TimeUnit.MINUTES)) {
            throw new IOException("the gate stayed shut");
        }
    }

    private void write(OutputStream out, Exchange exchange, Bytes body, long from, long to, boolean chunked)
            throws IOException {
        for (long position = from; position < to; ) {
            int length = (int) Math.min(to - position, rate > 0 ? 16 << 10 : 128 << 10);
            pace(length);
            // Before, since who has read it may ask at once how much there was.
            exchange.sent(length);
            try {
                if (chunked) {
                    out.write((Integer.toHexString(length) + "\r\n").getBytes(ISO_8859_1));
                }
                out.write(body.read(position, length));
                if (chunked) {
                    out.write("\r\n".getBytes(ISO_8859_1));
                }
            } catch (IOException e) {
                exchange.sent(-length);
                throw e;
            }
            position += length;
        }
    }

    private void pace(int bytes) {
        if (rate <= 0) {
            return;
        }
        long start;
        synchronized (this) {
            start = Math.max(linkFreeAt, System.nanoTime());
            linkFreeAt = start + bytes * 1_000_000_000L / rate;
        }
        for (long wait = start - System.nanoTime(); wait > 0; wait = start - System.nanoTime()) {
            LockSupport.parkNanos(wait);
        }
    }

    private Map<String, Content> repository(String name) {
        return content.computeIfAbsent(name, _ -> new ConcurrentHashMap<>());
    }

    private static Answer error(int status, String code) {
        String body = "{\"errors\":[{\"code\":\"" + code + "\",\"message\":\"" + code + " by the fake registry\"}]}";
        return new Answer(status, Map.of("Content-Type", JSON), body.getBytes(UTF_8));
    }

    private static String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b >= 0 && b != '\n'; b = in.read()) {
            if (b != '\r') {
                line.write(b);
            }
        }
        return line.toString(ISO_8859_1);
    }

    private static ServerSocket listen(String address) throws IOException {
        ServerSocket socket = new ServerSocket();
        socket.bind(new InetSocketAddress(InetAddress.ofLiteral(address), 0));
        return socket;
    }

    private String authority(ServerSocket socket) {
        String host =
                scheme.equals("https") ? "localhost" : socket.getInetAddress().getHostAddress();
        return (host.contains(":") ? "[" + host.replaceAll("%.*", "") + "]" : host) + ":" + socket.getLocalPort();
    }
}
