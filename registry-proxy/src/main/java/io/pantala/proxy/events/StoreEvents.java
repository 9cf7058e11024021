package io.pantala.proxy.events;

import io.micrometer.core.instrument.Counter;
import io.pantala.manifest.BlobKey;
import io.pantala.store.BlobStore;
import io.pantala.store.StoreListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a store tells. */
public final class StoreEvents implements StoreListener {
    private static final Logger LOG = LoggerFactory.getLogger(BlobStore.class);

    private final Metrics metrics;
    private final Counter evictedBlobs;
    private final ByteCounter evictedBytes;
    private final Counter damaged;
    private final Counter rejected;

    public StoreEvents(Metrics metrics) {
        this.metrics = metrics;
        this.evictedBlobs = metrics.count("pantala.store.evicted.blobs", "Blobs that went to make room");
        this.evictedBytes = metrics.bytes("pantala.store.evicted.bytes", "Bytes of the blobs that went to make room");
        this.damaged = metrics.count(
                "pantala.store.damaged.blocks", "Blocks of complete blobs that the disk has lost, fetched again");
        this.rejected = metrics.count(
                "pantala.store.rejected.blocks", "Blocks of an earlier process that were not on disk as they had been");
    }

    /** Shows how full it is. */
    public void watch(BlobStore store) {
        metrics.gauge("pantala.store.bytes", "Bytes of the blobs kept", store, of ->
                (double) of.usage().bytes());
        metrics.gauge("pantala.store.quota.bytes", "Bytes that may be kept", store, of ->
                (double) of.usage().quota());
        metrics.gauge(
                "pantala.store.blobs",
                "Blobs kept, partial ones included",
                store,
                of -> of.usage().blobs());
    }

    @Override
    public void evicted(BlobKey key, long bytes) {
        evictedBlobs.increment();
        evictedBytes.add(bytes);
        LOG.atInfo().addKeyValue("blob", key).addKeyValue("bytes", bytes).log("evicted");
    }

    @Override
    public void damaged(BlobKey key, int block) {
        damaged.increment();
    }

    @Override
    public void rejected(BlobKey key, int block) {
        rejected.increment();
        LOG.atWarn().addKeyValue("blob", key).addKeyValue("block", block).log("block on disk is not what it was");
    }
}
