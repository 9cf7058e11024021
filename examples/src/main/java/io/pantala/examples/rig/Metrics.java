package io.pantala.examples.rig;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What a node counts.
 *
 * @param values by name and labels, as {@code docs/metrics.md} lists them
 */
public record Metrics(Map<String, Double> values) {
    /** Of a node that doesn't run. */
    public static final Metrics NONE = new Metrics(Map.of());

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    public Metrics {
        values = Map.copyOf(values);
    }

    /**
     * Asks a node.
     *
     * @param admin where its metrics are, as seen from the site
     */
    public static Metrics of(Site site, InetSocketAddress admin) throws IOException, InterruptedException {
        try (EngineConnection connection = EngineConnection.open(site, admin, PATIENCE)) {
            int status = connection.get("/metrics", Map.of()).status();
            if (status != 200) {
                throw new IOException("metrics were answered with " + status);
            }
            return new Metrics(new String(connection.readAll(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#") && line.indexOf(' ') > 0)
                    .collect(Collectors.toMap(
                            line -> line.substring(0, line.lastIndexOf(' ')),
                            line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)),
                            (one, _) -> one)));
        }
    }

    /** All values of a counter that has one label, by what that says. */
    public Map<String, Double> byLabel(String counter) {
        Pattern labelled = Pattern.compile(Pattern.quote(counter) + "\\{\\w+=\"(\\w+)\"}");
        Map<String, Double> found = new TreeMap<>();
        values.forEach((name, value) -> {
            Matcher match = labelled.matcher(name);
            if (match.matches()) {
                found.put(match.group(1), value);
            }
        });
        return found;
    }

    /** One value; 0 when nothing was counted. */
    public double value(String name) {
        return values.getOrDefault(name, 0.0);
    }
}
