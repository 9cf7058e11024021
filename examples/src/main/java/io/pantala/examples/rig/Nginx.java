package io.pantala.examples.rig;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

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
        return serving(files, site, port, work, null);
    }

    /**
     * Serves what is below a directory, over TLS 1.3 with the cipher that Pantala's nodes choose.
     *
     * @param work a directory of its own
     * @param certificate null: over plain HTTP
     */
    public static Nginx serving(Path files, Site site, int port, Path work, @Nullable SelfSigned certificate)
            throws RigException, IOException, InterruptedException {
        String program = Tools.path("nginx");
        InetSocketAddress address = site.port(port);
        Path config = work.resolve("nginx.conf");
        Files.writeString(
                config, """
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
                        listen %2$s:%3$d%5$s;
                        root %4$s;
                    }
                }
                """.formatted(work, address.getHostString(), address.getPort(), files, tls(certificate)));
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

    /** What follows the address to listen at. */
    private static String tls(@Nullable SelfSigned certificate) {
        return certificate == null ? "" : """
                 ssl;
                ssl_certificate %s;
                ssl_certificate_key %s;
                ssl_protocols TLSv1.3;
                ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256""".formatted(certificate.certificate(), certificate.key());
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
