package io.pantala.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NodeAddressTest {
    @ParameterizedTest
    @CsvSource({
        "seed.example:7000, seed.example, 7000",
        "seed.example, seed.example, 6462",
        "127.0.0.1:1, 127.0.0.1, 1",
        "[::1]:6462, ::1, 6462",
        "[fd00::1], fd00::1, 6462",
    })
    void readsHostsAndPorts(String text, String host, int port) {
        assertThat(NodeAddress.parse(text, 6462)).isEqualTo(new NodeAddress(host, port));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ":1", "host:", "host:x", "host:70000", "::1", "[::1", "[::1]x", "a b:1", "http://x:1"})
    void refusesEverythingElse(String text) {
        assertThatThrownBy(() -> NodeAddress.parse(text, 6462)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void showsIpv6InBrackets() {
        assertThat(new NodeAddress("::1", 5)).hasToString("[::1]:5");
        assertThat(new NodeAddress("seed", 5)).hasToString("seed:5");
    }

    @ParameterizedTest
    @CsvSource({
        "localhost, true",
        "127.0.0.1, true",
        "127.9.9.9, true",
        "::1, true",
        "0.0.0.0, false",
        "::, false",
        "10.0.0.1, false",
        "seed.example, false",
        "localhost.example, false",
    })
    void knowsLoopbackWithoutLookingNamesUp(String host, boolean loopback) {
        assertThat(new NodeAddress(host, 1).isLoopback()).isEqualTo(loopback);
    }
}
