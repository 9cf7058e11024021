package io.pantala.proxy.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteSizeTest {

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "4096, 4096",
        "10B, 10",
        "1kB, 1000",
        "1KiB, 1024",
        "200GiB, 214748364800",
        "50GB, 50000000000",
        "50 gb, 50000000000",
        "1.5k, 1500",
        "0.0001kB, 0",
        "8EB, -1",
        "7PiB, 7881299347898368"
    })
    void readsWhatPeopleWrite(String text, long bytes) {
        if (bytes < 0) {
            assertThatThrownBy(() -> ByteSize.parse(text)).isInstanceOf(IllegalArgumentException.class);
        } else {
            assertThat(ByteSize.parse(text).bytes()).isEqualTo(bytes);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-1", "GB", "1e9", "1,5GB", "1 0GB", "99999PB"})
    void refusesWhatIsNoSize(String text) {
        assertThatThrownBy(() -> ByteSize.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0 B",
        "999, 999 B",
        "1000, 1.00 kB",
        "9994, 9.99 kB",
        "99949, 99.9 kB",
        "115000000, 115 MB",
        "999600, 1.00 MB",
        "1250000000, 1.25 GB",
        "9223372036854775807, 9223 PB"
    })
    void showsThreeDigits(long bytes, String text) {
        assertThat(new ByteSize(bytes)).hasToString(text);
    }
}
