package io.pantala.examples.lab;

import io.pantala.examples.rig.Spread;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * What came of one run, in which each of some hosts pulled the same.
 *
 * @param round from 1
 * @param bytes that each host pulled
 * @param bound seconds that the last host needs at least
 * @param registryBytes of content that the registry sent
 * @param seedBytes that the seed's link carried to hosts, with headers
 * @param borderBytes that all zones' borders carried inwards, with headers
 * @param fromPeers bytes that hosts had from one another; what hosts that were killed had is not in it
 * @param excess bytes that the registry sent beyond one copy, as seed and hosts tell, by reason
 * @param controlBytes of messages between hosts and the seed; what hosts that were killed had is not in it
 * @param hostCpu seconds for each GiB that a host received, with what was left to do afterwards
 * @param idle share of the machine's CPU time that nobody used, from 0 to 1
 */
record Outcome(
        Way way,
        int round,
        long bytes,
        double bound,
        List<Pull> pulls,
        long registryBytes,
        long seedBytes,
        long borderBytes,
        double fromPeers,
        Map<String, Double> excess,
        double controlBytes,
        double hostCpu,
        double idle) {
    /** What a shaped run must leave of the CPU so that it measured the links and not the machine. */
    static final double LEAST_IDLE = 0.30;

    Outcome {
        pulls = List.copyOf(pulls);
        excess = Collections.unmodifiableMap(new TreeMap<>(excess));
    }

    /** By which way hosts pull. */
    enum Way {
        NATIVE,
        PANTALA
    }

    /** How one host's pull ended. */
    enum End {
        DONE,
        /** Its host was killed on purpose. */
        KILLED,
        FAILED
    }

    /**
     * One host's pull.
     *
     * @param began seconds after the first one
     * @param firstByte seconds until it had a byte, from where it began
     * @param seconds until it ended, from where it began
     * @param trouble why it failed
     */
    record Pull(
            String host,
            String zone,
            double began,
            double firstByte,
            double seconds,
            End end,
            @Nullable String trouble) {}

    int hosts() {
        return pulls.size();
    }

    boolean isBusy() {
        return idle < LEAST_IDLE;
    }

    List<Pull> ended(End end) {
        return pulls.stream().filter(pull -> pull.end() == end).toList();
    }

    /** The time of the host that took longest; not there when no host has it all. */
    OptionalDouble last() {
        return ended(End.DONE).stream().mapToDouble(Pull::seconds).max();
    }

    OptionalDouble median() {
        return median(Pull::seconds);
    }

    OptionalDouble firstByte() {
        return median(Pull::firstByte);
    }

    private OptionalDouble median(ToDoubleFunction<Pull> of) {
        List<Double> values = ended(End.DONE).stream()
                .map(of::applyAsDouble)
                .map(Objects::requireNonNull)
                .toList();
        return values.isEmpty()
                ? OptionalDouble.empty()
                : OptionalDouble.of(Spread.of(values).median());
    }

    /** Bytes of messages for each byte that a host got. */
    double control() {
        return controlBytes / (bytes * Math.max(1, ended(End.DONE).size()));
    }

    /** How often the registry sent it. */
    double copies() {
        return (double) registryBytes / bytes;
    }
}
