package io.pantala.examples.lab;

import io.pantala.examples.lab.Outcome.Pull;
import java.io.IOException;
import java.io.Writer;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.stream.Collectors;

/** Outcomes as comma-separated values: one line for each run, and one for each host's pull. */
final class Csv {
    private static final List<String> RUNS = List.of(
            "experiment",
            "way",
            "hosts",
            "bytes",
            "round",
            "bound_s",
            "last_s",
            "median_s",
            "first_byte_median_s",
            "done",
            "killed",
            "failed",
            "registry_bytes",
            "seed_link_bytes",
            "border_bytes",
            "from_peers_bytes",
            "registry_excess_bytes",
            "control_bytes",
            "host_cpu_s_per_gib",
            "idle");

    private static final List<String> PULLS = List.of(
            "experiment",
            "way",
            "hosts",
            "bytes",
            "round",
            "host",
            "zone",
            "began_s",
            "first_byte_s",
            "seconds",
            "end");

    private final String experiment;
    private final Writer runs;
    private final Writer pulls;

    Csv(String experiment, Writer runs, Writer pulls) throws IOException {
        this.experiment = experiment;
        this.runs = runs;
        this.pulls = pulls;
        line(runs, RUNS);
        line(pulls, PULLS);
    }

    void add(Outcome outcome) throws IOException {
        line(
                runs,
                List.of(
                        experiment,
                        outcome.way().name().toLowerCase(Locale.ROOT),
                        Integer.toString(outcome.hosts()),
                        Long.toString(outcome.bytes()),
                        Integer.toString(outcome.round()),
                        number(outcome.bound()),
                        number(outcome.last()),
                        number(outcome.median()),
                        number(outcome.firstByte()),
                        Integer.toString(outcome.ended(Outcome.End.DONE).size()),
                        Integer.toString(outcome.ended(Outcome.End.KILLED).size()),
                        Integer.toString(outcome.ended(Outcome.End.FAILED).size()),
                        Long.toString(outcome.registryBytes()),
                        Long.toString(outcome.seedBytes()),
                        Long.toString(outcome.borderBytes()),
                        Long.toString((long) outcome.fromPeers()),
                        excess(outcome),
                        Long.toString((long) outcome.controlBytes()),
                        number(outcome.hostCpu()),
                        number(outcome.idle())));
        for (Pull pull : outcome.pulls()) {
            line(
                    pulls,
                    List.of(
                            experiment,
                            outcome.way().name().toLowerCase(Locale.ROOT),
                            Integer.toString(outcome.hosts()),
                            Long.toString(outcome.bytes()),
                            Integer.toString(outcome.round()),
                            pull.host(),
                            pull.zone(),
                            number(pull.began()),
                            number(pull.firstByte()),
                            number(pull.seconds()),
                            pull.end().name().toLowerCase(Locale.ROOT)));
        }
    }

    /** Such as {@code no_room:65536 no_seed:131072}. */
    private static String excess(Outcome outcome) {
        return outcome.excess().entrySet().stream()
                .map(reason -> reason.getKey() + ":" + reason.getValue().longValue())
                .collect(Collectors.joining(" "));
    }

    /** Three decimals; nothing for what is not a number. */
    static String number(double value) {
        return Double.isNaN(value) ? "" : String.format(Locale.ROOT, "%.3f", value);
    }

    private static String number(OptionalDouble value) {
        return number(value.orElse(Double.NaN));
    }

    private static void line(Writer to, List<String> values) throws IOException {
        to.write(String.join(",", values) + "\n");
        to.flush();
    }
}
