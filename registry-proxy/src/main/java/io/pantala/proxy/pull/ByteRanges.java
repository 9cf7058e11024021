package io.pantala.proxy.pull;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a {@code Range} header means for a body of a known size (RFC 9110, 14). */
sealed interface ByteRanges {
    /** No range, or one that is to be ignored: all of it, with status 200. */
    record Whole() implements ByteRanges {}

    /** Nothing of it: status 416. */
    record Unsatisfiable() implements ByteRanges {}

    /** These parts, at least one, in the order asked for, none overlapping another. */
    record Parts(List<Part> parts) implements ByteRanges {
        public Parts {
            parts = List.copyOf(parts);
        }
    }

    /**
     * The bytes from {@code from} to before {@code to}.
     *
     * @param size of the whole body
     */
    record Part(long from, long to, long size) {
        long length() {
            return to - from;
        }

        /** The value of the header that says so. */
        String contentRange() {
            return "bytes " + from + "-" + (to - 1) + "/" + size;
        }
    }

    /** More parts than this are not worth their own replies. */
    int MOST_PARTS = 1024;

    Pattern SPEC = Pattern.compile("(?<first>[0-9]+)-(?<last>[0-9]*)|-(?<suffix>[0-9]+)");

    /**
     * Reads a header. What is not a list of ranges is ignored, as the standard wants it; so are lists that overlap or
     * are very long, which no engine sends for a reason.
     */
    static ByteRanges parse(@Nullable String header, long size) {
        if (header == null || size == 0 || !header.regionMatches(true, 0, "bytes=", 0, "bytes=".length())) {
            return new Whole();
        }
        List<Part> parts = new ArrayList<>();
        int specs = 0;
        for (String spec : header.substring("bytes=".length()).split(",", -1)) {
            String trimmed = spec.strip();
            if (trimmed.isEmpty()) {
                continue;
            }
            Matcher matcher = SPEC.matcher(trimmed);
            if (!matcher.matches() || ++specs > MOST_PARTS) {
                return new Whole();
            }
            Part part = part(matcher, size);
            if (part.length() > 0) {
                parts.add(part);
            }
        }
        if (specs == 0 || overlap(parts)) {
            return new Whole();
        }
        return parts.isEmpty() ? new Unsatisfiable() : new Parts(parts);
    }

    private static Part part(Matcher spec, long size) {
        if (spec.group("suffix") != null) {
            return new Part(size - Math.min(number(spec.group("suffix")), size), size, size);
        }
        long first = Math.min(number(spec.group("first")), size);
        String last = spec.group("last");
        long to = last.isEmpty() ? size : Math.min(number(last), size - 1) + 1;
        return new Part(first, Math.max(first, to), size);
    }

    /** Clamped: beyond any size is beyond any size. */
    private static long number(String digits) {
        return new BigInteger(digits).min(BigInteger.valueOf(Long.MAX_VALUE)).longValueExact();
    }

    private static boolean overlap(List<Part> parts) {
        List<Part> sorted =
                parts.stream().sorted(Comparator.comparingLong(Part::from)).toList();
        for (int i = 1; i < sorted.size(); i++) {
            if (sorted.get(i).from() < sorted.get(i - 1).to()) {
                return true;
            }
        }
        return false;
    }
}
