package io.pantala.examples.rig;

import io.pantala.manifest.Digest;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Debian's registry, as a process of its own. */
public final class DockerRegistry implements AutoCloseable {
    private static final String PROGRAM = "docker-registry";

    /** A line of the log that web servers keep: request, status, bytes of the body. */
    private static final Pattern ACCESS = Pattern.compile("\"GET \\S+/blobs/(\\S+) \\S+\" 20[06] (\\d+)");

    private final Daemon daemon;
    private final InetSocketAddress address;
    private final boolean secure;
    private final Path log;

    private DockerRegistry(Daemon daemon, InetSocketAddress address, boolean secure, Path log) {
        this.daemon = daemon;
        this.address = address;
        this.secure = secure;
        this.log = log;
    }

    /** Serves content that is there. */
    public static DockerRegistry serving(RegistryContent content, Site site, int port, Path logs)
            throws RigException, IOException, InterruptedException {
        return start("registry", content.root(), null, null, false, site, port, logs);
    }

    /** Serves content that is there, over TLS. */
    public static DockerRegistry serving(
            RegistryContent content, Site site, int port, Path logs, SelfSigned certificate)
            throws RigException, IOException, InterruptedException {
        return start("registry", content.root(), null, certificate, false, site, port, logs);
    }

    /** Serves content that is there, and counts what it sends, which takes it more work. */
    public static DockerRegistry counting(RegistryContent content, Site site, int port, Path logs)
            throws RigException, IOException, InterruptedException {
        return start("registry", content.root(), null, null, true, site, port, logs);
    }

    /**
     * Fetches what it is asked for from another registry, and keeps it.
     *
     * @param storage where it keeps that
     */
    public static DockerRegistry pullThrough(URI from, Path storage, Site site, int port, Path logs)
            throws RigException, IOException, InterruptedException {
        return start("pull-through", storage, from, null, false, site, port, logs);
    }

    private static DockerRegistry start(
            String name,
            Path storage,
            @Nullable URI from,
            @Nullable SelfSigned certificate,
            boolean counts,
            Site site,
            int port,
            Path logs)
            throws RigException, IOException, InterruptedException {
        String program = Tools.path(PROGRAM);
        Path config = logs.resolve(name + ".yml");
        InetSocketAddress address = site.port(port);
        Files.writeString(
                config,
                """
                version: 0.1
                log: {level: warn, formatter: text, accesslog: {disabled: %s}}
                storage: {filesystem: {rootdirectory: '%s'}, redirect: {disable: true}}
                http: {addr: '%s', secret: of no use here%s}
                """.formatted(!counts, storage, text(address), tls(certificate))
                        + (from == null ? "" : "proxy: {remoteurl: '" + from + "'}\n"));
        Path log = logs.resolve(name + ".log");
        Daemon daemon = Daemon.start(site, name, log, List.of(program, "serve", config.toString()));
        try {
            daemon.awaitListening(site, address);
            return new DockerRegistry(daemon, address, certificate != null, log);
        } catch (IOException | InterruptedException e) {
            daemon.close();
            throw e;
        }
    }

    private static String tls(@Nullable SelfSigned certificate) {
        return certificate == null
                ? ""
                : ", tls: {certificate: '" + certificate.certificate() + "', key: '" + certificate.key() + "'}";
    }

    public Daemon daemon() {
        return daemon;
    }

    public InetSocketAddress address() {
        return address;
    }

    /** How many bytes of a blob it has sent so far; of one that counts, and of answers that have ended. */
    public long sent(Digest blob) throws IOException {
        try (Stream<String> lines = Files.lines(log)) {
            return lines.map(ACCESS::matcher)
                    .filter(access -> access.find() && access.group(1).equals(blob.toString()))
                    .mapToLong(access -> Long.parseLong(access.group(2)))
                    .sum();
        }
    }

    /** Where other programs find it. */
    public URI uri() {
        return URI.create((secure ? "https://" : "http://") + text(address));
    }

    private static String text(InetSocketAddress address) {
        return address.getHostString() + ":" + address.getPort();
    }

    @Override
    public void close() {
        daemon.close();
    }
}
