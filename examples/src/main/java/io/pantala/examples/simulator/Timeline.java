package io.pantala.examples.simulator;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Virtual time, in seconds, and what happens in it: in order, and of what is at the same time the first told first. */
final class Timeline {
    /** Children of a node in the heap: as many as lie side by side in memory. */
    private static final int CHILDREN = 4;

    /** A heap by time and order, in arrays, since with many hosts most time goes into looking at what lies far apart. */
    private double[] times = new double[1 << 16];

    private long[] orders = new long[times.length];
    private @Nullable Runnable[] events = new Runnable[times.length];
    private int size;

    private double now;
    private long told;

    double now() {
        return now;
    }

    long nanos() {
        return (long) (now * 1e9);
    }

    void in(double seconds, Runnable what) {
        if (size == times.length) {
            times = Arrays.copyOf(times, 2 * size);
            orders = Arrays.copyOf(orders, 2 * size);
            events = Arrays.copyOf(events, 2 * size);
        }
        double time = now + Math.max(0, seconds);
        long order = told++;
        int at = size++;
        // What is told last comes after all that is at the same time.
        for (int parent = (at - 1) / CHILDREN; at > 0 && time < times[parent]; parent = (at - 1) / CHILDREN) {
            move(parent, at);
            at = parent;
        }
        put(at, time, order, what);
    }

    /** Lets the next thing happen; false when there is none. */
    boolean step() {
        if (size == 0) {
            return false;
        }
        now = times[0];
        Runnable event = Objects.requireNonNull(events[0]);
        sink(--size);
        event.run();
        return true;
    }

    /** Has the last of the heap take the place of the first. */
    private void sink(int last) {
        double time = times[last];
        long order = orders[last];
        Runnable event = events[last];
        events[last] = null;
        int at = 0;
        while (true) {
            int first = CHILDREN * at + 1;
            if (first >= last) {
                break;
            }
            int least = first;
            for (int child = first + 1; child < Math.min(first + CHILDREN, last); child++) {
                if (isBefore(times[child], orders[child], least)) {
                    least = child;
                }
            }
            if (isBefore(time, order, least)) {
                break;
            }
            move(least, at);
            at = least;
        }
        if (last > 0) {
            put(at, time, order, event);
        }
    }

    private boolean isBefore(double time, long order, int other) {
        return time < times[other] || (time == times[other] && order < orders[other]);
    }

    private void move(int from, int to) {
        put(to, times[from], orders[from], events[from]);
    }

    private void put(int at, double time, long order, @Nullable Runnable what) {
        times[at] = time;
        orders[at] = order;
        events[at] = what;
    }

    /** How much has happened or will. */
    long events() {
        return told;
    }
}
