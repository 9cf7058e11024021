package io.pantala.seed.tracker;

import io.pantala.store.BlobStore;
import io.pantala.swarm.BlobFiller;
import io.pantala.transport.block.BlockServerListener;
import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;

/** A seed: has blobs filled that hosts want, tells them the hashes as they come, and serves the blocks. */
public final class SeedNode implements AutoCloseable {
    /**
     * @param name what the seed calls itself: the same after a restart, since hosts choose a blob's seed by it
     * @param filler where blobs come from that the store doesn't hold
     */
    public SeedNode(
            Vertx vertx,
            String name,
            BlobStore store,
            BlobFiller filler,
            BlockServerListener listener,
            TrackerConfig config) {}

    /** Mounts the control link and the blocks. */
    public void mount(Router router) {}

    /** Closes all links. */
    @Override
    public void close() {}
}
