package io.pantala.transport.control;

import java.util.OptionalInt;

/** The versions of the control protocol that a node speaks, both ends inclusive. */
public record VersionRange(int oldest, int newest) {
    /** What this program speaks. */
    public static final VersionRange SPOKEN = new VersionRange(1, 1);

    public VersionRange {
        if (oldest < 0 || newest < oldest) {
            throw new IllegalArgumentException("not a range of versions: " + oldest + " to " + newest);
        }
    }

    /** The newest version that both speak. */
    public OptionalInt common(VersionRange other) {
        int candidate = Math.min(newest, other.newest);
        return candidate >= Math.max(oldest, other.oldest) ? OptionalInt.of(candidate) : OptionalInt.empty();
    }

    boolean contains(int version) {
        return oldest <= version && version <= newest;
    }

    @Override
    public String toString() {
        return oldest == newest ? "version " + oldest : "versions " + oldest + " to " + newest;
    }
}
