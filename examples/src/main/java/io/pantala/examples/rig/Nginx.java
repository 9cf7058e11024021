package io.pantala.examples.rig;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** nginx with one worker in one process, as Debian configures it, serving the files of a directory. */
public final class Nginx implements AutoCloseable {
    private final Daemon daemon;
    private final InetSocketAddress address;

    private Nginx(Daemon daemon, InetSocketAddress address) {
        this.daemon = daemon;
        this.address = address;
    }

    /**
     * Serves what is below a directory.
     *
     * @param work a directory of its own
     */
    public static Nginx serving(Path files, Site site, int port, Path work)
            throws RigException, IOException, InterruptedException {
        String program = Tools.path("nginx");
        InetSocketAddress address = site.port(port);
        Path config = work.resolve("nginx.conf");
        Files.writeString(config, """
                daemon off;
                master_process off;
                pid %1$s/nginx.pid;
                error_log stderr warn;
                user root;
                events { worker_connections 768; }
                http {
                    access_log off;
                    sendfile on;
                    tcp_nopush on;
                    client_body_temp_path %1$s/body;
                    proxy_temp_path %1$s/proxy;
                    fastcgi_temp_path %1$s/fastcgi;
                    uwsgi_temp_path %1$s/uwsgi;
                    scgi_temp_path %1$s/scgi;
                    server {
                        listen %2$s:%3$d;
                        root %4$s;
                    }
                }
                """.formatted(work, address.getHostString(), address.getPort(), files));
        Daemon daemon = Daemon.start(
                site,
                "nginx",
                work.resolve("nginx.log"),
                List.of(program, "-p", work.toString(), "-e", "stderr", "-c", config.toString()));
        try {
            daemon.awaitListening(site, address);
            return new Nginx(daemon, address);
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

    @Override
    public void close() {
        daemon.close();
    }
}
