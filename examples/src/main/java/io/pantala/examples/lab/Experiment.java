package io.pantala.examples.lab;

import io.pantala.examples.rig.Rate;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is pulled, by how many, behind which links.
 *
 * @param name of the files with what came of it
 * @param hosts numbers of them, each tried
 * @param sizes bytes, each tried with each number of hosts
 * @param link rate of each host's link
 * @param source rate of the registry's link and of the seed's
 * @param zones that the hosts are spread over; 0 for none
 * @param border rate of what joins a zone to the others; null: nothing narrows it
 * @param rounds pulls through Pantala of each size by each number of hosts
 * @param unaided pulls straight from the registry of each size by each number of hosts
 * @param perProcess hosts that share a process
 * @param tls whether nodes talk over mutual TLS, as they do unless told otherwise
 */
record Experiment(
        String name,
        List<Integer> hosts,
        List<Long> sizes,
        Rate link,
        Rate source,
        int zones,
        @Nullable Rate border,
        Arrival arrival,
        Faults faults,
        Load load,
        int rounds,
        int unaided,
        int perProcess,
        boolean tls) {
    /** What each host pulls, and by which means. */
    enum Load {
        /** One blob, by a client that does what engines do. */
        BLOB,
        /** An image of a manifest, a config and three layers, by the same client. */
        IMAGE,
        /** The same image, by skopeo. */
        SKOPEO
    }

    Experiment {
        hosts = List.copyOf(hosts);
        sizes = List.copyOf(sizes);
        if (hosts.isEmpty() || Collections.min(hosts) < 1) {
            throw new IllegalArgumentException("--hosts: there must be at least one");
        }
        if (sizes.isEmpty() || Collections.min(sizes) < 1) {
            throw new IllegalArgumentException("--sizes: there must be something to pull");
        }
        if (rounds < 0 || unaided < 0 || rounds + unaided < 1) {
            throw new IllegalArgumentException("--rounds and --native: something must be pulled");
        }
        if (perProcess < 1) {
            throw new IllegalArgumentException("--per-process: must be at least 1");
        }
        if (zones < 0 || (border != null && zones < 2)) {
            throw new IllegalArgumentException("--border: is between zones, so --zones must be at least 2");
        }
        if (!faults.isNone() && load == Load.SKOPEO) {
            throw new IllegalArgumentException("--kill and --kill-seed: nobody sees how far skopeo is");
        }
        if (faults.hosts().isPresent() && Collections.min(hosts) < 2) {
            throw new IllegalArgumentException("--kill: needs at least 2 hosts, of which one lives");
        }
    }

    Bound bound() {
        return new Bound(source, link, border);
    }

    /** The same with nothing going wrong, and all hosts at once. */
    Experiment calm() {
        return new Experiment(
                name,
                hosts,
                sizes,
                link,
                source,
                zones,
                border,
                new Arrival.AtOnce(),
                Faults.NONE,
                load,
                rounds,
                unaided,
                perProcess,
                tls);
    }

    int mostHosts() {
        return Collections.max(hosts);
    }

    long largest() {
        return Collections.max(sizes);
    }

    /** For people. */
    String describe() {
        String links = source.equals(link)
                ? "all links " + link
                : "hosts' links " + link + ", the registry's and the seed's " + source;
        return links
                + (zones == 0 ? "" : "; " + zones + " zones" + (border == null ? "" : ", between them " + border))
                + "; hosts arrive " + arrival
                + (faults.isNone() ? "" : "; " + faults)
                + (perProcess == 1 ? "" : "; " + perProcess + " hosts a process")
                + (tls ? "" : "; plaintext");
    }
}
