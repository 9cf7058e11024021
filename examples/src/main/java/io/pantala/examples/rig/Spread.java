package io.pantala.examples.rig;

import java.util.Collection;
import java.util.Locale;

/** What the same measurement said several times. */
public record Spread(double median, double least, double most) {
    /** Of at least one value. */
    public static Spread of(Collection<Double> values) {
        if (values.isEmpty()) {
            throw new IllegalArgumentException("nothing was measured");
        }
        double[] sorted =
                values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        double median = (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
        return new Spread(median, sorted[0], sorted[sorted.length - 1]);
    }

    /** The median, and in parentheses the least and the most. */
    public String format(int decimals) {
        return number(median, decimals) + " (" + number(least, decimals) + " to " + number(most, decimals) + ")";
    }

    /** A number with so many decimals. */
    public static String number(double value, int decimals) {
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }
}
