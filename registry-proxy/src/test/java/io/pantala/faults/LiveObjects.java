package io.pantala.faults;

import java.lang.management.ManagementFactory;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * How many objects of each class this process holds, counted after a full collection: unlike memory in use, that tells what
 * is kept and by which class, and depends on no heap's size.
 *
 * @param histogram as the virtual machine prints it, since anything else would be many objects itself
 */
record LiveObjects(String histogram) {
    private static final Pattern LINE = Pattern.compile("(?m)^ *[0-9]+: +([0-9]+) +[0-9]+ +(\\S+)");

    private static final Pattern TOTAL = Pattern.compile("(?m)^Total +[0-9]+ +([0-9]+)");

    static LiveObjects count() throws JMException {
        return new LiveObjects((String) ManagementFactory.getPlatformMBeanServer()
                .invoke(
                        new ObjectName("com.sun.management:type=DiagnosticCommand"),
                        "gcClassHistogram",
                        new Object[] {new String[0]},
                        new String[] {String[].class.getName()}));
    }

    /** The classes of which there are at least so many more than before, and how many more. */
    Map<String, Long> growth(LiveObjects before, long least) {
        Map<String, Long> then = before.byClass();
        Map<String, Long> growth = new TreeMap<>();
        byClass().forEach((name, count) -> {
            long more = count - then.getOrDefault(name, 0L);
            if (more >= least) {
                growth.put(name, more);
            }
        });
        return growth;
    }

    /** How large all of them are together. */
    long bytes() {
        Matcher total = TOTAL.matcher(histogram);
        if (!total.find()) {
            throw new AssertionError("no total in: " + histogram);
        }
        return Long.parseLong(total.group(1));
    }

    private Map<String, Long> byClass() {
        Map<String, Long> counts = new HashMap<>();
        Matcher lines = LINE.matcher(histogram);
        while (lines.find()) {
            counts.merge(lines.group(2), Long.parseLong(lines.group(1)), Long::sum);
        }
        return counts;
    }
}
