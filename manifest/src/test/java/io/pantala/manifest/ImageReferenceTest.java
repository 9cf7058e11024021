package io.pantala.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageReferenceTest {
    private static final String DIGEST = "sha256:" + "0123456789abcdef".repeat(4);

    @ParameterizedTest
    @CsvSource({
        "nginx, docker.io/library/nginx:latest",
        "nginx:1.27, docker.io/library/nginx:1.27",
        "library/nginx, docker.io/library/nginx:latest",
        "grafana/grafana:11, docker.io/grafana/grafana:11",
        "docker.io/nginx, docker.io/library/nginx:latest",
        "index.docker.io/library/nginx:1, docker.io/library/nginx:1",
        "registry-1.docker.io/a/b, docker.io/a/b:latest",
        "ghcr.io/a/b, ghcr.io/a/b:latest",
        "quay.io/a:2, quay.io/a:2",
        "localhost/x, localhost/x:latest",
        "localhost:5000/x:1, localhost:5000/x:1",
        "Registry.Example.COM/x, registry.example.com/x:latest",
        "registry.example.com:443/x, registry.example.com/x:latest",
        "127.0.0.1:5000/a/b/c:t, 127.0.0.1:5000/a/b/c:t",
        "[::1]:5000/x:1, [::1]:5000/x:1",
    })
    void readsANameAsEnginesDo(String written, String meant) {
        assertThat(ImageReference.parse(written)).hasToString(meant);
        assertThat(ImageReference.parse(meant)).isEqualTo(ImageReference.parse(written));
    }

    @ParameterizedTest
    @ValueSource(strings = {"nginx@", "nginx:1.27@", "docker.io/library/nginx:1.27@"})
    void letsTheDigestCountWhereThereIsATagToo(String name) {
        assertThat(ImageReference.parse(name + DIGEST))
                .isEqualTo(new ImageReference(
                        UpstreamName.DOCKER_HUB,
                        new RepositoryName("library/nginx"),
                        new Reference.ByDigest(Digest.parse(DIGEST))))
                .hasToString("docker.io/library/nginx@" + DIGEST);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                ":1",
                "nginx:",
                "nginx@",
                "nginx@sha256:12",
                "Nginx",
                "a//b",
                "../x",
                "ghcr.io/",
                "ghcr.io/A",
                "nginx:a b",
                "bad_host!:5000/x",
                "nginx:1:2",
            })
    void refusesWhatIsNoImage(String text) {
        assertThatThrownBy(() -> ImageReference.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://docker.io/library/nginx", "docker://nginx"})
    void saysThatANameHasNoScheme(String text) {
        assertThatThrownBy(() -> ImageReference.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no scheme");
    }
}
