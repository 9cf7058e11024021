package io.pantala.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ManifestTest {
    private static final String D1 = "sha256:" + "1".repeat(64);
    private static final String D2 = "sha256:" + "2".repeat(64);
    private static final String D3 = "sha256:" + "3".repeat(64);

    private static Manifest parse(String json) throws ManifestException {
        return Manifest.parse(json.getBytes(StandardCharsets.UTF_8));
    }

    private static List<String> digests(Manifest manifest) {
        List<Descriptor> descriptors = switch (manifest) {
            case Manifest.Image(List<Descriptor> blobs) -> blobs;
            case Manifest.Index(List<Descriptor> manifests) -> manifests;
            case Manifest.Opaque() -> List.of();
        };
        return descriptors.stream().map(each -> each.digest().toString()).toList();
    }

    @Test
    void readsAnImageWithItsConfigFirst() throws Exception {
        Manifest manifest = parse("""
                {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
                 "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":7},
                 "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+zstd","digest":"%s","size":20000000000},
                           {"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip+encrypted","digest":"%s","size":0}],
                 "annotations":{"a":"b"}}""".formatted(D1, D2, D3));
        assertThat(manifest).isInstanceOfSatisfying(Manifest.Image.class, image -> {
            assertThat(image.blobs()).extracting(Descriptor::size).containsExactly(7L, 20_000_000_000L, 0L);
            assertThat(image.blobs().get(1).mediaType()).endsWith("tar+zstd");
        });
        assertThat(digests(manifest)).containsExactly(D1, D2, D3);
    }

    @Test
    void readsAnIndexWithPlatforms() throws Exception {
        Manifest manifest = parse("""
                {"manifests":[
                  {"digest":"%s","size":1,"platform":{"os":"linux","architecture":"arm64","variant":"v8","os.version":"1"}},
                  {"digest":"%s","size":1,"platform":{"os":"unknown","architecture":"unknown"}},
                  {"digest":"%s","size":1}]}""".formatted(D1, D2, D3));
        assertThat(manifest)
                .isInstanceOfSatisfying(
                        Manifest.Index.class,
                        index -> assertThat(index.manifests())
                                .extracting(Descriptor::platform)
                                .containsExactly(
                                        new Platform("linux", "arm64", "v8"),
                                        new Platform("unknown", "unknown", null),
                                        null));
    }

    @Test
    void readsArtifactsWithBlobsOrAnEmptyConfig() throws Exception {
        assertThat(digests(
                        parse("{\"artifactType\":\"x/y\",\"blobs\":[{\"digest\":\"%s\",\"size\":2}]}".formatted(D1))))
                .containsExactly(D1);
        assertThat(digests(parse(
                        "{\"config\":{\"mediaType\":\"application/vnd.oci.empty.v1+json\",\"digest\":\"%s\",\"size\":2,\"data\":\"e30=\"},\"layers\":[]}"
                                .formatted(D1))))
                .containsExactly(D1);
    }

    @Test
    void keepsWhereForeignLayersAre() throws Exception {
        Manifest manifest =
                parse("{\"layers\":[{\"digest\":\"%s\",\"size\":2,\"urls\":[\"https://example.com/a?b=%%2B\"]}]}"
                        .formatted(D1));
        assertThat(manifest)
                .isInstanceOfSatisfying(
                        Manifest.Image.class,
                        image -> assertThat(image.blobs().getFirst().urls())
                                .containsExactly("https://example.com/a?b=%2B"));
    }

    @Test
    void keepsDigestsOfOtherAlgorithms() throws Exception {
        assertThat(digests(parse("{\"layers\":[{\"digest\":\"sha512:%s\",\"size\":2}]}".formatted("a".repeat(128)))))
                .containsExactly("sha512:" + "a".repeat(128));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{\"schemaVersion\":1,\"name\":\"a\",\"fsLayers\":[{\"blobSum\":\"sha256:x\"}],\"signatures\":[]}",
                "{\"layers\":{}}",
                "{\"manifests\":null}",
                "{\"config\":{\"digest\":\"nonsense\"}}"
            })
    void pointsToNothingInFormatsItDoesNotKnow(String json) throws Exception {
        assertThat(parse(json)).isEqualTo(new Manifest.Opaque());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "null",
                "[]",
                "17",
                "\"x\"",
                "{",
                "<html>no</html>",
                "{\"layers\":[{}]}",
                "{\"layers\":[null]}",
                "{\"layers\":[\"sha256:x\"]}",
                "{\"layers\":[{\"digest\":\"sha256:ABC\",\"size\":1}]}",
                "{\"layers\":[{\"digest\":17,\"size\":1}]}",
                "{\"manifests\":[{\"digest\":\"../../etc\",\"size\":1}]}",
                "{\"layers\":[]} trailing"
            })
    void refusesWhatIsNone(String json) {
        assertThatThrownBy(() -> parse(json))
                .isInstanceOf(ManifestException.class)
                .hasMessageMatching("(?s)not (JSON|a manifest): .*");
    }

    @Test
    void refusesSizesThatAreNone() {
        for (String size : List.of("-1", "\"7\"", "1.5", "1e40", "99999999999999999999", "true", "[]")) {
            assertThatThrownBy(() -> parse("{\"layers\":[{\"digest\":\"%s\",\"size\":%s}]}".formatted(D1, size)))
                    .describedAs(size)
                    .isInstanceOf(ManifestException.class);
        }
    }

    @Test
    void takesAMissingSizeForZeroLikeEnginesDo() throws Exception {
        assertThat(parse("{\"layers\":[{\"digest\":\"%s\"},{\"digest\":\"%s\",\"size\":null}]}".formatted(D1, D2)))
                .isInstanceOfSatisfying(
                        Manifest.Image.class,
                        image -> assertThat(image.blobs())
                                .extracting(Descriptor::size)
                                .containsOnly(0L));
    }

    @Test
    void refusesJsonThatIsNestedDeeply() {
        String deep = "{\"a\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}";
        assertThatThrownBy(() -> parse(deep)).isInstanceOf(ManifestException.class);
    }

    @Test
    void refusesManifestsLargerThanEnginesTake() throws Exception {
        String start = "{\"layers\":[]}";
        assertThat(parse(start + " ".repeat(Manifest.LARGEST - start.length()))).isInstanceOf(Manifest.Image.class);
        assertThatThrownBy(() -> parse(start + " ".repeat(Manifest.LARGEST - start.length() + 1)))
                .isInstanceOf(ManifestException.class)
                .hasMessageContaining("larger than");
    }

    @Test
    void readsAManifestOfManyLayers() throws Exception {
        String layer = "{\"digest\":\"%s\",\"size\":1}".formatted(D1);
        Manifest manifest = parse("{\"layers\":[" + (layer + ",").repeat(9_999) + layer + "]}");
        assertThat(digests(manifest)).hasSize(10_000);
    }

    @Test
    void takesTheLastOfDuplicateKeysLikeEnginesDo() throws Exception {
        assertThat(digests(parse(
                        "{\"layers\":[{\"digest\":\"%s\",\"size\":1}],\"layers\":[{\"digest\":\"%s\",\"size\":1}]}"
                                .formatted(D1, D2))))
                .containsExactly(D2);
    }
}
