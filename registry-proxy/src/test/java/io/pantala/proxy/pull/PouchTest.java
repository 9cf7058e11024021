package io.pantala.proxy.pull;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.manifest.Digest;
import io.pantala.proxy.http.RawClient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The requests of PouchContainer, which no distribution has: to a mirror, and to its image proxy in absolute form. */
@Timeout(60)
@SuppressWarnings("NullAway.Init")
class PouchTest {
    private static final String MIRROR = "";
    private static final String IMAGE_PROXY = "http://" + Host.UPSTREAM;
    private static final String TYPE = "application/vnd.docker.distribution.manifest.v2+json";

    /** It names types and then anything, in a way that is no media type. */
    private static final String ACCEPT =
            "Accept: " + TYPE + ", application/vnd.docker.distribution.manifest.list.v2+json, *";

    private static final String AGENT = "User-Agent: pouch/1.3.1";
    private static final String CREDENTIAL =
            "Authorization: Basic " + Base64.getEncoder().encodeToString("someone:a-secret".getBytes(UTF_8));

    @TempDir
    private Path directory;

    private final byte[] layer = Host.content(3_000_000);
    private final byte[] config = "{\"os\":\"linux\"}".getBytes(UTF_8);
    private Host host;
    private byte[] manifest;
    private Digest digest;
    private String layerPath;
    private String configPath;
    private int port;

    @BeforeEach
    void prepare() throws Exception {
        host = new Host(directory);
        Digest layerDigest = host.registry.blob("a/b", layer);
        Digest configDigest = host.registry.blob("a/b", config);
        layerPath = "/v2/a/b/blobs/" + layerDigest;
        configPath = "/v2/a/b/blobs/" + configDigest;
        manifest = ("{\"schemaVersion\":2,\"mediaType\":\"" + TYPE + "\",\"config\":{\"size\":" + config.length
                        + ",\"digest\":\"" + configDigest + "\"},\"layers\":[{\"size\":" + layer.length
                        + ",\"digest\":\"" + layerDigest + "\"}]}")
                .getBytes(UTF_8);
        digest = host.registry.manifest("a/b", "1", TYPE, manifest);
        port = host.start(host.backfills(directory.resolve("spool")));
    }

    @AfterEach
    void stop() {
        host.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {MIRROR, IMAGE_PROXY})
    void pullsByHeadOfTheTagThatTellsDigestLengthAndTypeAndThenByDigest(String at) throws Exception {
        try (var engine = new RawClient(port)) {
            RawClient.Reply head = engine.request("HEAD", at + "/v2/a/b/manifests/1", ACCEPT, AGENT)
                    .reply(true);
            assertThat(head.status()).isEqualTo(200);
            assertThat(head.header("Docker-Content-Digest")).isEqualTo(digest.toString());
            assertThat(head.header("Content-Length")).isEqualTo("" + manifest.length);
            assertThat(head.header("Content-Type")).isEqualTo(TYPE);

            RawClient.Reply body = engine.get(at + "/v2/a/b/manifests/" + digest, ACCEPT, AGENT)
                    .reply();
            assertThat(body.body()).isEqualTo(manifest);
            assertThat(body.header("Content-Type")).isEqualTo(TYPE);

            assertThat(engine.get(at + configPath, "Accept: */*", AGENT).reply().body())
                    .isEqualTo(config);
            assertThat(engine.get(at + layerPath, "Accept: */*", AGENT).reply().body())
                    .isEqualTo(layer);
        }
        assertThat(host.registry.requests())
                .filteredOn(asked -> asked.path().equals("/v2/a/b/manifests/1"))
                .isNotEmpty()
                .allSatisfy(asked ->
                        assertThat(asked.headers("Accept")).containsExactly(ACCEPT.substring("Accept: ".length())));
    }

    @ParameterizedTest
    @ValueSource(strings = {MIRROR, IMAGE_PROXY})
    void goesOnByRangeWhereALayerBrokeOff(String at) throws Exception {
        int held = 1_234_567;
        try (var engine = new RawClient(port)) {
            engine.get(at + layerPath, AGENT).head();
            assertThat(engine.read(held)).isEqualTo(Arrays.copyOf(layer, held));
        }
        try (var engine = new RawClient(port)) {
            RawClient.Reply rest = engine.get(at + layerPath, "Range: bytes=" + held + "-", AGENT)
                    .reply();

            assertThat(rest.status()).isEqualTo(206);
            assertThat(rest.header("Content-Range"))
                    .isEqualTo("bytes " + held + "-" + (layer.length - 1) + "/" + layer.length);
            assertThat(rest.body()).isEqualTo(Arrays.copyOfRange(layer, held, layer.length));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {MIRROR, IMAGE_PROXY})
    void sendsItsCredentialAlongWhichOpensWhatIsPrivateForItselfAlone(String at) throws Exception {
        host.registry.requireBasic("someone", "a-secret");
        try (var engine = new RawClient(port)) {
            RawClient.Reply refused = engine.request("HEAD", at + "/v2/a/b/manifests/1", ACCEPT, AGENT)
                    .reply(true);
            assertThat(refused.status()).isEqualTo(401);
            assertThat(refused.header("WWW-Authenticate")).startsWith("Basic ");

            assertThat(engine.request("HEAD", at + "/v2/a/b/manifests/1", ACCEPT, AGENT, CREDENTIAL)
                            .reply(true)
                            .header("Docker-Content-Digest"))
                    .isEqualTo(digest.toString());
            assertThat(engine.get(at + layerPath, AGENT, CREDENTIAL).reply().body())
                    .isEqualTo(layer);
            for (String path :
                    Stream.of(layerPath, "/v2/a/b/manifests/" + digest).toList()) {
                assertThat(engine.get(at + path, AGENT).reply().status()).isEqualTo(401);
            }
        }
    }

    @Test
    void isToldByAMirrorThatThereAreNoSignaturesAndHearsFromTheRegistryThroughAProxy() throws Exception {
        String signatures = "/extensions/v2/a/b/signatures/" + digest;
        try (var engine = new RawClient(port)) {
            assertThat(engine.get(MIRROR + signatures, AGENT).reply().status()).isEqualTo(404);
            assertThat(host.registry.requests()).isEmpty();

            engine.get(IMAGE_PROXY + signatures, AGENT).reply();
            assertThat(host.registry.requests())
                    .singleElement()
                    .satisfies(asked -> assertThat(asked.target()).isEqualTo(signatures));
        }
    }

    @Test
    void goesPastAMirrorThatDoesNotKnowTheImage() throws IOException {
        try (var engine = new RawClient(port)) {
            RawClient.Reply missing = engine.request("HEAD", MIRROR + "/v2/a/none/manifests/1", ACCEPT, AGENT)
                    .reply(true);

            assertThat(missing.status()).isEqualTo(404);
            assertThat(missing.header("Docker-Content-Digest")).isNull();
        }
    }
}
