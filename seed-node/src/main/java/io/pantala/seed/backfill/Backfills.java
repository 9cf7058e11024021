package io.pantala.seed.backfill;

import io.pantala.manifest.BlobKey;
import io.pantala.registry.RegistryClient;
import io.pantala.store.BlobStore;
import io.pantala.swarm.BlobFiller;
import io.pantala.swarm.Fill;
import io.pantala.swarm.FillRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;

/** Fills blobs from their registries: each byte once, however many ask, and where a transfer broke it goes on. */
public final class Backfills implements BlobFiller, AutoCloseable {
    private static final Duration CLOSE_WAITS = Duration.ofSeconds(5);

    private final Means means;
    private final Spool spool;
    private final ConcurrentMap<BlobKey, Flight> flights = new ConcurrentHashMap<>();
    private volatile Copies copies = Copies.NONE;

    /**
     * @param spool a directory of its own for what comes without a length, emptied now
     * @throws java.io.UncheckedIOException when that can't be used
     */
    public Backfills(
            BlobStore store, Path spool, RegistryClient registry, BackfillConfig config, BackfillListener listener) {
        this(store, spool, registry, config, listener, Timer.system(), new SharedRandom());
    }

    Backfills(
            BlobStore store,
            Path spool,
            RegistryClient registry,
            BackfillConfig config,
            BackfillListener listener,
            Timer timer,
            RandomGenerator random) {
        Permits permits = new Permits(config.parallelRequests());
        this.means = new Means(
                store,
                () -> copies,
                registry,
                permits,
                new Cooldowns(config.longestDelay(), System::nanoTime),
                config,
                listener,
                timer,
                random);
        this.spool = new Spool(spool, store);
    }

    /** From now on, what others hold is taken from them, and only what they don't from registries. */
    public void prefer(Copies others) {
        copies = others;
    }

    @Override
    public Fill start(FillRequest request) {
        Party party = new Party(request, this::leave);
        flights.compute(request.key(), (key, running) -> {
            if (running != null && running.join(party)) {
                return running;
            }
            Flight flight = new Flight(means, spool, key, request.requestId(), running, this::forget);
            flight.join(party);
            flight.start();
            return flight;
        });
        return party;
    }

    /** Stops them all, within seconds; what has come stays. */
    @Override
    public void close() {
        List<Flight> all = List.copyOf(flights.values());
        all.forEach(Flight::cut);
        long deadline = System.nanoTime() + CLOSE_WAITS.toNanos();
        try {
            for (Flight flight : all) {
                var _ = flight.awaitOver(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void leave(Party party) {
        flights.computeIfPresent(party.request().key(), (_, flight) -> {
            flight.leave(party);
            return flight;
        });
    }

    private void forget(Flight flight) {
        flights.remove(flight.key(), flight);
    }

    /** Each thread its own. */
    private static final class SharedRandom implements RandomGenerator {
        @Override
        public long nextLong() {
            return ThreadLocalRandom.current().nextLong();
        }
    }
}
