package io.pantala.examples.lab;

import io.pantala.examples.rig.Network;
import io.pantala.examples.rig.Network.Carried;
import java.io.IOException;
import java.io.Writer;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Writes down, many times a second, what each link carries: where the time goes when a swarm is slower than it could be. */
final class LinkLog {
    private static final Duration PERIOD = Duration.ofMillis(200);
    private static final String HEAD = "run,seconds,link,sent_mbit,received_mbit\n";

    private final Optional<Writer> csv;

    private LinkLog(Optional<Writer> csv) {
        this.csv = csv;
    }

    /** That writes nothing. */
    static LinkLog none() {
        return new LinkLog(Optional.empty());
    }

    static LinkLog to(Writer csv) throws IOException {
        csv.write(HEAD);
        return new LinkLog(Optional.of(csv));
    }

    /** Writes until what it returns is closed. */
    AutoCloseable watch(String run, Network network) {
        if (csv.isEmpty()) {
            return () -> {};
        }
        Writer to = csv.get();
        Thread watching = Thread.ofPlatform().daemon().name("links").start(() -> watch(run, network, to));
        return () -> {
            watching.interrupt();
            watching.join();
        };
    }

    private static void watch(String run, Network network, Writer to) {
        try {
            long start = System.nanoTime();
            long at = start;
            Map<String, Carried> before = network.carried();
            while (true) {
                Thread.sleep(PERIOD);
                long now = System.nanoTime();
                Map<String, Carried> carried = network.carried();
                for (Map.Entry<String, Carried> link : new TreeMap<>(carried).entrySet()) {
                    Carried earlier = before.getOrDefault(link.getKey(), link.getValue());
                    to.write(String.join(
                            ",",
                            run,
                            Csv.number((now - start) / 1e9),
                            link.getKey(),
                            Csv.number(8e3 * (link.getValue().sent() - earlier.sent()) / (now - at)),
                            Csv.number(8e3 * (link.getValue().received() - earlier.received()) / (now - at)) + "\n"));
                }
                to.flush();
                at = now;
                before = carried;
            }
        } catch (InterruptedException e) {
            // It is over.
        } catch (IOException e) {
            System.err.println("links are written down no more: " + e.getMessage());
        }
    }
}
