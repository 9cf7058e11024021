package io.pantala.seed.backfill;

import io.pantala.registry.RegistryClient;
import io.pantala.store.BlobStore;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/** What every fill works with. */
record Means(
        BlobStore store,
        Supplier<Copies> copies,
        RegistryClient registry,
        Permits permits,
        Cooldowns cooldowns,
        BackfillConfig config,
        BackfillListener listener,
        Timer timer,
        RandomGenerator random) {
    Backoff backoff() {
        return new Backoff(config.firstDelay(), config.longestDelay(), random);
    }
}
