package io.pantala.examples.simulator;

import java.util.List;

/**
 * What became of a scenario.
 *
 * @param hosts as they are at its end
 * @param registryCopies of the blob that the registry sent
 * @param seedCopies of the blob that the seed sent
 * @param borderCopies of the blob that went from one zone to another
 * @param seconds of virtual time until the last host had all
 */
record Outcome(
        Scenario scenario,
        List<Host> hosts,
        double registryCopies,
        double seedCopies,
        double borderCopies,
        double seconds,
        Design.Cost cost) {

    /** How long those took that have all, and have links as fast as most, over the bound, in ascending order. */
    double[] completion() {
        return over(false);
    }

    /** The same of those whose links are slow, over what such a link allows. */
    double[] slowCompletion() {
        return over(true);
    }

    private double[] over(boolean slow) {
        double bound = scenario.bound(slow ? scenario.slowRate() : scenario.rate());
        return hosts.stream()
                .filter(host -> host.slow == slow && host.done >= 0)
                .mapToDouble(host -> (host.done - host.arrived) / bound)
                .sorted()
                .toArray();
    }

    /** When half of them could read the first half of the blob, over the bound. */
    double firstHalf() {
        double bound = scenario.bound(scenario.rate());
        return quantile(
                hosts.stream()
                        .filter(host -> !host.slow && host.half >= 0)
                        .mapToDouble(host -> (host.half - host.arrived) / bound)
                        .sorted()
                        .toArray(),
                0.5);
    }

    /** Of an ascending row: the value that so large a part of it doesn't exceed. */
    static double quantile(double[] ascending, double part) {
        return ascending.length == 0
                ? Double.NaN
                : ascending[(int) Math.clamp(Math.ceil(part * ascending.length) - 1, 0, ascending.length - 1)];
    }
}
