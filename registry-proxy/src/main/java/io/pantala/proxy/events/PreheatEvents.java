package io.pantala.proxy.events;

import io.pantala.seed.preheat.PreheatListener;
import io.pantala.seed.preheat.PreheatStatus;
import io.pantala.seed.preheat.Preheats;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/** What becomes of preheats. */
public final class PreheatEvents implements PreheatListener {
    private static final Logger LOG = LoggerFactory.getLogger(Preheats.class);

    private final Metrics metrics;

    public PreheatEvents(Metrics metrics) {
        this.metrics = metrics;
    }

    @Override
    public void submitted(PreheatStatus preheat) {
        about(LOG.atInfo(), preheat).log("preheat submitted");
    }

    @Override
    public void finished(PreheatStatus preheat) {
        metrics.count("pantala.preheats", "Preheats that ended", "outcome", Metrics.label(preheat.state()))
                .increment();
        LoggingEventBuilder line = about(preheat.error() == null ? LOG.atInfo() : LOG.atWarn(), preheat)
                .addKeyValue("outcome", Metrics.label(preheat.state()))
                .addKeyValue("bytes", preheat.bytesDone());
        if (preheat.error() != null) {
            line = line.addKeyValue("error", preheat.error());
        }
        line.log("preheat ended");
    }

    private static LoggingEventBuilder about(LoggingEventBuilder line, PreheatStatus preheat) {
        return line.addKeyValue("preheat", preheat.id()).addKeyValue("image", preheat.image());
    }
}
