package io.pantala.examples.soak;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** What came of all pulls so far. For any thread. */
final class Tally {
    private static final int TOLD = 20;

    private final Map<Event, Long> counts = new EnumMap<>(Event.class);
    private final List<String> failures = new ArrayList<>();
    private long bytes;

    /** What can happen in a pull. */
    enum Event {
        /** All of a blob came. */
        WHOLE,
        /** All of a range came. */
        RANGE,
        /** The engine left in the middle, as it meant to. */
        LEFT,
        /** An answer ended early, and the engine asked for the rest. */
        RESUMED,
        /** Nobody answered, or with an error, and the engine asked again. */
        ASKED_AGAIN,
        /** Nothing came for so long that the engine broke off and asked for the rest. */
        SILENCE,
        /** What the registry had spoilt came in an answer that ended early, or in a range, and the engine began anew. */
        BEGUN_ANEW,
        /** It never came whole. */
        LOST,
        /** Bytes came that are not the blob's, and not the registry's either, or a whole blob with such bytes of its. */
        WRONG
    }

    synchronized void add(Event event) {
        counts.merge(event, 1L, Long::sum);
    }

    /** Counts what must not happen. */
    synchronized void fail(Event event, String what) {
        add(event);
        if (failures.size() < TOLD) {
            failures.add(what);
        }
    }

    synchronized void received(long more) {
        bytes += more;
    }

    synchronized long count(Event... events) {
        long sum = 0;
        for (Event event : events) {
            sum += counts.getOrDefault(event, 0L);
        }
        return sum;
    }

    synchronized long bytes() {
        return bytes;
    }

    /** What must not happen and did, the first of it in words. */
    synchronized List<String> failures() {
        return List.copyOf(failures);
    }
}
