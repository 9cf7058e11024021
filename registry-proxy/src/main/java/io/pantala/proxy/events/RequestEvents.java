package io.pantala.proxy.events;

import io.micrometer.core.instrument.Timer;
import io.pantala.proxy.http.ProxyServer;
import io.pantala.proxy.http.RequestListener;
import io.pantala.proxy.http.RequestSummary;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/** The requests of engines, a line each. */
public final class RequestEvents implements RequestListener {
    private static final Logger LOG = LoggerFactory.getLogger(ProxyServer.class);

    private final Metrics metrics;
    private final AtomicInteger running = new AtomicInteger();
    private final Timer took;

    public RequestEvents(Metrics metrics) {
        this.metrics = metrics;
        this.took = metrics.time("pantala.request", "Until an engine's request was answered to its end");
        metrics.gauge("pantala.requests.active", "Requests of engines being answered", running, AtomicInteger::get);
    }

    @Override
    public void started() {
        running.incrementAndGet();
    }

    @Override
    public void ended(RequestSummary request) {
        running.decrementAndGet();
        took.record(request.took());
        metrics.count(
                        "pantala.requests",
                        "Requests of engines that were answered; status 0: the engine left before",
                        "status",
                        Integer.toString(request.status()))
                .increment();
        LoggingEventBuilder line = LOG.atInfo()
                .addKeyValue("request", request.id())
                .addKeyValue("upstream", request.upstream() == null ? "-" : request.upstream())
                .addKeyValue("status", request.status())
                .addKeyValue("bytes", request.bytes())
                .addKeyValue("ms", request.took().toMillis());
        if (!request.source().isEmpty()) {
            line = line.addKeyValue("source", request.source());
        }
        if (!request.whole()) {
            line = line.addKeyValue("whole", false);
        }
        line.log("{} {}", request.method(), request.path());
    }
}
