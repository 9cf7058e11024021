package io.pantala.proxy.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pantala.registry.FakeRegistry;
import io.pantala.registry.RegistryClient;
import io.pantala.registry.RegistryConfig;
import io.pantala.registry.RegistryListener;
import io.pantala.registry.Upstreams;
import io.pantala.seed.api.PreheatApi;
import io.pantala.seed.http.SeedServer;
import io.pantala.seed.preheat.FakeImage;
import io.pantala.seed.preheat.PreheatConfig;
import io.pantala.seed.preheat.PreheatListener;
import io.pantala.seed.preheat.PreheatState;
import io.pantala.seed.preheat.Preheats;
import io.pantala.seed.preheat.StoringFiller;
import io.pantala.store.BlobStore;
import io.pantala.store.StoreConfig;
import io.pantala.store.StoreListener;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.TestCluster;
import io.pantala.transport.identity.Role;
import io.vertx.core.Vertx;
import java.io.ByteArrayInputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class PreheatCommandTest {
    private static final String IMAGE = "registry.example/team/app:1";

    @TempDir
    Path directory;

    private final FakeRegistry registry = FakeRegistry.start();
    private final FakeImage image = new FakeImage(registry, "team/app");
    private final Vertx vertx = Vertx.vertx();
    private final RegistryClient client = new RegistryClient(
            vertx,
            new Upstreams(List.of(registry.upstream("registry.example"))),
            RegistryConfig.DEFAULT,
            RegistryListener.NONE);
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private BlobStore store;
    private StoringFiller filler;
    private Preheats preheats;
    private SeedServer seed;

    @BeforeEach
    void open() throws Exception {
        store = BlobStore.open(
                new StoreConfig(directory.resolve("store"), OptionalLong.of(100 << 20)),
                StoreListener.NONE,
                Clock.systemUTC());
        filler = new StoringFiller(store, image.blobs());
        preheats = new Preheats(filler, client, PreheatConfig.DEFAULT, PreheatListener.NONE, InstantSource.system());
        seed = SeedServer.start(
                vertx,
                new NodeAddress("127.0.0.1", 0),
                new TestCluster().tls(Role.SEED, "seed"),
                TestCluster.open(),
                List.of(new PreheatApi(vertx, preheats)::mount));
    }

    @AfterEach
    void close() throws Exception {
        seed.close(Duration.ZERO);
        preheats.close();
        registry.close();
        client.close();
        vertx.close().await(10, TimeUnit.SECONDS);
        store.close();
    }

    @Test
    void saysWhenTheWholeImageIsThere() {
        image.manifest("1", image.blob(10), image.blob(2_000_000));

        assertThat(run("", IMAGE)).isZero();

        assertThat(out.toString()).contains(IMAGE + " is there: 2 blobs, 2.00 MB, in ");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void failsWithTheSeedsReason() {
        assertThat(run("", IMAGE)).isEqualTo(1);
        assertThat(err.toString()).isEqualTo("preheat: " + IMAGE + ": the registry has no manifest 1 in team/app\n");
    }

    @Test
    void passesPlatformsOn() {
        image.index("1", Map.of("linux/amd64", image.manifest("a", image.blob(10))));

        assertThat(run("", IMAGE, "--platform", "linux/amd64")).isZero();
        assertThat(run("", IMAGE, "--platform=linux/amd64,linux/s390x")).isEqualTo(1);
        assertThat(err.toString()).contains("there is no image for linux/s390x, only for linux/amd64");
    }

    @Test
    void readsThePasswordFromTheInputAndNeverShowsIt() {
        registry.requireBasic("ann", "s3 cret");
        image.manifest("1", image.blob(10));

        assertThat(run("s3 cret\n", IMAGE, "--username", "ann", "--password-stdin"))
                .isZero();
        assertThat(run("wrong\n", IMAGE, "--username", "ann", "--password-stdin"))
                .isEqualTo(1);
        assertThat(err.toString()).contains("no access to team/app").doesNotContain("wrong");
    }

    @Test
    void printsTheIdAndDoesNotWaitWhenDetached() {
        filler.gate(new CountDownLatch(1));
        image.manifest("1", image.blob(10));

        assertThat(run("", IMAGE, "--detach")).isZero();

        assertThat(preheats.find(out.toString().strip())).isPresent();
    }

    @Test
    void stopsThePreheatWhenItIsInterrupted() throws Exception {
        filler.gate(new CountDownLatch(1));
        image.manifest("1", image.blob(600_000));
        List<Integer> codes = new ArrayList<>();
        Thread command = Thread.ofVirtual().start(() -> codes.add(run("", IMAGE)));
        await().until(() -> out.toString().contains(" of 600 kB"));

        command.interrupt();

        assertThat(command.join(Duration.ofSeconds(20))).isTrue();
        assertThat(codes).containsExactly(130);
        assertThat(err.toString()).contains("cancelled");
        assertThat(preheats.list())
                .singleElement()
                .satisfies(preheat -> assertThat(preheat.state()).isEqualTo(PreheatState.CANCELLED));
    }

    @Test
    void saysWhenNoSeedAnswers() throws Exception {
        int port;
        try (var unused = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = unused.getLocalPort();
        }
        assertThat(execute("", IMAGE, "--seed", "127.0.0.1:" + port)).isEqualTo(1);
        assertThat(err.toString())
                .isEqualTo("preheat: no seed answers at 127.0.0.1:" + port
                        + " (connection refused); --seed says where it is\n");
    }

    @Test
    void saysWhichSettingARegistryNeeds() {
        assertThat(run("", "elsewhere.example/a")).isEqualTo(1);
        assertThat(err.toString()).contains("upstreams.elsewhere.example.url");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "                                     | Missing required parameter: 'IMAGE'",
                "https://nginx                        | no scheme",
                "nginx --platform linux               | not a platform",
                "nginx --seed a:b                     | --seed must read HOST:PORT",
                "nginx --seed 192.0.2.1               | --seed 192.0.2.1 is on another machine",
                "nginx --username ann                 | go together",
                "nginx --password-stdin               | go together",
                "nginx --username a:b --password-stdin | without a colon",
            })
    void wrongUsageIsOneClearLine(String arguments, String said) {
        assertThat(execute("", arguments == null ? new String[0] : arguments.split(" ")))
                .isEqualTo(2);
        assertThat(err.toString()).contains(said).hasLineCount(1);
    }

    private int run(String input, String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.add("--seed=127.0.0.1:" + seed.port());
        return execute(input, all.toArray(String[]::new));
    }

    private int execute(String input, String... arguments) {
        CommandLine program = Pantala.commandLine(Map.of(), new PrintWriter(out), new PrintWriter(err));
        CommandLine command = new CommandLine(
                        new PreheatCommand(Map.of(), new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8))))
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .setParameterExceptionHandler(program.getParameterExceptionHandler())
                .setExecutionExceptionHandler(program.getExecutionExceptionHandler());
        return command.execute(arguments);
    }
}
