package io.pantala.engine;

import io.pantala.proxy.config.HostConfig;
import io.pantala.proxy.config.Key;
import io.pantala.proxy.config.SeedConfig;
import io.pantala.proxy.config.Settings;
import io.pantala.proxy.intercept.CertificateAuthority;
import io.pantala.proxy.node.Host;
import io.pantala.proxy.node.Seed;
import io.pantala.proxy.node.StartException;
import io.pantala.transport.NodeAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/** Pantala's nodes in this process, as the program would start them: one host alone, or a seed and several hosts. */
final class Nodes implements AutoCloseable {
    private final @Nullable Seed seed;
    private final List<Host> hosts;

    private final List<Path> directories;

    private Nodes(@Nullable Seed seed, List<Host> hosts, List<Path> directories) {
        this.seed = seed;
        this.hosts = hosts;
        this.directories = directories;
    }

    /** A host without seeds. */
    static Nodes alone(Path directory, int registryPort) throws StartException {
        Path own = directory.resolve("alone");
        return new Nodes(null, List.of(host(own, registryPort, null)), List.of(own));
    }

    static Nodes swarm(Path directory, int registryPort, int hosts) throws StartException {
        Seed seed = Seed.start(SeedConfig.read(
                settings(directory.resolve("seed"), registryPort, Map.of(Key.SEED_LISTEN, "127.0.0.1:0"))));
        List<Host> started = new ArrayList<>();
        List<Path> directories = new ArrayList<>();
        for (int each = 0; each < hosts; each++) {
            Path own = directory.resolve("host" + each);
            directories.add(own);
            started.add(host(own, registryPort, seed.listen()));
        }
        return new Nodes(seed, started, directories);
    }

    /** Where engines find the n-th host. */
    String mirror(int host) {
        return hosts.get(host).listen().toString();
    }

    /** Where the n-th host's health and metrics are. */
    String admin(int host) {
        return hosts.get(host).admin().toString();
    }

    /** The certificate that engines must trust which use the n-th host as their proxy, once it can intercept. */
    Path authority(int host) {
        Path authority = directories.get(host).resolve(CertificateAuthority.CERTIFICATE_FILE);
        Awaitility.await().until(() -> Files.exists(authority));
        return authority;
    }

    /** What engines are started with that use the n-th host as their proxy, once it can intercept. */
    Map<String, String> proxyEnvironment(int host) {
        Path authority = authority(host);
        String url = "http://" + mirror(host);
        return Map.of(
                "HTTPS_PROXY", url, "HTTP_PROXY", url, "NO_PROXY", "127.0.0.1", "SSL_CERT_FILE", authority.toString());
    }

    /** Where a seed's API is. */
    String seed() {
        if (seed == null) {
            throw new AssertionError("there is no seed");
        }
        return seed.listen().toString();
    }

    @Override
    public void close() {
        hosts.forEach(Host::close);
        if (seed != null) {
            seed.close();
        }
    }

    private static Host host(Path directory, int registryPort, @Nullable NodeAddress seed) throws StartException {
        Map<Key, String> own = new EnumMap<>(Map.of(Key.LISTEN, "127.0.0.1:0"));
        if (seed != null) {
            own.put(Key.SEEDS, seed.toString());
        }
        return Host.start(HostConfig.read(settings(directory, registryPort, own)));
    }

    private static Settings settings(Path directory, int registryPort, Map<Key, String> own) {
        Map<Key, List<String>> flags = new EnumMap<>(Key.class);
        own.forEach((key, value) -> flags.put(key, List.of(value)));
        flags.put(Key.ADMIN_LISTEN, List.of("127.0.0.1:0"));
        flags.put(Key.DATA_DIR, List.of(directory.toString()));
        flags.put(Key.DISK_QUOTA, List.of("1GiB"));
        flags.put(Key.DRAIN_TIMEOUT, List.of("1s"));
        flags.put(Key.UPSTREAM_URL, List.of("docker.io=http://127.0.0.1:" + registryPort));
        return Settings.read(null, flags, Map.of());
    }
}
