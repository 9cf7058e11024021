package io.pantala.examples.rig;

import io.pantala.manifest.Descriptor;
import io.pantala.manifest.Digest;
import io.pantala.manifest.Manifest;
import io.pantala.manifest.ManifestException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** Pulls as an engine does, from a registry or through a proxy, and keeps nothing. */
public final class Engine {
    private static final String ACCEPT = "application/vnd.oci.image.manifest.v1+json";
    private static final String BLOB = "application/octet-stream";
    private static final Duration IDLE = Duration.ofSeconds(60);

    private final Site site;
    private final InetSocketAddress registry;
    private final String query;
    private final @Nullable Tls tls;
    private final LongConsumer progress;

    /** What is done with the bytes. */
    public enum Use {
        /** Hashed as they come, as engines do. */
        VERIFY,
        /** Only counted, where hashing would hide what is measured. */
        COUNT
    }

    /**
     * How a pull went. Times are from its start, with connecting.
     *
     * @param headers when the answer's head was there
     * @param firstByte when the body's first byte was there
     */
    public record Pulled(long bytes, Duration headers, Duration firstByte, Duration all) {}

    /**
     * An engine on a site.
     *
     * @param upstream whom a proxy is to ask; null when this is the registry itself
     */
    public Engine(Site site, InetSocketAddress registry, @Nullable String upstream) {
        this(site, registry, upstream, null, _ -> {});
    }

    /** An engine on a site that reaches the registry over TLS, perhaps through a proxy. */
    public static Engine overTls(Site site, InetSocketAddress registry, Tls tls) {
        return new Engine(site, registry, null, tls, _ -> {});
    }

    /**
     * An engine on a site, which is watched.
     *
     * @param upstream whom a proxy is to ask; null when this is the registry itself
     * @param progress is told how many more bytes of blobs have come
     */
    public Engine(Site site, InetSocketAddress registry, @Nullable String upstream, LongConsumer progress) {
        this(site, registry, upstream, null, progress);
    }

    private Engine(
            Site site,
            InetSocketAddress registry,
            @Nullable String upstream,
            @Nullable Tls tls,
            LongConsumer progress) {
        this.site = site;
        this.registry = registry;
        this.query = upstream == null ? "" : "?ns=" + upstream;
        this.tls = tls;
        this.progress = progress;
    }

    /** A connection of its own, to ask for what it likes. */
    public EngineConnection connect() throws IOException, InterruptedException {
        return EngineConnection.open(site, registry, tls, IDLE);
    }

    /** Asks for a manifest over a connection that {@link #connect} gave. */
    public byte[] manifest(EngineConnection connection, String repository, String reference) throws IOException {
        expectOk(manifestHead(connection, repository, reference), reference);
        return connection.readAll();
    }

    private EngineConnection.Head manifestHead(EngineConnection connection, String repository, String reference)
            throws IOException {
        return connection.get("/v2/" + repository + "/manifests/" + reference + query, Map.of("Accept", ACCEPT));
    }

    /** Pulls one blob over a new connection. */
    public Pulled blob(String repository, Digest digest, Use use) throws IOException, InterruptedException {
        long start = System.nanoTime();
        try (EngineConnection connection = connect()) {
            return blob(connection, repository, digest, use, start);
        }
    }

    /** Pulls one blob several times at once, each over a new connection; times are those of the last to come. */
    public Pulled several(String repository, Digest digest, int times, Use use)
            throws IOException, InterruptedException {
        long start = System.nanoTime();
        List<Pulled> pulled = Together.run(times, () -> blob(repository, digest, use));
        return new Pulled(
                pulled.stream().mapToLong(Pulled::bytes).sum(),
                Collections.max(pulled.stream().map(Pulled::headers).toList()),
                Collections.max(pulled.stream().map(Pulled::firstByte).toList()),
                since(start));
    }

    /**
     * Pulls an image: its manifest, then its blobs over a few connections at once.
     *
     * @return times of the manifest, but for the last
     */
    public Pulled image(String repository, String tag, int connections, Use use)
            throws IOException, InterruptedException {
        long start = System.nanoTime();
        byte[] manifest;
        Duration headers;
        try (EngineConnection connection = connect()) {
            expectOk(manifestHead(connection, repository, tag), tag);
            headers = since(start);
            manifest = connection.readAll();
        }
        Duration first = since(start);
        Queue<Digest> wanted = new ConcurrentLinkedQueue<>(digests(manifest));
        long bytes = Together.run(connections, () -> blobs(repository, wanted, use)).stream()
                .mapToLong(Long::longValue)
                .sum();
        return new Pulled(bytes, headers, first, since(start));
    }

    private long blobs(String repository, Queue<Digest> wanted, Use use) throws IOException, InterruptedException {
        long bytes = 0;
        try (EngineConnection connection = connect()) {
            for (Digest next = wanted.poll(); next != null; next = wanted.poll()) {
                bytes += blob(connection, repository, next, use, System.nanoTime())
                        .bytes();
            }
        }
        return bytes;
    }

    private Pulled blob(EngineConnection connection, String repository, Digest digest, Use use, long start)
            throws IOException {
        EngineConnection.Head head =
                connection.get("/v2/" + repository + "/blobs/" + digest + query, Map.of("Accept", BLOB));
        Duration headers = since(start);
        expectOk(head, digest.toString());
        MessageDigest sha256 = use == Use.VERIFY ? Digest.newSha256() : null;
        long bytes = 0;
        Duration first = headers;
        for (ByteBuffer next = connection.next(); next != null; next = connection.next()) {
            if (bytes == 0) {
                first = since(start);
            }
            bytes += next.remaining();
            progress.accept(next.remaining());
            if (sha256 != null) {
                sha256.update(next);
            }
        }
        if (sha256 != null && !Digest.ofSha256(sha256.digest()).equals(digest)) {
            throw new IOException("wrong bytes came for " + digest);
        }
        return new Pulled(bytes, headers, first, since(start));
    }

    private static List<Digest> digests(byte[] manifest) throws IOException {
        try {
            if (Manifest.parse(manifest) instanceof Manifest.Image image) {
                return image.blobs().stream().map(Descriptor::digest).toList();
            }
            throw new IOException("it is not the manifest of an image");
        } catch (ManifestException e) {
            throw new IOException("not a manifest: " + e.getMessage(), e);
        }
    }

    private static void expectOk(EngineConnection.Head head, String what) throws IOException {
        if (head.status() != 200) {
            throw new IOException(what + " was answered with " + head.status());
        }
    }

    private static Duration since(long start) {
        return Duration.ofNanos(System.nanoTime() - start);
    }
}
