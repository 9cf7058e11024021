package io.pantala.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The names of repositories, tags, registries and platforms. */
class NamesTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                "nginx",
                "library/nginx",
                "a/blobs/b",
                "blobs",
                "manifests/tags",
                "a.b/c-d/e_f/g__h/i---j",
                "0/1/2",
                "docker.io/library/nginx"
            })
    void readsRepositoryNames(String name) {
        assertThat(new RepositoryName(name)).hasToString(name);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "/", "a/", "/a", "a//b", "a/../b", "..", ".", "a/./b", "A", "a/B", "-a", "a-", "a..b", "a___b",
                "a._b", "a b", "a%2Fb", "a:b", "a@b", "a\\b", "a\n", "\u00fc", "a/b?c"
            })
    void refusesWhatIsNoRepositoryName(String name) {
        assertThatThrownBy(() -> new RepositoryName(name))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("not a repository name");
    }

    @Test
    void boundsRepositoryNames() {
        assertThat(new RepositoryName("a".repeat(255)).value()).hasSize(255);
        assertThatThrownBy(() -> new RepositoryName("a".repeat(256))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new RepositoryName("a-".repeat(100_000) + "!"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aNameThatAlmostMatchesIsRefusedQuickly() {
        String hostile = "a" + "-".repeat(252) + "!";
        long start = System.nanoTime();
        for (int i = 0; i < 100; i++) {
            assertThatThrownBy(() -> new RepositoryName(hostile)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThat(System.nanoTime() - start).isLessThan(10_000_000_000L);
    }

    @Test
    void readsTagsAndDigests() {
        assertThat(Reference.parse("latest")).isEqualTo(new Reference.ByTag("latest"));
        assertThat(Reference.parse("_1.27-alpine_X")).hasToString("_1.27-alpine_X");
        assertThat(Reference.parse(Digest.EMPTY_SHA256.toString()))
                .isEqualTo(new Reference.ByDigest(Digest.EMPTY_SHA256))
                .hasToString(Digest.EMPTY_SHA256.toString());
        assertThat(Reference.parse("sha256-" + Digest.EMPTY_SHA256.encoded()))
                .describedAs("the tag that stands in for missing referrers")
                .isInstanceOf(Reference.ByTag.class);
        assertThat(Reference.parse("t".repeat(128))).isInstanceOf(Reference.ByTag.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", ".a", "-a", "a/b", "..", "a b", "a%41", "sha256:abc", ":", "a:", "\u00fc", "a\n", "a?b", "a#"
            })
    void refusesWhatIsNoReference(String text) {
        assertThatThrownBy(() -> Reference.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void boundsTags() {
        assertThatThrownBy(() -> Reference.parse("t".repeat(129))).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "docker.io, docker.io",
        "index.docker.io, docker.io",
        "registry-1.docker.io, docker.io",
        "Registry-1.Docker.IO:443, docker.io",
        "ghcr.io, ghcr.io",
        "GHCR.io:443, ghcr.io",
        "registry.local:5000, registry.local:5000",
        "registry.local:80, registry.local:80",
        "localhost, localhost",
        "10.0.0.1:5000, 10.0.0.1:5000",
        "[FD00::1]:5000, [fd00::1]:5000",
        "[fd00::1]:443, [fd00::1]",
        "[::ffff:10.0.0.1], [::ffff:10.0.0.1]",
        "a, a"
    })
    void readsUpstreamNames(String text, String name) {
        assertThat(UpstreamName.parse(text)).hasToString(name);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ":5000",
                "a:",
                "a:123456",
                "a:b",
                "a:0",
                "a:65536",
                "a:99999",
                ".",
                "..",
                "../etc",
                "a/b",
                "http://a",
                "a@b",
                "user:pass@host",
                "a b",
                "a\r\nb",
                "a?b",
                "a#b",
                "a%2eb",
                "fd00::1",
                "[fd00::1",
                "[]",
                "[fe80::1%eth0]",
                "\u0430.io"
            })
    void refusesWhatIsNoUpstreamName(String text) {
        assertThatThrownBy(() -> UpstreamName.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void sortsUpstreamNames() {
        assertThat(UpstreamName.DOCKER_HUB).isLessThan(UpstreamName.parse("ghcr.io"));
    }

    @Test
    void readsPlatforms() {
        assertThat(Platform.parse("linux/amd64")).isEqualTo(new Platform("linux", "amd64", null));
        assertThat(Platform.parse("linux/arm64/v8")).hasToString("linux/arm64/v8");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "linux", "linux/", "/amd64", "linux//v8", "linux/arm/v7/", "linux/arm/v7/x", "/"})
    void refusesWhatIsNoPlatform(String text) {
        assertThatThrownBy(() -> Platform.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aPlatformWithoutVariantMeansAny() {
        Platform any = Platform.parse("linux/arm");
        Platform seven = Platform.parse("linux/arm/v7");
        assertThat(any.accepts(seven)).isTrue();
        assertThat(any.accepts(any)).isTrue();
        assertThat(seven.accepts(seven)).isTrue();
        assertThat(seven.accepts(any)).isFalse();
        assertThat(seven.accepts(Platform.parse("linux/arm/v6"))).isFalse();
        assertThat(any.accepts(Platform.parse("linux/arm64"))).isFalse();
        assertThat(any.accepts(Platform.parse("windows/arm"))).isFalse();
    }
}
