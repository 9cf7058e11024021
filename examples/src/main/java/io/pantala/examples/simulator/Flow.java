package io.pantala.examples.simulator;

/** Bytes on their way over some links. */
final class Flow {
    final Link[] links;
    final double weight;
    final Runnable onEnd;

    /** Of the bytes not yet moved, at the time of {@code since}, and how fast they have moved since. */
    double left;

    double rate;
    double since;

    /** When it is next looked at whether it has ended; what was planned before that is void. */
    double due = Double.POSITIVE_INFINITY;

    int plan;
    boolean over;

    /** @param weight beside others on the same link, as connections differ */
    Flow(double bytes, double weight, Runnable onEnd, Link... links) {
        this.left = bytes;
        this.weight = weight;
        this.onEnd = onEnd;
        this.links = links;
    }

    double leftAt(double now) {
        return left - rate * (now - since);
    }

    double level() {
        double least = Double.POSITIVE_INFINITY;
        for (Link link : links) {
            least = Math.min(least, link.level);
        }
        return least;
    }

    double levelBeside(Link one) {
        double least = Double.POSITIVE_INFINITY;
        for (Link link : links) {
            if (link != one) {
                least = Math.min(least, link.level);
            }
        }
        return least;
    }
}
