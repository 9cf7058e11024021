package io.pantala.proxy.config;

import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads times as people write them: {@code 500ms}, {@code 30s}, {@code 2m}, {@code 1h}. */
final class Times {
    private static final Pattern TEXT = Pattern.compile("([0-9]{1,9}) ?(ms|s|m|h)");

    private Times() {}

    static Duration parse(String text) {
        Matcher parts = TEXT.matcher(text.strip().toLowerCase(Locale.ROOT));
        if (!parts.matches()) {
            throw new IllegalArgumentException("must be a time, such as 500ms, 30s or 2m");
        }
        long number = Long.parseLong(parts.group(1));
        return switch (parts.group(2)) {
            case "ms" -> Duration.ofMillis(number);
            case "s" -> Duration.ofSeconds(number);
            case "m" -> Duration.ofMinutes(number);
            default -> Duration.ofHours(number);
        };
    }
}
