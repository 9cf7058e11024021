package io.pantala.proxy.logging;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.StackTraceElementProxy;
import ch.qos.logback.classic.spi.ThrowableProxy;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.KeyValuePair;

/** What an event carries beside its message. */
final class Fields {
    private static final int FRAMES = 24;
    private static final int CAUSES = 5;

    private Fields() {}

    /** The event's own pairs, then those of its thread; the first of a name counts. */
    static Map<String, Object> of(ILoggingEvent event) {
        Map<String, Object> fields = new LinkedHashMap<>();
        if (event.getKeyValuePairs() != null) {
            for (KeyValuePair pair : event.getKeyValuePairs()) {
                fields.putIfAbsent(pair.key, pair.value == null ? "null" : pair.value);
            }
        }
        event.getMDCPropertyMap().forEach(fields::putIfAbsent);
        return fields;
    }

    /** The failure and its causes in one line. */
    static String error(IThrowableProxy failure) {
        StringBuilder line = new StringBuilder();
        IThrowableProxy each = failure;
        for (int depth = 0; each != null && depth < CAUSES; depth++, each = each.getCause()) {
            line.append(depth == 0 ? "" : "; caused by ").append(simple(each.getClassName()));
            if (each.getMessage() != null) {
                line.append(": ").append(each.getMessage());
            }
        }
        return line.toString();
    }

    /** Where it came from; null for what networks and disks do every day, since no line of code is to blame. */
    static @Nullable String stack(IThrowableProxy failure) {
        IThrowableProxy root = failure;
        for (int depth = 0; root.getCause() != null && depth < CAUSES; depth++) {
            root = root.getCause();
        }
        if (root instanceof ThrowableProxy real
                && !(real.getThrowable() instanceof RuntimeException)
                && !(real.getThrowable() instanceof Error)) {
            return null;
        }
        StringBuilder frames = new StringBuilder();
        StackTraceElementProxy[] elements = root.getStackTraceElementProxyArray();
        for (int i = 0; elements != null && i < Math.min(elements.length, FRAMES); i++) {
            frames.append(i == 0 ? "" : " ").append(elements[i].getSTEAsString());
        }
        return frames.toString();
    }

    static String simple(String className) {
        return className.substring(className.lastIndexOf('.') + 1);
    }
}
