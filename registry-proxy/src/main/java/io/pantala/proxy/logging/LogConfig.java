package io.pantala.proxy.logging;

import java.util.Arrays;
import java.util.Locale;
import org.slf4j.event.Level;

/**
 * What is logged and how.
 *
 * @param level of Pantala's own events; those of libraries are kept one or two steps back, but for TRACE
 */
public record LogConfig(Format format, Level level) {
    /** Text at INFO. */
    public static final LogConfig DEFAULT = new LogConfig(Format.TEXT, Level.INFO);

    /** What a line looks like. */
    public enum Format {
        TEXT,
        JSON;

        public static Format parse(String text) {
            return LogConfig.parse(text, values());
        }
    }

    public static Level parseLevel(String text) {
        return parse(text, Level.values());
    }

    /** Whether failures are shown with all that led to them. */
    public boolean isDebug() {
        return level.toInt() <= Level.DEBUG.toInt();
    }

    private static <E extends Enum<E>> E parse(String text, E[] values) {
        return Arrays.stream(values)
                .filter(value -> value.name().equalsIgnoreCase(text))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "must be one of " + Arrays.toString(values).toLowerCase(Locale.ROOT)));
    }
}
