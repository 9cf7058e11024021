package io.pantala.examples.rig;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Debian's registry, as a process of its own. */
public final class DockerRegistry implements AutoCloseable {
    private static final String PROGRAM = "docker-registry";

    private final Daemon daemon;
    private final InetSocketAddress address;

    private DockerRegistry(Daemon daemon, InetSocketAddress address) {
        this.daemon = daemon;
        this.address = address;
    }

    /** Serves content that is there. */
    public static DockerRegistry serving(RegistryContent content, Site site, int port, Path logs)
            throws RigException, IOException, InterruptedException {
        return start("registry", content.root(), null, site, port, logs);
    }

    /**
     * Fetches what it is asked for from another registry, and keeps it.
     *
     * @param storage where it keeps that
     */
    public static DockerRegistry pullThrough(URI from, Path storage, Site site, int port, Path logs)
            throws RigException, IOException, InterruptedException {
        return start("pull-through", storage, from, site, port, logs);
    }

    private static DockerRegistry start(String name, Path storage, @Nullable URI from, Site site, int port, Path logs)
            throws RigException, IOException, InterruptedException {
        String program = Tools.path(PROGRAM);
        Path config = logs.resolve(name + ".yml");
        InetSocketAddress address = site.port(port);
        Files.writeString(
                config,
                """
                version: 0.1
                log: {level: warn, formatter: text, accesslog: {disabled: true}}
                storage: {filesystem: {rootdirectory: '%s'}, redirect: {disable: true}}
                http: {addr: '%s', secret: of no use here}
                """.formatted(storage, text(address)) + (from == null ? "" : "proxy: {remoteurl: '" + from + "'}\n"));
        Daemon daemon =
                Daemon.start(site, name, logs.resolve(name + ".log"), List.of(program, "serve", config.toString()));
        try {
            daemon.awaitListening(site, address);
            return new DockerRegistry(daemon, address);
        } catch (IOException | InterruptedException e) {
            daemon.close();
            throw e;
        }
    }

    public Daemon daemon() {
        return daemon;
    }

    public InetSocketAddress address() {
        return address;
    }

    /** Where other programs find it. */
    public URI uri() {
        return URI.create("http://" + text(address));
    }

    private static String text(InetSocketAddress address) {
        return address.getHostString() + ":" + address.getPort();
    }

    @Override
    public void close() {
        daemon.close();
    }
}
