package io.pantala.examples.lab;

import io.pantala.proxy.config.NodeConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** When hosts begin to pull. */
sealed interface Arrival {
    /** All in the same moment. */
    record AtOnce() implements Arrival {
        @Override
        public List<Duration> times(int hosts, RandomGenerator random) {
            return List.copyOf(java.util.Collections.nCopies(hosts, Duration.ZERO));
        }

        @Override
        public String toString() {
            return "at once";
        }
    }

    /**
     * One after the other, independently.
     *
     * @param perSecond on average
     */
    record Poisson(double perSecond) implements Arrival {
        public Poisson {
            if (!(perSecond > 0) || Double.isInfinite(perSecond)) {
                throw new IllegalArgumentException("some hosts a second must come");
            }
        }

        @Override
        public List<Duration> times(int hosts, RandomGenerator random) {
            List<Duration> times = new ArrayList<>();
            double seconds = 0;
            for (int i = 0; i < hosts; i++) {
                times.add(Duration.ofNanos((long) (seconds * 1e9)));
                seconds += random.nextExponential() / perSecond;
            }
            return times;
        }

        @Override
        public String toString() {
            return "one by one, " + perSecond + " a second";
        }
    }

    /** In groups of the same size, as far as that goes. */
    record Waves(int count, Duration apart) implements Arrival {
        public Waves {
            if (count < 1) {
                throw new IllegalArgumentException("there must be a wave");
            }
        }

        @Override
        public List<Duration> times(int hosts, RandomGenerator random) {
            List<Duration> times = new ArrayList<>();
            for (int i = 0; i < hosts; i++) {
                times.add(apart.multipliedBy((long) i * count / hosts));
            }
            return times;
        }

        @Override
        public String toString() {
            return "in " + count + " waves, " + apart.toMillis() / 1e3 + " s apart";
        }
    }

    /** For each host, how long after the first. */
    List<Duration> times(int hosts, RandomGenerator random);

    /** Reads {@code at-once}, {@code poisson:2} or {@code waves:4:10s}. */
    static Arrival parse(String text) {
        Matcher parts = Syntax.TEXT.matcher(text.strip());
        if (!parts.matches()) {
            throw new IllegalArgumentException("must be at-once, poisson:HOSTS_A_SECOND or waves:COUNT:TIME");
        }
        if (parts.group("rate") != null) {
            return new Poisson(Double.parseDouble(parts.group("rate")));
        }
        return parts.group("count") == null
                ? new AtOnce()
                : new Waves(Integer.parseInt(parts.group("count")), NodeConfig.time(parts.group("apart")));
    }

    /** What an interface can't have for itself. */
    final class Syntax {
        private static final Pattern TEXT = Pattern.compile(
                "at-once|poisson:(?<rate>[0-9]{1,6}(?:\\.[0-9]{1,6})?)|waves:(?<count>[0-9]{1,6}):(?<apart>\\S+)");

        private Syntax() {}
    }
}
