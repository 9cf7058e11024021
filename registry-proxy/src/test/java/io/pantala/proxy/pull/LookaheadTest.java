package io.pantala.proxy.pull;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pantala.manifest.Digest;
import io.pantala.proxy.http.RawClient;
import io.pantala.registry.Exchange;
import io.pantala.registry.Fault;
import io.pantala.swarm.FillRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is fetched for engines before they ask for it. */
@Timeout(60)
@SuppressWarnings("NullAway.Init")
class LookaheadTest {
    private static final String TYPE = "application/vnd.oci.image.manifest.v1+json";

    @TempDir
    private Path directory;

    /** A config and six layers. */
    private final List<byte[]> blobs =
            IntStream.range(0, 7).mapToObj(i -> Host.content(300_000 + i)).toList();

    private final CountDownLatch gate = new CountDownLatch(1);
    private Host host;
    private int port;

    @BeforeEach
    void prepare() throws Exception {
        host = new Host(directory);
        List<String> layers = new ArrayList<>();
        for (byte[] blob : blobs) {
            layers.add(descriptor(host.registry.blob("a/b", blob), blob.length));
        }
        manifest("1", layers);
        port = host.start(host.backfills(directory.resolve("spool")));
    }

    @AfterEach
    void stop() {
        gate.countDown();
        host.close();
    }

    @Test
    void fetchesTheNextTwoLayersWhileOneIsRead() throws Exception {
        host.registry.next(target(1), Fault.holdAfter(1000, gate));
        try (var engine = new RawClient(port)) {
            engine.get("/v2/a/b/manifests/1").reply();
            engine.get(target(1)).head();

            await().until(() -> isFetched(2) && isFetched(3));
            assertThat(asked()).containsExactlyInAnyOrder(1, 2, 3);
            gate.countDown();
            engine.read(blobs.get(1).length);
            for (int i = 2; i < blobs.size(); i++) {
                assertThat(engine.get(target(i)).reply().body()).isEqualTo(blobs.get(i));
            }
        }
        for (int i = 1; i < blobs.size(); i++) {
            assertThat(host.registry.bytesSent(Digest.sha256(blobs.get(i)))).isEqualTo(blobs.get(i).length);
        }
    }

    @Test
    void fetchesNothingForAnEngineThatOnlyLooks() throws Exception {
        try (var engine = new RawClient(port)) {
            engine.request("HEAD", "/v2/a/b/manifests/1").reply(true);
            engine.get("/v2/a/b/manifests/1").reply();
            assertThat(engine.get(target(0)).reply().body()).isEqualTo(blobs.getFirst());
            engine.request("HEAD", target(1)).reply(true);
            assertThat(engine.get(target(6)).reply().body()).isEqualTo(blobs.get(6));
        }
        assertThat(asked()).containsOnly(0, 6);
    }

    /** Snapshotters that mount an image before it is there read bits of layers, and want no more. */
    @Test
    void fetchesNothingForAnEngineThatReadsPartsOfLayers() throws Exception {
        ScriptedFiller filler = ScriptedFiller.filling(host.store, blobs.get(1));
        try (RawClient engine = host.engine(filler)) {
            engine.get("/v2/a/b/manifests/1").reply();
            assertThat(engine.get(target(1), "Range: bytes=0-9").reply().status())
                    .isEqualTo(206);
        }
        assertThat(wanted(filler)).containsOnlyOnce(Digest.sha256(blobs.get(1))).doesNotContain(digest(2));
    }

    @Test
    void givesUpWhatItBeganWhenTheEngineLeaves() throws Exception {
        ScriptedFiller filler = ScriptedFiller.opening(host.store, blobs.get(1));
        int scripted = host.start(filler);
        try (var engine = new RawClient(port)) {
            // The manifest is stored from here on, so that the other filler hears of layers alone.
            engine.get("/v2/a/b/manifests/1").reply();
        }
        try (var engine = new RawClient(scripted)) {
            engine.get("/v2/a/b/manifests/1").reply();
            engine.get(target(1)).head();
            await().until(() -> filler.parties.get() == 3);
            assertThat(wanted(filler)).containsExactly(digest(1), digest(2), digest(3));
        }
        await().until(() -> filler.parties.get() == 0);
    }

    @Test
    void leavesOutWhatIsThereAndWhatIsElsewhereAndWhatWouldTakeTooMuchOfTheDisk() throws Exception {
        String url = ",\"urls\":[\"https://elsewhere.example/x\"]";
        manifest(
                "2",
                List.of(
                        descriptor(digest(0), 1),
                        descriptor(digest(1), 1),
                        descriptor(digest(1), 1),
                        descriptor(digest(2), 1).replace("}", url + "}"),
                        descriptor(digest(3), 1L << 28),
                        descriptor(digest(4), 1),
                        descriptor(digest(5), 1),
                        descriptor(digest(6), 1)));
        host.registry.next(target(1), Fault.holdAfter(1000, gate));
        try (var engine = new RawClient(port)) {
            assertThat(engine.get(target(4)).reply().status()).isEqualTo(200);
            engine.get("/v2/a/b/manifests/2").reply();
            engine.get(target(1)).head();

            await().until(() -> isFetched(5) && isFetched(6));
        }
        assertThat(asked()).containsOnly(1, 4, 5, 6);
    }

    /** The registry's no to one who asks ahead is nothing to the engine, which hears it when it asks itself. */
    @Test
    void keepsARefusalToItself() throws Exception {
        host.registry.always(target(2), Fault.status(404));
        try (var engine = new RawClient(port)) {
            engine.get("/v2/a/b/manifests/1").reply();
            assertThat(engine.get(target(1)).reply().body()).isEqualTo(blobs.get(1));
            assertThat(engine.get(target(2)).reply().status()).isEqualTo(404);
            assertThat(engine.get(target(3)).reply().body()).isEqualTo(blobs.get(3));
        }
    }

    private void manifest(String tag, List<String> blobs) {
        host.registry.manifest(
                "a/b",
                tag,
                TYPE,
                blobs.stream()
                        .skip(1)
                        .collect(Collectors.joining(",", "{\"config\":" + blobs.getFirst() + ",\"layers\":[", "]}"))
                        .getBytes(UTF_8));
    }

    private static String descriptor(Digest digest, long size) {
        return "{\"mediaType\":\"x\",\"size\":" + size + ",\"digest\":\"" + digest + "\"}";
    }

    private Digest digest(int blob) {
        return Digest.sha256(blobs.get(blob));
    }

    private String target(int blob) {
        return "/v2/a/b/blobs/" + digest(blob);
    }

    private boolean isFetched(int blob) {
        return host.registry.bytesSent(digest(blob)) == blobs.get(blob).length;
    }

    /** The blobs that the registry was asked for. */
    private List<Integer> asked() {
        List<String> gets = host.registry.requests("/blobs/").stream()
                .filter(request -> request.method().equals("GET"))
                .map(Exchange::target)
                .toList();
        return IntStream.range(0, blobs.size())
                .filter(blob -> gets.contains(target(blob)))
                .boxed()
                .toList();
    }

    private static List<Digest> wanted(ScriptedFiller filler) {
        return filler.requests.stream()
                .filter(request -> request.content() == FillRequest.Content.BLOB)
                .map(request -> request.key().digest())
                .toList();
    }
}
