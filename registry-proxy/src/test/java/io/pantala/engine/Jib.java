package io.pantala.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.cloud.tools.jib.api.Containerizer;
import com.google.cloud.tools.jib.api.RegistryImage;
import com.google.cloud.tools.jib.api.TarImage;
import io.pantala.manifest.Digest;
import io.pantala.manifest.Platform;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** jib-core, in a JVM of its own, since proxies and whom to trust are a JVM's. */
final class Jib implements Engine {
    private static final String PASSWORD = "changeit";

    private final Path directory;
    private final String mirror;
    private final String user;
    private final List<String> options;
    private int pulls;

    private Jib(Path directory, String mirror, String user, List<String> options) {
        this.directory = directory;
        this.mirror = mirror;
        this.user = user;
        this.options = options;
    }

    /**
     * @param mirror {@code host:port}
     */
    static Jib configure(Path directory, String mirror) {
        return new Jib(directory, mirror, "", List.of());
    }

    /**
     * One without a mirror.
     *
     * @param environment that says to others which proxy to use and whom to trust
     * @param user {@code name:password}; empty for nobody
     */
    static Jib proxied(Path directory, Map<String, String> environment, String user) throws IOException {
        URI proxy = URI.create(environment.get("HTTPS_PROXY"));
        Path trusted = trust(directory, Path.of(environment.get("SSL_CERT_FILE")));
        List<String> options = List.of(
                "-Dhttps.proxyHost=" + proxy.getHost(),
                "-Dhttps.proxyPort=" + proxy.getPort(),
                "-Dhttp.proxyHost=" + proxy.getHost(),
                "-Dhttp.proxyPort=" + proxy.getPort(),
                "-Djavax.net.ssl.trustStore=" + trusted,
                "-Djavax.net.ssl.trustStorePassword=" + PASSWORD,
                "-DsendCredentialsOverHttp=true");
        return new Jib(directory, "", user, options);
    }

    private static Path trust(Path directory, Path authority) throws IOException {
        Path file = directory.resolve("trusted.p12");
        try (InputStream pem = Files.newInputStream(authority);
                OutputStream out = Files.newOutputStream(file)) {
            KeyStore trusted = KeyStore.getInstance("PKCS12");
            trusted.load(null, null);
            for (Certificate each : CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
                trusted.setCertificateEntry("authority" + trusted.size(), each);
            }
            trusted.store(out, PASSWORD.toCharArray());
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        }
        return file;
    }

    @Override
    public void pull(TestImage image, String name, Platform platform) throws IOException {
        Path cache = directory.resolve("cache" + pulls++);
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Jib.class.getName()));
        command.addAll(List.of(directory.toString(), cache.toString(), mirror, user, name, platform.architecture()));
        Command.run(Map.of(), command).orFail();
        for (Map.Entry<Digest, Long> layer :
                image.platforms().get(platform).layers().entrySet()) {
            Path entry = cache.resolve("layers").resolve(layer.getKey().encoded());
            try (Stream<Path> files = Files.list(entry)) {
                assertThat(Digest.sha256(Files.readAllBytes(files.findFirst().orElseThrow())))
                        .isEqualTo(layer.getKey());
            }
        }
    }

    /** Pulls one image. */
    public static void main(String[] arguments) throws Exception {
        Path directory = Path.of(arguments[0]);
        String mirror = arguments[2];
        String[] user = arguments[3].split(":", 2);
        RegistryImage base = RegistryImage.named(arguments[4]);
        Containerizer to = Containerizer.to(
                        TarImage.at(directory.resolve("image.tar")).named("probe"))
                .setBaseImageLayersCache(Path.of(arguments[1]))
                .setApplicationLayersCache(directory.resolve("application"));
        if (user.length == 2) {
            base.addCredential(user[0], user[1]);
            // The tests' token service speaks plain HTTP. Else nothing is insecure behind a proxy.
            to.setAllowInsecureRegistries(true);
        }
        if (!mirror.isEmpty()) {
            to.setAllowInsecureRegistries(true).addRegistryMirrors("registry-1.docker.io", List.of(mirror));
        }
        com.google.cloud.tools.jib.api.Jib.from(base)
                .setPlatforms(Set.of(
                        new com.google.cloud.tools.jib.api.buildplan.Platform(arguments[5], TestImage.AMD64.os())))
                .containerize(to);
    }

    @Override
    public void forget(TestImage image) throws IOException {
        // Each pull has a cache of its own.
    }

    @Override
    public void close() {}
}
