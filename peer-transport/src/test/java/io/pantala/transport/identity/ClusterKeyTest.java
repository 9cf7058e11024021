package io.pantala.transport.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class ClusterKeyTest {
    private final ClusterKey key = ClusterKey.derive(new byte[] {1, 2, 3});

    @Test
    void isTheSameForTheSameSecretAndAsItWasTold() {
        assertThat(ClusterKey.derive(new byte[] {1, 2, 3})).isEqualTo(key).hasSameHashCodeAs(key);
        assertThat(ClusterKey.of(key.encoded())).isEqualTo(key);
        assertThat(ClusterKey.derive(new byte[] {1, 2, 4})).isNotEqualTo(key);
    }

    @Test
    void makesAnotherHashOfEachTextThanAnyOtherKey() {
        ClusterKey other = ClusterKey.derive(new byte[] {4});

        assertThat(key.hash("name"))
                .matches("[0-9a-f]{64}")
                .isEqualTo(key.hash("name"))
                .isNotEqualTo(key.hash("Name"))
                .isNotEqualTo(other.hash("name"));
    }

    @Test
    void doesNotShowItself() {
        assertThat(key.toString()).doesNotContain(HexFormat.of().formatHex(key.encoded()));
    }

    @Test
    void hasOneLength() {
        assertThatThrownBy(() -> ClusterKey.of(new byte[31])).hasMessageContaining("32 bytes");
    }
}
