package io.pantala.examples.lab;

import io.pantala.examples.lab.Experiment.Load;
import io.pantala.examples.rig.Rate;
import java.util.List;
import java.util.Locale;

/** Experiments that have a name. */
enum Preset {
    /** As the first report of a swarm for layers had it: hosts' links have a tenth of the source's rate. */
    ONE_FILE("one file to more and more hosts, whose links have a tenth of the source's rate"),
    SIZES("three sizes, all links equal"),
    COPIES("images of three layers, and how often the registry sends them"),
    BOUND("a large blob to 24 hosts, all links equal: how near the bound that is"),
    TRIAL("something small, to see it work");

    private final String meaning;

    Preset(String meaning) {
        this.meaning = meaning;
    }

    /** As the command line knows it. */
    String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    String meaning() {
        return meaning;
    }

    /** Its settings; a run of it ends within ten minutes. */
    Experiment experiment() {
        return switch (this) {
            case ONE_FILE -> of(List.of(1, 5, 10, 20, 40), List.of(32), "20mbit", "200mbit", Load.BLOB, 3, 1);
            case SIZES -> of(List.of(10, 20, 40), List.of(2, 4, 8), "20mbit", "20mbit", Load.BLOB, 1, 1);
            case COPIES -> of(List.of(1, 5, 10, 20, 40), List.of(12), "20mbit", "200mbit", Load.IMAGE, 2, 1);
            case BOUND -> of(List.of(24), List.of(256), "25mbit", "25mbit", Load.BLOB, 5, 0);
            case TRIAL -> of(List.of(2, 4, 8), List.of(16), "50mbit", "50mbit", Load.BLOB, 1, 1);
        };
    }

    private Experiment of(
            List<Integer> hosts,
            List<Integer> mebibytes,
            String link,
            String source,
            Load load,
            int rounds,
            int unaided) {
        return new Experiment(
                text(),
                hosts,
                mebibytes.stream().map(size -> (long) size << 20).toList(),
                Rate.parse(link),
                Rate.parse(source),
                0,
                null,
                new Arrival.AtOnce(),
                Faults.NONE,
                load,
                rounds,
                unaided,
                1,
                true);
    }
}
