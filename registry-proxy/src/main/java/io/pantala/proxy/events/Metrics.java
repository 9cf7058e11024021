package io.pantala.proxy.events;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/** The metrics of one node. {@code docs/metrics.md} lists them. */
public final class Metrics implements AutoCloseable {
    private static final Duration[] BUCKETS = {
        Duration.ofMillis(5),
        Duration.ofMillis(10),
        Duration.ofMillis(25),
        Duration.ofMillis(50),
        Duration.ofMillis(100),
        Duration.ofMillis(250),
        Duration.ofMillis(500),
        Duration.ofSeconds(1),
        Duration.ofMillis(2500),
        Duration.ofSeconds(5),
        Duration.ofSeconds(10),
        Duration.ofSeconds(30),
        Duration.ofMinutes(1),
        Duration.ofMinutes(5),
        Duration.ofMinutes(30)
    };

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

    /** @param version of the program */
    public Metrics(String version) {
        Gauge.builder("pantala.build.info", () -> 1)
                .description("Always 1; the label says which version runs")
                .tag("version", version)
                .register(registry);
        new JvmMemoryMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
    }

    /** All of them in Prometheus' text format. */
    public String scrape() {
        return registry.scrape();
    }

    @Override
    public void close() {
        registry.close();
    }

    Counter count(String name, String description, String... tags) {
        return Counter.builder(name).description(description).tags(tags).register(registry);
    }

    ByteCounter bytes(String name, String description, String... tags) {
        return new ByteCounter(Counter.builder(name)
                .description(description)
                .baseUnit("bytes")
                .tags(tags)
                .register(registry));
    }

    /** Bytes of blobs by where this node had them from. */
    ByteCounter bytesFrom(String source) {
        return bytes("pantala.source.bytes", "Bytes of blobs by where this node had them from", "source", source);
    }

    /** Bytes of blobs that a registry would not have sent, had all gone well. */
    ByteCounter excessBytes(String reason) {
        return bytes(
                "pantala.registry.excess.bytes",
                "Bytes of blobs that registries sent beyond the first copy",
                "reason",
                reason);
    }

    /** How long the certificate of this node still counts. */
    public void certificate(Supplier<Optional<Instant>> ends, InstantSource clock) {
        gauge(
                "pantala.certificate.remaining.seconds",
                "How long this node's certificate still counts",
                ends,
                each -> each.get()
                        .map(end -> Duration.between(clock.instant(), end).toMillis() / 1e3)
                        .orElse(0.0));
    }

    Timer time(String name, String description, String... tags) {
        return Timer.builder(name)
                .description(description)
                .tags(tags)
                .serviceLevelObjectives(BUCKETS)
                .register(registry);
    }

    <T> void gauge(String name, String description, T of, ToDoubleFunction<T> value, String... tags) {
        Gauge.builder(name, of, value)
                .description(description)
                .tags(Tags.of(tags))
                .strongReference(true)
                .register(registry);
    }

    /** A label's value. */
    static String label(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
