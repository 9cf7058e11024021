package io.pantala.seed.backfill;

import io.pantala.registry.RegistryClient;
import io.pantala.store.BlobStore;
import io.pantala.swarm.BlobFiller;
import io.pantala.swarm.Fill;
import io.pantala.swarm.FillRequest;

/** Fills blobs from their registries: each byte once, however many ask, and where a transfer broke it goes on. */
public final class Backfills implements BlobFiller, AutoCloseable {
    public Backfills(BlobStore store, RegistryClient registry, BackfillConfig config, BackfillListener listener) {}

    @Override
    public Fill start(FillRequest request) {
        throw new UnsupportedOperationException();
    }

    /** Stops them all; what has come stays. */
    @Override
    public void close() {}
}
