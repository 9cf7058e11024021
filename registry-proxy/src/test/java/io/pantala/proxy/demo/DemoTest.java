package io.pantala.proxy.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pantala.manifest.Digest;
import io.pantala.manifest.Manifest;
import io.pantala.proxy.config.ByteSize;
import io.pantala.registry.FakeRegistry;
import io.pantala.registry.Fault;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DemoTest {
    private static final ByteSize IMAGE = new ByteSize(1_500_000);
    private static final ByteSize RATE = new ByteSize(20_000_000);

    private final StringWriter shown = new StringWriter();

    @Test
    void theRegistrySendsTheImageOnceAndNothingStaysBehind() throws Exception {
        List<Path> before = workspaces();

        boolean right = Demo.run(new DemoConfig(2, IMAGE, RATE), screen());

        assertThat(shown.toString())
                .contains("Straight from the registry", "Through Pantala", "straight     with Pantala")
                .contains("18 of 18         18 of 18", "2.0 times less", "Every byte was right");
        assertThat(right).isTrue();
        assertThat(workspaces()).isEqualTo(before);
    }

    @Test
    void anInterruptedDemoCleansUp() throws Exception {
        List<Path> before = workspaces();
        Thread demo = Thread.currentThread();
        Screen interrupting = new PlainScreen(new PrintWriter(shown) {
            @Override
            public void println(String line) {
                super.println(line);
                if (line.startsWith("Straight")) {
                    demo.interrupt();
                }
            }
        });

        assertThatThrownBy(() -> Demo.run(new DemoConfig(2, IMAGE, DemoConfig.SLOWEST), interrupting))
                .isInstanceOf(InterruptedException.class);
        assertThat(workspaces()).isEqualTo(before);
    }

    @Test
    void aWrongByteIsNotHushedUp(@TempDir Path directory) throws Exception {
        DemoImage image = DemoImage.create(directory, IMAGE.bytes(), 1);
        try (FakeRegistry registry = FakeRegistry.start()) {
            image.manifests()
                    .forEach((digest, bytes) -> registry.manifest(
                            DemoImage.REPOSITORY, digest.equals(image.index()) ? DemoImage.TAG : "other", "", bytes));
            Digest corrupt = image.blobs().keySet().iterator().next();
            for (Map.Entry<Digest, Path> blob : image.blobs().entrySet()) {
                registry.blob(DemoImage.REPOSITORY, blob.getKey(), Files.readAllBytes(blob.getValue()));
            }
            registry.always(corrupt.toString(), Fault.corruptAt(3));
            Pulls pulls = new Pulls(image, new SharedLink(1), Duration.ofMinutes(1), screen());

            Round round = pulls.run("straight", List.of(registry.url(), registry.url()));

            assertThat(round.failure()).isNull();
            assertThat(round.expected()).isEqualTo(18);
            assertThat(round.verified()).isEqualTo(16);
            assertThat(round.isRight()).isFalse();
            new Summary(screen(), round, round).show();
            assertThat(shown.toString())
                    .contains("FAILED straight: not every digest was right")
                    .doesNotContain("as fast", "Every byte");
        }
    }

    @Test
    void aRegistryThatIsGoneFailsTheRoundWithItsReason(@TempDir Path directory) throws Exception {
        DemoImage image = DemoImage.create(directory, IMAGE.bytes(), 1);
        URI nobody;
        try (DemoRegistry registry = DemoRegistry.start(image, new SharedLink(1))) {
            nobody = registry.uri();
        }

        Round round = new Pulls(image, new SharedLink(1), Duration.ofMinutes(1), screen()).run("x", List.of(nobody));

        assertThat(round.isRight()).isFalse();
        assertThat(round.failure()).isNotNull();
    }

    @Test
    void theImageIsWhatItsManifestSays(@TempDir Path directory) throws Exception {
        DemoImage image = DemoImage.create(directory, IMAGE.bytes(), 1);

        Manifest.Index index = (Manifest.Index) Manifest.parse(bytes(image, image.index()));
        Manifest.Image manifest = (Manifest.Image)
                Manifest.parse(bytes(image, index.manifests().getFirst().digest()));

        assertThat(manifest.blobs()).hasSize(7).allSatisfy(blob -> {
            byte[] stored = Files.readAllBytes(image.blobs().get(blob.digest()));
            assertThat(stored).hasSize((int) blob.size());
            assertThat(Digest.sha256(stored)).isEqualTo(blob.digest());
        });
        String config =
                Files.readString(image.blobs().get(manifest.blobs().getFirst().digest()));
        try (InputStream layer = new GZIPInputStream(Files.newInputStream(
                image.blobs().get(manifest.blobs().getLast().digest())))) {
            byte[] tar = layer.readAllBytes();
            assertThat(config).contains(Digest.sha256(tar).toString());
            assertThat(tar).hasSize(512 + 4096 + 1024);
            assertThat(new String(tar, 257, 5, java.nio.charset.StandardCharsets.US_ASCII))
                    .isEqualTo("ustar");
        }
    }

    @Test
    void aLinkCarriesNoMoreThanItsRate() throws Exception {
        SharedLink link = new SharedLink(1_000_000);
        long start = System.nanoTime();

        for (int i = 0; i < 30; i++) {
            link.carry(10_000);
        }

        // 300 ms at the rate, less what it lets through in a burst
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(250));
        assertThat(link.sent()).isEqualTo(300_000);
    }

    @ParameterizedTest
    @CsvSource({"0,10MB,10MB", "11,10MB,10MB", "5,10kB,10MB", "5,3GB,10MB", "5,10MB,1kB", "5,10MB,2GB"})
    void whatMakesNoSenseIsRefused(int hosts, String image, String rate) {
        assertThatThrownBy(() -> new DemoConfig(hosts, ByteSize.parse(image), ByteSize.parse(rate)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("from ");
    }

    @Test
    void aTerminalIsRedrawnInPlace() {
        Screen screen = Screen.of(new PrintWriter(shown), true, false, false);
        Progress progress = new Progress(2, 100);
        screen.begin("Round");
        screen.draw(progress, 0, Duration.ZERO);
        progress.received(0, 50);
        screen.draw(progress, 7, Duration.ofSeconds(1));

        assertThat(shown.toString())
                .contains("\u001b[3A")
                .contains("host 1  ####################--------------------  50 %")
                .contains("50 B delivered, 7 B sent by the registry, 1.0 s");
    }

    private Screen screen() {
        return Screen.of(new PrintWriter(shown), false, false, false);
    }

    private static byte[] bytes(DemoImage image, Digest digest) {
        return image.manifests().get(digest);
    }

    private static List<Path> workspaces() throws Exception {
        try (Stream<Path> found = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return found.filter(path -> path.getFileName().toString().startsWith("pantala-demo-"))
                    .sorted()
                    .toList();
        }
    }
}
