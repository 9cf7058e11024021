package io.pantala.proxy.pull;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pantala.manifest.Digest;
import io.pantala.proxy.http.RawClient;
import io.pantala.registry.Exchange;
import io.pantala.registry.Fault;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
@SuppressWarnings("NullAway.Init")
class PassThroughTest {
    private static final String TYPE = "application/vnd.oci.image.manifest.v1+json";

    @TempDir
    Path directory;

    private final byte[] layer = Host.content(100_000);
    private Host host;
    private byte[] manifest;
    private Digest digest;
    private RawClient engine;

    @BeforeEach
    void prepare() throws Exception {
        host = new Host(directory);
        Digest of = host.registry.blob("a/b", layer);
        manifest = ("{\"schemaVersion\":2, \"layers\":[{\"mediaType\":\"x\",\"size\":1,\"digest\":\"" + of + "\"}]}")
                .getBytes(UTF_8);
        digest = host.registry.manifest("a/b", "1.0", TYPE, manifest);
        engine = host.engine(ScriptedFiller.filling(host.store, layer));
    }

    @AfterEach
    void stop() throws IOException {
        engine.close();
        host.close();
    }

    @Test
    void relaysThePingWithItsChallenge() throws Exception {
        assertThat(engine.get("/v2/").reply().text()).isEqualTo("{}");

        host.registry.requireBearer("user", "secret");
        RawClient.Reply reply = engine.get("/v2/").reply();
        assertThat(reply.status()).isEqualTo(401);
        assertThat(reply.header("WWW-Authenticate"))
                .isEqualTo("Bearer realm=\"" + host.registry.url() + "/token\",service=\"fake\"");
        assertThat(engine.request("HEAD", "/v2/").reply(true).status()).isEqualTo(401);
    }

    @Test
    void passesManifestsOnByteByByte() throws Exception {
        for (String reference : new String[] {"1.0", digest.toString()}) {
            RawClient.Reply reply = engine.get("/v2/a/b/manifests/" + reference).reply();

            assertThat(reply.status()).isEqualTo(200);
            assertThat(reply.body()).isEqualTo(manifest);
            assertThat(reply.header("Content-Type")).isEqualTo(TYPE);
            assertThat(reply.header("Content-Length")).isEqualTo("" + manifest.length);
            assertThat(reply.header("Docker-Content-Digest")).isEqualTo(digest.toString());
            assertThat(reply.header("ETag")).isEqualTo("\"" + digest + "\"");
        }
    }

    @Test
    void answersHeadOfAManifestWithItsLength() throws Exception {
        RawClient.Reply reply = engine.request("HEAD", "/v2/a/b/manifests/1.0").reply(true);

        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.header("Content-Length")).isEqualTo("" + manifest.length);
        assertThat(reply.header("Transfer-Encoding")).isNull();
        assertThat(reply.header("Docker-Content-Digest")).isEqualTo(digest.toString());
        assertThat(engine.request("HEAD", "/v2/a/b/manifests/none").reply(true).status())
                .isEqualTo(404);
    }

    @Test
    void sendsOnWhatTheEngineSaysAndNothingThatIsNotForTheRegistry() throws Exception {
        engine.get(
                        "/v2/a/b/manifests/1.0?ns=" + Host.UPSTREAM,
                        "Accept: application/b",
                        "Accept: application/a",
                        "Accept: */*",
                        "Accept-Encoding: gzip",
                        "User-Agent: engine/1",
                        "If-None-Match: \"x\"",
                        "Authorization: Basic abc",
                        "Proxy-Authorization: Basic secret",
                        "Connection: keep-alive, X-Hop",
                        "X-Hop: y",
                        "X-Other: z")
                .reply();

        Exchange sent = host.registry.requests().getLast();
        assertThat(sent.target()).isEqualTo("/v2/a/b/manifests/1.0");
        assertThat(sent.headers("Accept")).containsExactly("application/b", "application/a", "*/*");
        assertThat(sent.header("Accept-Encoding")).isEqualTo("identity");
        assertThat(sent.header("User-Agent")).isEqualTo("engine/1");
        assertThat(sent.header("Authorization")).isEqualTo("Basic abc");
        assertThat(sent.header("X-Other")).isEqualTo("z");
        assertThat(sent.header("Proxy-Authorization")).isNull();
        assertThat(sent.header("X-Hop")).isNull();
        assertThat(sent.header("Host")).isEqualTo(host.registry.authority());
    }

    @Test
    void relaysRefusalsAndLimitsAsTheyAre() throws Exception {
        host.registry.always(
                "/v2/a/b/manifests/1.0",
                Fault.status(429, Map.of("Retry-After", "3", "RateLimit-Remaining", "0;w=21600")));

        RawClient.Reply reply = engine.get("/v2/a/b/manifests/1.0").reply();

        assertThat(reply.status()).isEqualTo(429);
        assertThat(reply.header("Retry-After")).isEqualTo("3");
        assertThat(reply.header("RateLimit-Remaining")).isEqualTo("0;w=21600");
        assertThat(reply.text()).contains("TOOMANYREQUESTS");
        assertThat(host.registry.requests()).hasSize(1);
    }

    @Test
    void relaysThatNothingHasChanged() throws Exception {
        RawClient.Reply reply = engine.get("/v2/a/b/manifests/1.0", "If-None-Match: \"" + digest + "\"")
                .reply();

        assertThat(reply.status()).isEqualTo(304);
        assertThat(engine.get("/v2/a/b/manifests/1.0").reply().status()).isEqualTo(200);
    }

    @Test
    void dropsTheHeadersOfTheConnectionToTheRegistry() throws Exception {
        host.registry.next(
                "/v2/a/b/tags",
                Fault.status(200, Map.of("Connection", "X-Hop", "X-Hop", "1", "Link", "</v2/x>; rel=\"next\"")));

        RawClient.Reply reply = engine.get("/v2/a/b/tags/list?n=1").reply();

        assertThat(reply.header("X-Hop")).isNull();
        assertThat(reply.header("Link")).isEqualTo("</v2/x>; rel=\"next\"");
        assertThat(host.registry.requests().getLast().target()).isEqualTo("/v2/a/b/tags/list?n=1");
    }

    @Test
    void namesTheNamespaceInItsReplies() throws Exception {
        assertThat(engine.get("/v2/a/b/manifests/1.0?ns=" + Host.UPSTREAM)
                        .reply()
                        .header("OCI-Namespace"))
                .isEqualTo(Host.UPSTREAM);
        assertThat(engine.get("/v2/a/b/manifests/1.0").reply().header("OCI-Namespace"))
                .isNull();
    }

    @Test
    void holdsBackAManifestThatIsNotItsDigest() throws Exception {
        host.registry.always("/manifests/" + digest, Fault.corruptAt(5));

        RawClient.Reply reply = engine.get("/v2/a/b/manifests/" + digest).reply();

        assertThat(reply.status()).isEqualTo(502);
        assertThat(reply.text()).contains("wanted " + digest).contains("got sha256:");
        assertThat(host.failures).contains("manifest_mismatch");
    }

    /** Its digest is of what was compressed; engines hash what they get, and some unpack nothing they didn't ask for. */
    @Test
    void unpacksAManifestThatWasCompressedUnasked() throws Exception {
        for (String reference : new String[] {"1.0", digest.toString()}) {
            host.registry.always("/manifests/", Fault.gzip());
            RawClient.Reply reply = engine.get("/v2/a/b/manifests/" + reference, "Accept-Encoding: gzip")
                    .reply();

            assertThat(reply.status()).isEqualTo(200);
            assertThat(reply.header("Content-Encoding")).isNull();
            assertThat(reply.body()).isEqualTo(manifest);

            RawClient.Reply head =
                    engine.request("HEAD", "/v2/a/b/manifests/" + reference).reply(true);
            assertThat(head.header("Content-Length")).isEqualTo("" + manifest.length);
            assertThat(head.header("Content-Encoding")).isNull();
        }
    }

    @Test
    void refusesACompressedManifestThatCantBeUnpackedOrHasNoEnd() throws Exception {
        byte[] bomb = new byte[(4 << 20) + 1];
        Digest of = host.registry.manifest("a/b", "bomb", TYPE, bomb);
        host.registry.always("/manifests/", Fault.gzip());
        for (String reference : new String[] {"bomb", of.toString()}) {
            RawClient.Reply reply = engine.get("/v2/a/b/manifests/" + reference).reply();
            assertThat(reply.status()).isEqualTo(502);
            assertThat(reply.text()).contains("compressed").contains(Host.UPSTREAM);
        }
        host.registry.always(
                "/manifests/", Fault.status(200, Map.of("Content-Type", TYPE, "Content-Encoding", "gzip")));
        assertThat(engine.get("/v2/a/b/manifests/1.0").reply().status()).isEqualTo(502);
    }

    /** What a registry leaves unsaid, engines need to know before they ask for the manifest. */
    @Test
    void readsAManifestWhoseDigestIsNotToldByHead() throws Exception {
        host.registry.next("/manifests/1.0", Fault.status(200, Map.of("Content-Type", TYPE)));

        RawClient.Reply head = engine.request("HEAD", "/v2/a/b/manifests/1.0").reply(true);

        assertThat(head.status()).isEqualTo(200);
        assertThat(head.header("Content-Type")).isEqualTo(TYPE);
        assertThat(head.header("Content-Length")).isEqualTo("" + manifest.length);
        assertThat(head.header("Docker-Content-Digest")).isEqualTo(digest.toString());
        assertThat(engine.get("/v2/").reply().status()).isEqualTo(200);
    }

    @Test
    void passesSignedManifestsOfTheFirstSchemaOn() throws Exception {
        byte[] signed = "{\"schemaVersion\":1}".getBytes(UTF_8);
        Digest without = Digest.sha256("payload".getBytes(UTF_8));
        host.registry.manifest(
                "a/b", without.toString(), "application/vnd.docker.distribution.manifest.v1+prettyjws", signed);

        assertThat(engine.get("/v2/a/b/manifests/" + without).reply().body()).isEqualTo(signed);
    }

    @Test
    void readsTheBlobsOfAManifestWithoutAskingAgain() throws Exception {
        engine.get("/v2/a/b/manifests/1.0").reply();

        assertThat(engine.get("/v2/a/b/blobs/" + Digest.sha256(layer)).reply().body())
                .isEqualTo(layer);
        assertThat(host.registry.requests("/blobs/")).isEmpty();
    }

    @Test
    void passesOnWhatIsLargerThanAnyManifest() throws Exception {
        byte[] huge = new byte[(4 << 20) + 10];
        Arrays.fill(huge, (byte) ' ');
        Digest of = host.registry.manifest("a/b", "huge", TYPE, huge);

        assertThat(engine.get("/v2/a/b/manifests/" + of).reply().body()).isEqualTo(huge);
        host.registry.next("/manifests/" + of, Fault.chunked());
        RawClient.Reply chunked = engine.get("/v2/a/b/manifests/" + of).reply();
        assertThat(chunked.body()).isEqualTo(huge);
        assertThat(chunked.whole()).isTrue();
    }

    @Test
    void tellsOfARegistryThatBreaksOffInsteadOfPassingHalfAManifestOn() throws Exception {
        host.registry.always("/manifests/", Fault.cutAfter(10));

        assertThat(engine.get("/v2/a/b/manifests/1.0").reply().status()).isEqualTo(502);
        host.registry.always("/manifests/", Fault.hangUp());
        RawClient.Reply reply = engine.get("/v2/a/b/manifests/1.0").reply();
        assertThat(reply.status()).isEqualTo(502);
        assertThat(reply.text()).contains("UNAVAILABLE").contains(Host.UPSTREAM);
    }

    @Test
    void cutsShortWhereTheRegistryDoes() throws Exception {
        host.registry.next("/tags/list", Fault.cutAfter(10));

        RawClient.Reply reply = engine.get("/v2/a/b/tags/list").reply();

        assertThat(reply.whole()).isFalse();
        assertThat(reply.body()).hasSize(10);
    }

    @Test
    void writesNoCredentialAndNoQueryIntoItsSummary() throws Exception {
        engine.get("/v2/a/b/tags/list?secret=1", "Authorization: Basic verysecret")
                .reply();

        await().untilAsserted(() -> assertThat(host.requests).hasSize(1));
        assertThat(host.requests.element().toString())
                .contains("/v2/a/b/tags/list", Host.UPSTREAM)
                .doesNotContain("secret");
    }
}
