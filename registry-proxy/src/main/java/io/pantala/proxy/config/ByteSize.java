package io.pantala.proxy.config;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A number of bytes as people write it: {@code 200GiB}, {@code 50GB}, {@code 1.5TiB} or plain bytes.
 *
 * @param bytes not negative
 */
public record ByteSize(long bytes) {
    private static final Pattern TEXT = Pattern.compile("([0-9]{1,18}(?:\\.[0-9]{1,9})?) ?(?:([kmgtp])(i?)b?|b)?");
    private static final String UNITS = "kmgtp";

    public ByteSize {
        if (bytes < 0) {
            throw new IllegalArgumentException("a size can't be negative: " + bytes);
        }
    }

    public static ByteSize parse(String text) {
        Matcher parts = TEXT.matcher(text.strip().toLowerCase(Locale.ROOT));
        if (!parts.matches()) {
            throw new IllegalArgumentException("must be a size, such as 200GiB, 50GB or plain bytes");
        }
        int power = parts.group(2) == null ? 0 : UNITS.indexOf(parts.group(2)) + 1;
        long base = "i".equals(parts.group(3)) ? 1024 : 1000;
        BigDecimal bytes =
                new BigDecimal(parts.group(1)).multiply(BigDecimal.valueOf(base).pow(power));
        if (bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
            throw new IllegalArgumentException("is more than any disk holds");
        }
        return new ByteSize(bytes.setScale(0, RoundingMode.DOWN).longValueExact());
    }

    /** For people: three digits and a decimal unit, such as {@code 1.25 GB}. */
    @Override
    public String toString() {
        if (bytes < 1000) {
            return bytes + " B";
        }
        double value = bytes;
        int unit = -1;
        while (value >= 999.5 && unit < UNITS.length() - 1) {
            value /= 1000;
            unit++;
        }
        String format = value >= 99.95 ? "%.0f" : value >= 9.995 ? "%.1f" : "%.2f";
        String prefix = UNITS.substring(unit, unit + 1);
        return String.format(Locale.ROOT, format, value) + " " + (unit == 0 ? prefix : prefix.toUpperCase(Locale.ROOT))
                + "B";
    }
}
