package io.pantala.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pantala.engine.EngineTest.Kind;
import io.pantala.engine.RegistryTap.Exchange;
import io.pantala.faults.Cluster;
import io.pantala.faults.Cluster.Topology;
import io.pantala.faults.SmallDisk;
import io.pantala.faults.Tunings;
import io.pantala.manifest.Digest;
import io.pantala.manifest.Platform;
import io.pantala.proxy.node.Tuning;
import io.pantala.registry.FakeRegistry;
import io.pantala.registry.Fault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What real engines make of the faults that matter most: each row is a fault of the registry or the seed while one layer is
 * pulled, and what each engine comes to. They all pull at once, each through nodes of its own.
 */
@Tag("engine")
@Timeout(120)
class EngineFaultTest {
    private static final Logger log = LoggerFactory.getLogger(EngineFaultTest.class);
    private static final String RIGHT = "right";
    private static final String RIGHT_AT_ONCE = "200 " + RIGHT;
    private static final int SIZE = 4_000_000;
    private static final int CAME = 700_000;
    private static final long DISK = 32 << 20;
    private static final Duration PATIENCE = Duration.ofSeconds(100);

    @TempDir
    Path directory;

    private TestImage image;
    private Digest layer;

    /**
     * What goes wrong with the layer. The registry is well again as soon as an engine has got some of the layer and not all of
     * it, or was refused it twice, or its pull has failed.
     */
    private enum Trouble {
        CUT_BY_FIN,
        CUT_BY_RST,
        CORRUPT,
        STATUS_403,
        STATUS_503,
        STATUS_429,
        HEADERS_THEN_SILENCE,
        RANGE_IGNORED,
        GZIP,
        URL_EXPIRED,
        STORAGE_REFUSES,
        HOST_DISK_FULL,
        SEED_KILLED,
        SEED_HUNG,
        SEED_LIES;

        /** What the registry's answers suffer. */
        Fault fault() {
            return switch (this) {
                case CUT_BY_FIN -> Fault.cutAfter(CAME);
                case CUT_BY_RST -> Fault.resetAfter(CAME);
                case CORRUPT -> Fault.corruptAt(SIZE / 2);
                case STATUS_403, STORAGE_REFUSES -> Fault.status(403);
                case STATUS_503 -> Fault.status(503);
                case STATUS_429 -> Fault.status(429, Map.of("Retry-After", "4"));
                case HEADERS_THEN_SILENCE -> Fault.stallAfter(0);
                case RANGE_IGNORED -> Fault.ignoreRange();
                case GZIP -> Fault.gzip();
                case URL_EXPIRED, HOST_DISK_FULL, SEED_KILLED, SEED_HUNG, SEED_LIES -> Fault.none();
            };
        }

        Topology topology() {
            return this == SEED_KILLED || this == SEED_HUNG || this == SEED_LIES ? Topology.WITH_SEED : Topology.ALONE;
        }

        Tuning tuning() {
            return this == HEADERS_THEN_SILENCE || this == STATUS_429 || this == SEED_HUNG
                    ? Tunings.BRISK
                    : Tunings.PATIENT;
        }
    }

    @BeforeEach
    void writeImage() throws IOException {
        for (String program : List.of("skopeo", "podman", "containerd", "ctr", "dockerd", "docker")) {
            Programs.find(program);
        }
        Programs.needRoot();
        image = TestImage.write(directory.resolve("layout"), "library/probe", "1", 1, SIZE);
        layer = image.amd64().layers().entrySet().stream()
                .filter(each -> each.getValue() >= SIZE)
                .findFirst()
                .orElseThrow()
                .getKey();
    }

    /**
     * In each cell: what the engine is answered when it asks for the layer, time and again, and whether its pull is right,
     * or has failed, or it went on elsewhere; and then what comes of the next pull, where one is needed.
     */
    @ParameterizedTest
    @Execution(ExecutionMode.CONCURRENT)
    @CsvSource(delimiter = '|', textBlock = """
    # trouble            | skopeo                  | podman                  | containerd                 | dockerd
    CUT_BY_FIN           | 200 right               | 200 right               | 200 right                  | 200 right
    CUT_BY_RST           | 200 right               | 200 right               | 200 right                  | 200 right
    RANGE_IGNORED        | 200 right               | 200 right               | 200 right                  | 200 right
    GZIP                 | 200 right               | 200 right               | 200 right                  | 200 right
    URL_EXPIRED          | 200 right               | 200 right               | 200 right                  | 200 right
    HOST_DISK_FULL       | 200 right               | 200 right               | 200 right                  | 200 right
    SEED_HUNG            | 200 right               | 200 right               | 200 right                  | 200 right
    SEED_KILLED          | 200 right               | 200 right               | 200 right                  | 200 right
    HEADERS_THEN_SILENCE | cut failed, 200 right   | cut failed, 200 right   | cut 200 right              | cut 200 right
    CORRUPT              | cut failed, 200 right   | cut failed, 200 right   | cut 206 failed, 200 right  | cut 206 200 right
    SEED_LIES            | cut failed, 200 right   | cut failed, 200 right   | cut 206 failed, 200 right  | cut 206 200 right
    STATUS_403           | 403 failed, 200 right   | 403 failed, 200 right   | 403 elsewhere, 200 right   | 403 403 elsewhere, 200 right
    STORAGE_REFUSES      | 403 failed, 200 right   | 403 failed, 200 right   | 403 elsewhere, 200 right   | 403 403 elsewhere, 200 right
    STATUS_503           | 503 failed, 200 right   | 503 failed, 200 right   | 503 elsewhere, 200 right   | 503 503 200 right
    STATUS_429           | 429 429 200 right       | 429 429 200 right       | 429 429 200 right          | 429 429 elsewhere, 200 right
    """)
    void eachEngineEndsAsItsKindDoes(Trouble trouble, String skopeo, String podman, String containerd, String dockerd)
            throws Exception {
        Map<Kind, String> expected = new EnumMap<>(
                Map.of(Kind.SKOPEO, skopeo, Kind.PODMAN, podman, Kind.CONTAINERD, containerd, Kind.DOCKERD, dockerd));
        Map<Kind, String> got = new EnumMap<>(Kind.class);
        try (ExecutorService pulls = Executors.newVirtualThreadPerTaskExecutor()) {
            Map<Kind, Future<String>> running = expected.keySet().stream()
                    .collect(Collectors.toMap(
                            kind -> kind, kind -> pulls.submit((Callable<String>) () -> pull(kind, trouble))));
            for (Map.Entry<Kind, Future<String>> each : running.entrySet()) {
                got.put(each.getKey(), each.getValue().get());
            }
        }
        if (trouble == Trouble.SEED_LIES) {
            // A host that has all, and has found the lie, before an engine takes the first byte has nothing to take
            // back.
            got.replaceAll((kind, answers) -> answers.equals(RIGHT_AT_ONCE) ? expected.get(kind) : answers);
        }
        assertThat(got).isEqualTo(expected);
    }

    private String pull(Kind kind, Trouble trouble) throws Exception {
        Path own = Files.createDirectories(directory.resolve(kind.name()));
        try (FakeRegistry registry = filled(trouble);
                SmallDisk disk = SmallDisk.mount(own.resolve("nodes"), DISK);
                Cluster nodes = start(own, trouble, registry);
                RegistryTap tap = RegistryTap.start(nodes.port());
                RefusingProxy elsewhere = RefusingProxy.start();
                Engine engine = kind.startBehind(
                        Files.createDirectories(own.resolve("engine")), "127.0.0.1:" + tap.port(), elsewhere, "")) {
            registry.always(layer.toString(), trouble.fault());
            var refusals = new AtomicInteger();
            tap.onEnd(exchange -> {
                if (isOfLayer(exchange) && (!exchange.whole() || isSecondRefusal(exchange, refusals))) {
                    registry.always(layer.toString(), Fault.none());
                }
            });
            begin(trouble, registry, nodes, disk);
            String first = pull(engine, tap, elsewhere);
            if (trouble == Trouble.SEED_HUNG) {
                nodes.awaitSeedHanging();
            }
            if (first.endsWith(RIGHT)) {
                return first;
            }
            registry.always(layer.toString(), Fault.none());
            return first + ", " + nextPull(engine, tap, elsewhere);
        }
    }

    /** What is no answer of the registry begins to go wrong, or will in the middle of the layer. */
    private void begin(Trouble trouble, FakeRegistry registry, Cluster nodes, SmallDisk disk) throws IOException {
        switch (trouble) {
            case URL_EXPIRED -> registry.next(layer.toString(), Fault.cutAfter(CAME), Fault.status(403));
            case HOST_DISK_FULL -> disk.leave(CAME);
            case SEED_KILLED -> inTheMiddle(registry, nodes::killSeed);
            case SEED_HUNG -> nodes.hangSeedAfter(CAME);
            default -> {}
        }
    }

    private Cluster start(Path own, Trouble trouble, FakeRegistry registry) throws Exception {
        Cluster nodes = new Cluster(own.resolve("nodes"), trouble.topology(), trouble.tuning())
                .upstream("docker.io", registry.url().toString())
                .start();
        if (trouble == Trouble.SEED_LIES) {
            nodes.haveSeedLie(image.repository(), layer, content(layer));
        }
        return nodes;
    }

    /**
     * The first that asks for the layer and is not told the same refusal: containerd keeps what it found wrong, and asks for
     * nothing, until it tidies up; and a host remembers for a moment what a registry refused.
     */
    private String nextPull(Engine engine, RegistryTap tap, RefusingProxy elsewhere) {
        return await().atMost(PATIENCE)
                .until(() -> pull(engine, tap, elsewhere), next -> !next.equals("failed") && !next.startsWith("403"));
    }

    private String pull(Engine engine, RegistryTap tap, RefusingProxy elsewhere) throws Exception {
        tap.forget();
        String end = RIGHT;
        try {
            engine.pull(image);
        } catch (AssertionError e) {
            log.info("An engine's pull has failed", e);
            end = elsewhere.asked().isEmpty() ? "failed" : "elsewhere";
        }
        String answers = tap.exchanges().stream()
                .filter(this::isOfLayer)
                .map(exchange -> exchange.whole() ? exchange.status() + " " : "cut ")
                .collect(Collectors.joining());
        return answers + end;
    }

    /** The registry's connection ends there. */
    private void inTheMiddle(FakeRegistry registry, Runnable happens) {
        var gate = new CountDownLatch(1);
        registry.always(layer.toString(), Fault.cutAfter(CAME, gate));
        Thread.ofVirtual().name("in-the-middle").start(() -> {
            await().atMost(PATIENCE).until(() -> registry.bytesSent(layer) >= CAME);
            registry.always(layer.toString(), Fault.none());
            happens.run();
            gate.countDown();
        });
    }

    private boolean isOfLayer(Exchange exchange) {
        return exchange.target().contains(layer.toString());
    }

    /** Of some engines, a first refusal only tells that the length is not to be had. */
    private static boolean isSecondRefusal(Exchange exchange, AtomicInteger refusals) {
        return exchange.status() >= 400 && refusals.incrementAndGet() == 2;
    }

    /** A registry that has the image, as it was built. */
    private FakeRegistry filled(Trouble trouble) throws IOException {
        FakeRegistry registry = FakeRegistry.start();
        if (trouble == Trouble.URL_EXPIRED || trouble == Trouble.STORAGE_REFUSES) {
            registry.redirecting();
        }
        try (Stream<Path> blobs = Files.list(image.layout().resolve("blobs/sha256"))) {
            for (Path blob : blobs.toList()) {
                registry.blob(image.repository(), Files.readAllBytes(blob));
            }
        }
        for (Platform platform : image.platforms().keySet()) {
            Digest manifest = image.platforms().get(platform).manifest();
            registry.manifest(image.repository(), platform.architecture(), TestImage.MANIFEST, content(manifest));
        }
        registry.manifest(image.repository(), image.tag(), TestImage.INDEX, content(image.index()));
        return registry;
    }

    private byte[] content(Digest digest) throws IOException {
        return Files.readAllBytes(image.layout().resolve("blobs/sha256").resolve(digest.encoded()));
    }
}
