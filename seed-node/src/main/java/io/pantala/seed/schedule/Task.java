package io.pantala.seed.schedule;

/** A block ordered from a source, until the receiver reports. Each is equal to itself alone. */
final class Task {
    final Part to;
    final Part from;
    final int block;

    /** When it was ordered, in nanoseconds. */
    final long since;

    /** Transfers of the source at that time, this one included. */
    final int shared;

    /** Whether the source was just receiving the block itself, and passes it on as it comes. */
    final boolean relayed;

    /** Whether it takes so long that the block is to come from elsewhere too. */
    boolean late;

    Task(Part to, Part from, int block, long since, int shared) {
        this.to = to;
        this.from = from;
        this.block = block;
        this.since = since;
        this.shared = shared;
        this.relayed = !from.holds(block);
    }

    /**
     * Whether the receiver can tell by its other transfers that this one is late. What comes from a seed, whose link more
     * receivers share, or over a border is of another kind, and to order it again costs the narrowest link.
     */
    boolean isComparable() {
        return !from.member.seed && !crosses();
    }

    /** Whether it crosses the border of the receiver's zone. */
    boolean crosses() {
        return from.locality != to.locality;
    }
}
