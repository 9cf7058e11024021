package io.pantala.examples.simulator;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** Moves bytes over links that all flows share, each as much as the narrowest of its links leaves to it. */
final class Network {
    /** A flow's rate must have changed by so much to be looked at. */
    private static final double NOTICEABLE = 1e-6;

    /** Changes spread no farther than so many links. */
    private static final int FARTHEST = 400;

    private static final double DONE = 0.5;

    private final Timeline timeline;
    private final ArrayDeque<Link> stale = new ArrayDeque<>();
    private final List<Link> changed = new ArrayList<>();

    Network(Timeline timeline) {
        this.timeline = timeline;
    }

    void start(Flow flow) {
        flow.since = timeline.now();
        for (Link link : flow.links) {
            link.flows.add(flow);
        }
        share(flow);
    }

    /** What has not come by now won't. */
    void cut(Flow flow) {
        if (!flow.over) {
            flow.left = flow.leftAt(timeline.now());
            flow.since = timeline.now();
            flow.rate = 0;
            flow.over = true;
            for (Link link : flow.links) {
                link.flows.remove(flow);
            }
            share(flow);
        }
    }

    private void share(Flow changing) {
        for (Link link : changing.links) {
            look(link);
        }
        for (int looks = 0; looks < FARTHEST && !stale.isEmpty(); looks++) {
            Link link = stale.remove();
            link.stale = false;
            double before = link.level;
            if (link.balance()) {
                tell(link, Math.min(before, link.level));
            }
            changed.add(link);
        }
        stale.forEach(link -> link.stale = false);
        stale.clear();
        for (int i = 0; i < changed.size(); i++) {
            Link link = changed.get(i);
            for (int j = 0; j < link.flows.size(); j++) {
                pace(link.flows.get(j));
            }
        }
        changed.clear();
    }

    /** Those links are to know it at which this one holds up a flow, or did. */
    private void tell(Link link, double lower) {
        for (int i = 0; i < link.flows.size(); i++) {
            for (Link other : link.flows.get(i).links) {
                if (other != link && lower < other.level) {
                    look(other);
                }
            }
        }
    }

    private void look(Link link) {
        if (!link.stale) {
            link.stale = true;
            stale.add(link);
        }
    }

    private void pace(Flow flow) {
        double rate = flow.level() * flow.weight;
        if (Math.abs(rate - flow.rate) <= NOTICEABLE * flow.rate) {
            return;
        }
        double now = timeline.now();
        flow.left -= flow.rate * (now - flow.since);
        flow.since = now;
        flow.rate = rate;
        double due = now + Math.max(0, flow.left) / rate;
        if (due < flow.due) {
            // When it turns out to be later, that is seen at the earlier time.
            plan(flow, due);
        }
    }

    private void plan(Flow flow, double due) {
        flow.due = due;
        int plan = ++flow.plan;
        timeline.in(due - timeline.now(), () -> {
            if (!flow.over && flow.plan == plan) {
                look(flow);
            }
        });
    }

    private void look(Flow flow) {
        double left = flow.leftAt(timeline.now());
        if (left > DONE) {
            plan(flow, timeline.now() + left / flow.rate);
        } else {
            cut(flow);
            flow.onEnd.run();
        }
    }
}
