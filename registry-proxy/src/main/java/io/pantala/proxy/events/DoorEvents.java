package io.pantala.proxy.events;

import io.micrometer.core.instrument.Counter;
import io.pantala.transport.link.Access;
import io.pantala.transport.link.Denial;
import io.pantala.transport.link.DoorListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is asked of a node by those who may not. */
public final class DoorEvents implements DoorListener {
    private static final Logger LOG = LoggerFactory.getLogger(DoorEvents.class);

    private final Metrics metrics;
    private final Counter dropped;

    public DoorEvents(Metrics metrics) {
        this.metrics = metrics;
        this.dropped = metrics.count(
                "pantala.strangers.dropped", "Connections closed because too many had shown no certificate");
    }

    @Override
    public void denied(Access access, Denial denial, String from) {
        metrics.count(
                        "pantala.requests.denied",
                        "Requests of those who may not make them",
                        "access",
                        Metrics.label(access),
                        "reason",
                        Metrics.label(denial))
                .increment();
        LOG.atDebug()
                .addKeyValue("access", Metrics.label(access))
                .addKeyValue("reason", Metrics.label(denial))
                .addKeyValue("from", from)
                .log("request denied");
    }

    @Override
    public void strangerDropped() {
        dropped.increment();
    }
}
