package io.pantala.swarm.download;

import io.pantala.store.BlobStore;
import io.pantala.swarm.BlobFiller;
import io.pantala.swarm.Fill;
import io.pantala.swarm.FillRequest;
import io.pantala.transport.block.BlockClient;
import io.pantala.transport.control.SeedLinks;

/** Fills blobs from seeds: a seed tells each block's hash as it learns it, and serves the blocks. */
public final class SwarmDownloads implements BlobFiller, AutoCloseable {
    public SwarmDownloads(
            BlobStore store, SeedLinks links, BlockClient blocks, SwarmListener listener, SwarmConfig config) {}

    @Override
    public Fill start(FillRequest request) {
        throw new UnsupportedOperationException();
    }

    /** Ends all downloads; what they hold stays in the store. */
    @Override
    public void close() {}
}
