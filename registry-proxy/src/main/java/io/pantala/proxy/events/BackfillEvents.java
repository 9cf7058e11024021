package io.pantala.proxy.events;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Timer;
import io.pantala.manifest.BlobKey;
import io.pantala.manifest.Digest;
import io.pantala.proxy.history.History;
import io.pantala.seed.backfill.BackfillListener;
import io.pantala.seed.backfill.Backfills;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/** What becomes of backfills. */
public final class BackfillEvents implements BackfillListener {
    private static final Logger LOG = LoggerFactory.getLogger(Backfills.class);

    private final Metrics metrics;
    private final History history;
    private final boolean withSeeds;
    private final ByteCounter bytes;
    private final ByteCounter bytesOfHosts;
    private final Counter resumed;
    private final Timer took;
    private final Running running;

    /**
     * Counts from now on.
     *
     * @param withSeeds whether seeds should have fetched what is fetched here
     */
    public BackfillEvents(Metrics metrics, History history, boolean withSeeds) {
        this.metrics = metrics;
        this.history = history;
        this.withSeeds = withSeeds;
        this.bytes = metrics.bytesFrom("registry");
        this.bytesOfHosts = metrics.bytesFrom("peer");
        this.resumed = metrics.count("pantala.backfill.resumes", "Transfers that broke and went on where they broke");
        this.took = metrics.time("pantala.backfill", "Until a blob was whole");
        this.running = new Running(metrics, "registry");
    }

    @Override
    public void started(BlobKey key, String requestId) {
        running.add(key);
        history.began(key, "fetched from the registry");
        about(LOG.atInfo(), key, requestId).log("backfill started");
    }

    @Override
    public void retrieved(BlobKey key, long count, Duration time, String requestId) {
        bytesOfHosts.add(count);
        metrics.count("pantala.retrievals", "Blobs that hosts were to give back", "outcome", "retrieved")
                .increment();
        history.began(key, "taken back from hosts");
        history.sealed(key);
        about(LOG.atInfo(), key, requestId).addKeyValue("ms", time.toMillis()).log("taken back from hosts");
    }

    @Override
    public void notRetrieved(BlobKey key, String why, String requestId) {
        metrics.count("pantala.retrievals", "Blobs that hosts were to give back", "outcome", "failed")
                .increment();
        history.note(key, "hosts that say to hold it did not give it back: " + why);
        about(LOG.atWarn(), key, requestId).addKeyValue("why", why).log("not taken back from hosts");
    }

    @Override
    public void bytes(BlobKey key, long count, Reason reason) {
        bytes.add(count);
        history.fetched(key, count);
        if (reason != Reason.FIRST) {
            metrics.excessBytes(Metrics.label(reason)).add(count);
        } else if (withSeeds) {
            metrics.excessBytes("no_seed").add(count);
        }
    }

    @Override
    public void blockReceived(BlobKey key, int index, long count, Duration time) {
        history.received(key, index, count, time, withSeeds ? "no seed gave it" : "this node asks registries itself");
    }

    @Override
    public void lost(BlobKey key, long count, String requestId) {
        metrics.excessBytes("lost").add(count);
        history.note(key, count + " bytes of the registry were lost in mid-block, and came again");
    }

    @Override
    public void resumed(BlobKey key, long position, String why, String requestId) {
        resumed.increment();
        history.note(key, "the registry's transfer broke at byte " + position + " and went on from there: " + why);
        about(LOG.atWarn(), key, requestId)
                .addKeyValue("position", position)
                .addKeyValue("why", why)
                .log("backfill resumed");
    }

    @Override
    public void sealed(BlobKey key, Duration time, String requestId) {
        ended(key, "sealed");
        history.sealed(key);
        took.record(time);
        about(LOG.atInfo(), key, requestId).addKeyValue("ms", time.toMillis()).log("backfill complete");
    }

    @Override
    public void mismatch(BlobKey key, @Nullable Digest got, String requestId) {
        ended(key, "mismatch");
        history.note(key, "dropped: the registry's bytes are not what the digest says");
        about(LOG.atError(), key, requestId)
                .addKeyValue("got", got == null ? "another size" : got)
                .log("the registry's bytes are not what the digest says");
    }

    @Override
    public void failed(BlobKey key, String why, String requestId) {
        ended(key, "failed");
        history.note(key, "fetching from the registry was given up: " + why);
        about(LOG.atWarn(), key, requestId).addKeyValue("why", why).log("backfill given up");
    }

    @Override
    public void paused(BlobKey key, String requestId) {
        ended(key, "paused");
        about(LOG.atInfo(), key, requestId).log("backfill paused, nobody waits for it");
    }

    private void ended(BlobKey key, String outcome) {
        running.remove(key);
        metrics.count("pantala.backfills", "Backfills that ended", "outcome", outcome)
                .increment();
    }

    private static LoggingEventBuilder about(LoggingEventBuilder event, BlobKey key, String requestId) {
        return event.addKeyValue("blob", key).addKeyValue("request", requestId);
    }
}
