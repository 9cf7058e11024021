package io.pantala.proxy.events;

import io.pantala.manifest.UpstreamName;
import io.pantala.registry.RegistryClient;
import io.pantala.registry.RegistryListener;
import io.pantala.registry.UpstreamException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What goes on with registries. Their names are few: only configured ones are dialled. */
public final class RegistryEvents implements RegistryListener {
    private static final Logger LOG = LoggerFactory.getLogger(RegistryClient.class);

    private final Metrics metrics;

    public RegistryEvents(Metrics metrics) {
        this.metrics = metrics;
    }

    @Override
    public void responded(UpstreamName upstream, String kind, int status, Duration took) {
        metrics.count(
                        "pantala.upstream.requests",
                        "Requests that registries answered, redirects too",
                        "upstream",
                        upstream.value(),
                        "kind",
                        kind,
                        "status",
                        Integer.toString(status))
                .increment();
        metrics.time("pantala.upstream.response", "Until a registry's headers came", "upstream", upstream.value())
                .record(took);
        LOG.atDebug()
                .addKeyValue("upstream", upstream)
                .addKeyValue("kind", kind)
                .addKeyValue("status", status)
                .addKeyValue("ms", took.toMillis())
                .log("answered");
    }

    @Override
    public void failed(UpstreamName upstream, String kind, UpstreamException.Kind error) {
        metrics.count(
                        "pantala.upstream.errors",
                        "Requests that registries did not answer, or not to the end",
                        "upstream",
                        upstream.value(),
                        "kind",
                        kind,
                        "error",
                        Metrics.label(error))
                .increment();
        LOG.atWarn()
                .addKeyValue("upstream", upstream)
                .addKeyValue("kind", kind)
                .addKeyValue("error", Metrics.label(error))
                .log("no answer, or not to its end");
    }

    @Override
    public void received(UpstreamName upstream, long bytes) {
        metrics.bytes("pantala.upstream.received.bytes", "Bytes of blobs from registries", "upstream", upstream.value())
                .add(bytes);
    }
}
