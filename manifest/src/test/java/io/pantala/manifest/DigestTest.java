package io.pantala.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DigestTest {
    private static final String EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    @Test
    void readsASha256() {
        Digest digest = Digest.parse("sha256:" + EMPTY);
        assertThat(digest).isEqualTo(Digest.EMPTY_SHA256).hasToString("sha256:" + EMPTY);
        assertThat(digest.isSha256()).isTrue();
        assertThat(Digest.ofSha256(digest.sha256Bytes())).isEqualTo(digest);
    }

    @Test
    void hashesContent() {
        assertThat(Digest.sha256("abc".getBytes(StandardCharsets.US_ASCII)).encoded())
                .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    @Test
    void keepsOtherAlgorithmsAsTheyAre() {
        Digest sha512 = Digest.parse("sha512:" + EMPTY + EMPTY);
        assertThat(sha512.isSha256()).isFalse();
        assertThatThrownBy(sha512::sha256Bytes).isInstanceOf(IllegalStateException.class);
        assertThat(Digest.parse("sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564="))
                .hasToString("sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564=");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ":",
                "sha256",
                "sha256:",
                ":" + EMPTY,
                "sha256-" + EMPTY,
                "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
                "SHA256:" + EMPTY,
                "sha256:e3b0",
                "sha256:" + EMPTY + "00",
                "sha256:z3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "sha256:" + EMPTY + "\n",
                "sha256:../../../../../../../../../../../../../../../../../../../../etc/pas",
                "sha512:" + EMPTY,
                "sha384:" + EMPTY,
                "sha256+:" + EMPTY,
                "md5:a/b",
                "md5:a%2Fb",
                "md5:a:b",
                "a..b:c"
            })
    void refusesWhatIsNone(String text) {
        assertThatThrownBy(() -> Digest.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("not a ");
    }

    @Test
    void refusesDigestsWithoutEnd() {
        assertThatThrownBy(() -> Digest.parse("x:" + "a".repeat(600))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Digest.parse("a.".repeat(1_000_000) + "a:b"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void onlySha256BlobsHaveAKey() {
        assertThat(new BlobKey(UpstreamName.DOCKER_HUB, Digest.EMPTY_SHA256)).hasToString("docker.io@sha256:" + EMPTY);
        Digest sha512 = Digest.parse("sha512:" + EMPTY + EMPTY);
        assertThatThrownBy(() -> new BlobKey(UpstreamName.DOCKER_HUB, sha512))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
