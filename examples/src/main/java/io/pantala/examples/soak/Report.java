package io.pantala.examples.soak;

import io.pantala.examples.soak.Tally.Event;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What came of a run, for people. */
final class Report {
    /** MB an hour: more than that in the second half of a run is a leak. */
    private static final double STEEPEST = 20;

    /** In less time a program's memory says nothing of hours. */
    private static final Duration LONG_ENOUGH = Duration.ofMinutes(30);

    private final PrintWriter out;
    private final Settings settings;
    private final Fleet fleet;
    private final Catalogue catalogue;
    private final Tally tally = new Tally();
    private final List<String> nodes = new ArrayList<>();
    private final List<String> faults = new ArrayList<>();
    private int told;
    private int kills;
    private int stops;

    Report(PrintWriter out, Settings settings, Fleet fleet, Catalogue catalogue) {
        this.out = out;
        this.settings = settings;
        this.fleet = fleet;
        this.catalogue = catalogue;
    }

    /** Where engines count. */
    Tally tally() {
        return tally;
    }

    /** Says how often a node was ended. */
    void broken(int killed, int stopped) {
        kills = killed;
        stops = stopped;
    }

    /** Says how it goes so far, and what has failed since it was said last. */
    void progress(Duration after) {
        List<String> failures = tally.failures();
        failures.subList(told, failures.size()).forEach(failure -> line("  " + failure));
        told = failures.size();
        line("  " + time(after) + ": " + pulls() + " pulls, " + bytes() + ", " + tally.count(Event.LOST) + " lost, "
                + tally.count(Event.WRONG) + " wrong");
    }

    /**
     * Looks at what nodes have that they should not.
     *
     * @param half the middle of the run, in nanoseconds of {@link System#nanoTime}
     * @return whether there is anything
     */
    boolean leftovers(long half) throws IOException, InterruptedException {
        nodes.clear();
        faults.clear();
        for (Member member : fleet.members()) {
            List<String> found = new ArrayList<>(Leftovers.of(member));
            List<Slope.Point> memory =
                    member.memory().stream().filter(point -> point.at() > half).toList();
            double slope = Slope.perHour(memory);
            if (settings.duration().compareTo(LONG_ENOUGH) >= 0 && slope > STEEPEST && watched(member)) {
                found.add(String.format(Locale.ROOT, "its memory grows by %.1f MB an hour", slope));
            }
            Descriptors open = member.descriptors();
            nodes.add(String.format(
                    Locale.ROOT,
                    "  %-8s descriptors %d at its start, %d now, and %d of blobs; anonymous memory %.0f MB, %+.1f MB an hour%s",
                    member.name(),
                    member.descriptorsAtStart(),
                    open.others(),
                    open.blobs(),
                    memory.isEmpty() ? 0 : memory.getLast().value(),
                    slope,
                    watched(member) ? "" : ", since it was started last"));
            found.forEach(each -> faults.add(member.name() + ": " + each));
        }
        return !faults.isEmpty();
    }

    /** Whether it ran through the second half. */
    private boolean watched(Member member) {
        return member == fleet.seed() || member == fleet.hosts().getFirst();
    }

    /** Says it all; whether it is as it should be. */
    boolean summarize() {
        FaultyRegistry registry = fleet.registry();
        line("");
        line("pulls        " + pulls() + " of " + catalogue.made() + " blobs, " + bytes() + ": "
                + tally.count(Event.WHOLE) + " whole, " + tally.count(Event.RANGE) + " ranges, "
                + tally.count(Event.LEFT) + " left in the middle");
        line("engines      " + tally.count(Event.RESUMED) + " times resumed, " + tally.count(Event.ASKED_AGAIN)
                + " asked again, " + tally.count(Event.SILENCE) + " heard nothing for long, "
                + tally.count(Event.BEGUN_ANEW) + " began anew after spoilt bytes");
        line("registry     " + registry.count(Fault.Refusal.class) + " times refused, "
                + registry.count(Fault.Cut.class) + " cut, " + registry.count(Fault.Stall.class) + " stalled, "
                + registry.count(Fault.Corrupt.class) + " sent wrong bytes");
        line("nodes        " + kills + " times killed, " + stops + " stopped, and started again");
        nodes.forEach(this::line);
        line("lost pulls   " + tally.count(Event.LOST));
        line("wrong bytes  " + tally.count(Event.WRONG));
        line("left behind  " + (faults.isEmpty() ? "nothing" : faults.size() + " things"));
        List<String> failures = new ArrayList<>(tally.failures());
        failures.addAll(faults);
        failures.forEach(failure -> line("  " + failure));
        boolean sound = failures.isEmpty() && pulls() > 0;
        line(sound ? "It held." : "It did NOT hold; --seed " + settings.seed() + " does the same again.");
        return sound;
    }

    private long pulls() {
        return tally.count(Event.WHOLE, Event.RANGE, Event.LEFT);
    }

    private String bytes() {
        return String.format(Locale.ROOT, "%.1f GB", tally.bytes() / 1e9);
    }

    /** Hours, minutes and seconds. */
    static String time(Duration time) {
        return time.toHours() > 0
                ? String.format(Locale.ROOT, "%d:%02d:%02d", time.toHours(), time.toMinutesPart(), time.toSecondsPart())
                : String.format(Locale.ROOT, "%d:%02d", time.toMinutes(), time.toSecondsPart());
    }

    private void line(String text) {
        out.println(text);
        out.flush();
    }
}
