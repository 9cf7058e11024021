package io.pantala.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pantala.faults.Cluster.Topology;
import io.pantala.manifest.Digest;
import io.pantala.proxy.http.RawClient;
import io.pantala.proxy.node.Tuning;
import io.pantala.registry.FakeRegistry;
import io.pantala.registry.Fault;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an engine gets when the seed fails, or the link to it: the right bytes, always, while the registry is well. */
@Timeout(60)
class SeedFaultTest {
    private static final int SIZE = 6_000_000;
    private static final int BLOCK = 256 << 10;

    @TempDir
    Path directory;

    private final byte[] content = content();
    private final FakeRegistry registry = FakeRegistry.start();
    private final Digest digest = registry.blob("a/b", content);

    @AfterEach
    void stop() {
        registry.close();
    }

    @Test
    void notThereAtTheStart() throws Exception {
        try (Cluster nodes = cluster(Tuning.DEFAULT)) {
            nodes.link().down(true);
            nodes.startHost();

            assertThat(pull(nodes)).isEqualTo(new Outcome.Right());
            assertThat(registry.bytesSent(digest)).isEqualTo(SIZE);
        }
    }

    @Test
    void hungAtTheStart() throws Exception {
        try (Cluster nodes = cluster(Tuning.DEFAULT)) {
            nodes.link().hang();
            nodes.startHost();

            assertThat(pull(nodes)).isEqualTo(new Outcome.Right());
            assertThat(registry.bytesSent(digest)).isEqualTo(SIZE);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, SIZE / 3, SIZE - 100})
    void hungInTheMiddle(int after) throws Exception {
        try (Cluster nodes = cluster(Tunings.HASTY).start()) {
            nodes.engine().reply("GET", "/v2/");
            nodes.link().hangAfter(after);

            assertThat(pull(nodes)).isEqualTo(new Outcome.Right());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, SIZE / 3, SIZE - 100})
    void killedInTheMiddle(int after) throws Exception {
        try (Cluster nodes = cluster(Tunings.HASTY).start()) {
            nodes.link().hangAfter(after);
            CompletableFuture<Outcome> pull = begin(nodes);
            nodes.link().awaitHanging();

            nodes.killSeed();

            assertThat(pull.get(30, TimeUnit.SECONDS)).isEqualTo(new Outcome.Right());
        }
    }

    @Test
    void killedInTheMiddleOfItsBackfill() throws Exception {
        registry.next(digest.toString(), Fault.none(), Fault.stallAfter(700_000));
        try (Cluster nodes = cluster(Tunings.HASTY).start()) {
            CompletableFuture<Outcome> pull = begin(nodes);
            await().until(() -> registry.bytesSent(digest) >= 700_000);

            nodes.killSeed();

            assertThat(pull.get(30, TimeUnit.SECONDS)).isEqualTo(new Outcome.Right());
        }
    }

    @Test
    void slow() throws Exception {
        try (Cluster nodes = cluster(Tunings.HASTY).start()) {
            nodes.link().slow(50_000);

            assertThat(pull(nodes)).isEqualTo(new Outcome.Right());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void linkCutAgainAndAgain(boolean reset) throws Exception {
        registry.rate(10_000_000);
        try (Cluster nodes = cluster(Tunings.PATIENT).start()) {
            CompletableFuture<Outcome> pull = begin(nodes);
            for (long passed = 1_000_000; passed < SIZE; passed += 1_000_000) {
                long enough = passed;
                await().until(() -> pull.isDone() || nodes.link().answered() >= enough);
                nodes.link().cut(reset);
            }

            assertThat(pull.get(30, TimeUnit.SECONDS)).isEqualTo(new Outcome.Right());
            assertThat(registry.bytesSent(digest)).isEqualTo(SIZE);
        }
    }

    @Test
    void restartedWithHalfABlob() throws Exception {
        restarted(false);
        assertThat(registry.bytesSent(digest)).isLessThan(SIZE + 2_000_000L);
    }

    @Test
    void restartedEmpty() throws Exception {
        restarted(true);
        assertThat(registry.bytesSent(digest)).isLessThanOrEqualTo(2L * SIZE);
    }

    private void restarted(boolean empty) throws Exception {
        registry.rate(20_000_000);
        try (Cluster nodes = cluster(Tunings.PATIENT).start()) {
            nodes.link().hangAfter(SIZE / 3);
            CompletableFuture<Outcome> pull = begin(nodes);
            nodes.link().awaitHanging();
            nodes.killSeed();
            if (empty) {
                BlobFiles.delete(nodes.directory("seed"));
            }

            nodes.startSeed();

            assertThat(pull.get(30, TimeUnit.SECONDS)).isEqualTo(new Outcome.Right());
        }
    }

    @Test
    void aBlockOnItsDiskIsCorrupt() throws Exception {
        try (Cluster nodes = cluster(Tunings.PATIENT).start()) {
            assertThat(pull(nodes)).isEqualTo(new Outcome.Right());
            nodes.stopHost();
            nodes.killSeed();
            BlobFiles.complete(nodes.directory("seed"), digest).flip(5 * BLOCK + 17);
            BlobFiles.delete(nodes.directory("host"));
            nodes.startSeed();
            nodes.startHost();

            assertThat(pull(nodes)).isEqualTo(new Outcome.Right());

            // Both fetch the block that is lost, whoever notices first.
            assertThat(registry.bytesSent(digest))
                    .as("%s", registry.requests())
                    .isBetween((long) SIZE, SIZE + 2L * BLOCK);
        }
    }

    /**
     * It vouches for wrong bytes, and what has been sent of them can't be unsent. But the host hashes the whole before the
     * last block leaves: the reply ends early, and nobody has to ask that seed again.
     */
    @Test
    void answersWithWrongHashes() throws Exception {
        try (Cluster nodes = cluster(Tunings.PATIENT).start()) {
            nodes.haveSeedLie("a/b", digest, content);
            String target = "/v2/a/b/blobs/" + digest;

            RawClient.Reply first = nodes.engine().reply("GET", target);

            assertThat(first.status()).isEqualTo(200);
            assertThat(first.whole()).isFalse();
            // An engine that resumes gets the rest as it is; that it began with something else, its own hash tells.
            int came = first.body().length;
            assertThat(nodes.engine("Range: bytes=" + came + "-")
                            .reply("GET", target)
                            .body())
                    .isEqualTo(Arrays.copyOfRange(content, came, SIZE));
            assertThat(pull(nodes)).isEqualTo(new Outcome.Right());
        }
    }

    /** All who ask at once are cut short, and all who ask then get it right. */
    @Test
    void answersManyWithWrongHashes() throws Exception {
        try (Cluster nodes = cluster(Tunings.PATIENT).start()) {
            nodes.haveSeedLie("a/b", digest, content);
            List<CompletableFuture<Outcome>> pulls =
                    Stream.generate(() -> begin(nodes)).limit(5).toList();

            for (CompletableFuture<Outcome> pull : pulls) {
                assertThat(pull.get(30, TimeUnit.SECONDS)).isInstanceOfAny(Outcome.CutShort.class, Outcome.Right.class);
            }

            assertThat(pull(nodes)).isEqualTo(new Outcome.Right());
        }
    }

    private Cluster cluster(Tuning tuning) {
        return new Cluster(directory, Topology.WITH_SEED, tuning)
                .upstream("registry.example", registry.url().toString());
    }

    private Outcome pull(Cluster nodes) throws IOException {
        return nodes.engine().blob("a/b", digest);
    }

    private CompletableFuture<Outcome> begin(Cluster nodes) {
        StrictEngine engine = nodes.engine();
        return CompletableFuture.supplyAsync(() -> {
            try {
                return engine.blob("a/b", digest);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static byte[] content() {
        byte[] content = new byte[SIZE];
        new Random(SIZE).nextBytes(content);
        return content;
    }
}
