package io.pantala.seed.schedule;

import java.util.ArrayList;
import java.util.List;

/** Parts in no order, that come and go quickly. */
final class Pool {
    // What a pool is of; a part is in at most one of each kind.

    /** Those that could send something. */
    static final int FREE = 0;

    /** Those that want something and found no source. */
    static final int STARVING = 1;

    static final int KINDS = 2;

    private final int kind;
    private final List<Part> parts = new ArrayList<>();

    Pool(int kind) {
        this.kind = kind;
    }

    int size() {
        return parts.size();
    }

    Part get(int index) {
        return parts.get(index);
    }

    /** Has a part in here or not. */
    void set(Part part, boolean in) {
        int at = part.places[kind];
        if (in && at < 0) {
            part.places[kind] = parts.size();
            parts.add(part);
        } else if (!in && at >= 0) {
            Part last = parts.removeLast();
            if (last != part) {
                parts.set(at, last);
                last.places[kind] = at;
            }
            part.places[kind] = -1;
        }
    }
}
