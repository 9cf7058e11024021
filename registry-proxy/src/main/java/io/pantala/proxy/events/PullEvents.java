package io.pantala.proxy.events;

import io.micrometer.core.instrument.Timer;
import io.pantala.manifest.BlobKey;
import io.pantala.manifest.Digest;
import io.pantala.manifest.RepositoryName;
import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.history.History;
import io.pantala.proxy.pull.PullListener;
import io.pantala.proxy.pull.Pulls;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the pulls of engines come to. */
public final class PullEvents implements PullListener {
    private static final Logger LOG = LoggerFactory.getLogger(Pulls.class);

    private final Metrics metrics;
    private final History history;
    private final Timer firstByte;
    private final ByteCounter fromStore;

    public PullEvents(Metrics metrics, History history) {
        this.metrics = metrics;
        this.history = history;
        this.firstByte = metrics.time("pantala.first.byte", "From an engine's request for a blob to its first byte");
        this.fromStore = metrics.bytesFrom("store");
        for (Source source : Source.values()) {
            toEngine(source).add(0);
        }
        for (Reason reason : Reason.values()) {
            metrics.excessBytes(Metrics.label(reason)).add(0);
        }
    }

    @Override
    public void asked(BlobKey key, RepositoryName repository) {
        history.asked(key, repository);
    }

    @Override
    public void bytesToEngine(Source source, long bytes) {
        toEngine(source).add(bytes);
        if (source == Source.STORE) {
            fromStore.add(bytes);
        }
    }

    @Override
    public void firstByte(Duration sinceRequest) {
        firstByte.record(sinceRequest);
    }

    @Override
    public void passedThrough(UpstreamName upstream, Digest digest, Reason reason, long bytes) {
        if (digest.isSha256()) {
            history.passed(new BlobKey(upstream, digest), bytes, reason.words());
        }
        metrics.excessBytes(Metrics.label(reason)).add(bytes);
        LOG.atInfo()
                .addKeyValue("upstream", upstream)
                .addKeyValue("reason", Metrics.label(reason))
                .addKeyValue("bytes", bytes)
                .log("passed through");
    }

    @Override
    public void mismatch(BlobKey key) {
        failed("mismatch");
        LOG.atError().addKeyValue("blob", key).log("cut short: the bytes are not what the digest says");
    }

    @Override
    public void failed(String kind) {
        metrics.count("pantala.errors", "Requests of engines that failed", "kind", kind)
                .increment();
    }

    private ByteCounter toEngine(Source source) {
        return metrics.bytes("pantala.engine.bytes", "Bytes of blobs sent to engines", "source", Metrics.label(source));
    }
}
