package io.pantala.examples.simulator;

import java.util.PriorityQueue;

/** Virtual time, in seconds, and what happens in it: in order, and of what is at the same time the first told first. */
final class Timeline {
    private final PriorityQueue<Event> events = new PriorityQueue<>(1 << 16);
    private double now;
    private long told;

    private record Event(double time, long order, Runnable what) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            int byTime = Double.compare(time, other.time);
            return byTime != 0 ? byTime : Long.compare(order, other.order);
        }
    }

    double now() {
        return now;
    }

    long nanos() {
        return (long) (now * 1e9);
    }

    void in(double seconds, Runnable what) {
        events.add(new Event(now + Math.max(0, seconds), told++, what));
    }

    /** Lets the next thing happen; false when there is none. */
    boolean step() {
        Event event = events.poll();
        if (event == null) {
            return false;
        }
        now = event.time;
        event.what.run();
        return true;
    }

    /** How much has happened or will. */
    long events() {
        return told;
    }
}
