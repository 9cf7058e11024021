package io.pantala.examples.rig;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a link carries.
 *
 * @param bits a second
 */
public record Rate(long bits) {
    private static final Pattern TEXT = Pattern.compile("([0-9]{1,9})(k|m|g)?bit(?:/s)?");

    public Rate {
        if (bits < 1) {
            throw new IllegalArgumentException("a link must carry something");
        }
    }

    /** Reads {@code 1gbit}, {@code 100mbit} and the like. */
    public static Rate parse(String text) {
        Matcher parts = TEXT.matcher(text.strip().toLowerCase(Locale.ROOT));
        if (!parts.matches()) {
            throw new IllegalArgumentException("must be a rate, such as 1gbit or 100mbit");
        }
        long unit = switch (parts.group(2)) {
            case "k" -> 1_000;
            case "m" -> 1_000_000;
            case "g" -> 1_000_000_000;
            case null, default -> 1;
        };
        return new Rate(Long.parseLong(parts.group(1)) * unit);
    }

    /** Bytes that the link carries in so many seconds. */
    public long bytesIn(double seconds) {
        return (long) (bits / 8.0 * seconds);
    }

    /** Seconds that so many bytes take. */
    public double secondsFor(long bytes) {
        return bytes * 8.0 / bits;
    }

    @Override
    public String toString() {
        if (bits % 1_000_000_000 == 0) {
            return bits / 1_000_000_000 + " Gbit/s";
        }
        return bits % 1_000_000 == 0 ? bits / 1_000_000 + " Mbit/s" : bits + " bit/s";
    }
}
