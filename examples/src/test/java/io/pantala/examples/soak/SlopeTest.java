package io.pantala.examples.soak;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.pantala.examples.soak.Slope.Point;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SlopeTest {
    @Test
    void isWhatAnHourAdds() {
        List<Point> points = IntStream.range(0, 100)
                .mapToObj(minute -> new Point(
                        Duration.ofMinutes(minute).toNanos(), 80 + minute / 60.0 * 12 + (minute % 2 == 0 ? 3 : -3)))
                .toList();

        assertThat(Slope.perHour(points)).isCloseTo(12, within(0.2));
    }

    @Test
    void ofNothingIsNothing() {
        assertThat(Slope.perHour(List.of())).isZero();
        assertThat(Slope.perHour(List.of(new Point(5, 100)))).isZero();
    }
}
