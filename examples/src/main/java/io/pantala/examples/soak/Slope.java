package io.pantala.examples.soak;

import java.time.Duration;
import java.util.List;

/** How fast something grows: a straight line with the least squares through what was seen. */
final class Slope {
    private static final double HOUR = Duration.ofHours(1).toNanos();

    private Slope() {}

    /**
     * What was seen once.
     *
     * @param at in nanoseconds
     */
    record Point(long at, double value) {}

    /** Growth in an hour; 0 when there are fewer than two points. */
    static double perHour(List<Point> points) {
        if (points.isEmpty()) {
            return 0;
        }
        long start = points.getFirst().at();
        double meanHours = points.stream()
                .mapToDouble(point -> (point.at() - start) / HOUR)
                .average()
                .orElseThrow();
        double mean = points.stream().mapToDouble(Point::value).average().orElseThrow();
        double both = 0;
        double square = 0;
        for (Point point : points) {
            double hours = (point.at() - start) / HOUR - meanHours;
            both += hours * (point.value() - mean);
            square += hours * hours;
        }
        return square == 0 ? 0 : both / square;
    }
}
