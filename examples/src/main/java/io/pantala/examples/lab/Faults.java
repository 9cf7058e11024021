package io.pantala.examples.lab;

import io.pantala.proxy.config.NodeConfig;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What goes wrong in the middle. */
record Faults(Optional<Hosts> hosts, Optional<Seed> seed) {
    static final Faults NONE = new Faults(Optional.empty(), Optional.empty());

    /**
     * Hosts are killed.
     *
     * @param percent of them
     * @param at percent of all bytes that were to be delivered
     */
    record Hosts(int percent, int at) {
        private static final Pattern TEXT = Pattern.compile("([0-9]{1,3})%@([0-9]{1,3})%");

        Hosts {
            if (percent < 1 || percent > 99 || at < 0 || at > 99) {
                throw new IllegalArgumentException("some hosts must be killed, and some live, before all is there");
            }
        }

        /** Reads {@code 20%@50%}. */
        static Hosts parse(String text) {
            Matcher parts = TEXT.matcher(text.strip());
            if (!parts.matches()) {
                throw new IllegalArgumentException("must read like 20%@50%: a fifth of the hosts, half-way");
            }
            return new Hosts(Integer.parseInt(parts.group(1)), Integer.parseInt(parts.group(2)));
        }

        /** How many of so many hosts. */
        int of(int hosts) {
            return Math.clamp(Math.round(hosts * percent / 100.0), 1, Math.max(1, hosts - 1));
        }

        @Override
        public String toString() {
            return percent + " % of the hosts killed at " + at + " %";
        }
    }

    /**
     * The seed is killed.
     *
     * @param at percent of all bytes that were to be delivered
     * @param back when it is started again; empty for never
     */
    record Seed(int at, Optional<Duration> back) {
        private static final Pattern TEXT = Pattern.compile("([0-9]{1,2})%(?:\\+(\\S+))?");

        /** Reads {@code 50%}, or {@code 50%+2s} for one that comes back. */
        static Seed parse(String text) {
            Matcher parts = TEXT.matcher(text.strip());
            if (!parts.matches()) {
                throw new IllegalArgumentException("must read like 50%, or 50%+2s for one that is started again");
            }
            return new Seed(
                    Integer.parseInt(parts.group(1)),
                    Optional.ofNullable(parts.group(2)).map(NodeConfig::time));
        }

        @Override
        public String toString() {
            return "the seed killed at " + at + " %"
                    + back.map(after -> ", back after " + after.toMillis() / 1e3 + " s")
                            .orElse("");
        }
    }

    boolean isNone() {
        return hosts.isEmpty() && seed.isEmpty();
    }

    @Override
    public String toString() {
        return hosts.map(Hosts::toString).orElse("")
                + (hosts.isPresent() && seed.isPresent() ? "; " : "")
                + seed.map(Seed::toString).orElse("");
    }
}
