package io.pantala.proxy.intercept;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AuthorityTest {
    @ParameterizedTest
    @CsvSource({
        "registry.test:443, registry.test:443",
        "Registry.Test., registry.test:1",
        "a_b-c:65535, a_b-c:65535",
        "127.0.0.1:80, 127.0.0.1:80",
        "[FD00::1]:5000, [fd00::1]:5000",
        "[::1], [::1]:1",
    })
    void readsHostsAndPorts(String text, String read) {
        assertThat(Authority.parse(text, 1)).get().hasToString(read);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ":443",
                "a:0",
                "a:65536",
                "a:-1",
                "a:443:443",
                "a b:443",
                "a/b:443",
                "user@a:443",
                "http://a:443",
                "a..b:443",
                "fd00::1:443",
                "[fd00::1",
                "[g]:443",
                "a\r\nb:443",
                "\u00e4:443",
            })
    void readsNothingElse(String text) {
        assertThat(Authority.parse(text, 1)).isEmpty();
    }

    @Test
    void matchesHostsAsUsersWriteThem() {
        assertThat(matches("ghcr.io", "ghcr.io", 443)).isTrue();
        assertThat(matches("GHCR.io", "ghcr.io", 8443)).isTrue();
        assertThat(matches("ghcr.io", "x.ghcr.io", 443)).isFalse();
        assertThat(matches("ghcr.io:443", "ghcr.io", 443)).isTrue();
        assertThat(matches("ghcr.io:443", "ghcr.io", 8443)).isFalse();
        assertThat(matches("*.ghcr.io", "x.y.ghcr.io", 443)).isTrue();
        assertThat(matches("*.ghcr.io", "ghcr.io", 443)).isFalse();
        assertThat(matches("*.ghcr.io", "xghcr.io", 443)).isFalse();
        assertThat(matches("[::1]:5000", "::1", 5000)).isTrue();
        assertThat(matches("[::1]", "::1", 5000)).isTrue();
        assertThatThrownBy(() -> HostPattern.parse("a*b")).hasMessageContaining("must read host");
        assertThatThrownBy(() -> HostPattern.parse("*")).hasMessageContaining("must read host");
    }

    private static boolean matches(String pattern, String host, int port) {
        return HostPattern.parse(pattern).matches(new Authority(host, port));
    }
}
