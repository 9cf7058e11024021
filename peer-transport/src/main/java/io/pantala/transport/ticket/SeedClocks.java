package io.pantala.transport.ticket;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.function.LongSupplier;

/**
 * What the clocks of the seeds show, as far as they have told. Goes on by the time that passes here, whatever this
 * machine's own clock shows or jumps to.
 */
public final class SeedClocks implements TicketCheck.SeedClock {
    private static final int MOST = 64;

    private final String self;
    private final InstantSource own;
    private final LongSupplier nanos;

    // Guarded by this. The one that told last is the last.
    private final SequencedMap<String, Told> told = new LinkedHashMap<>();

    private record Told(Instant time, long at) {
        Instant plus(long passed) {
            return time.plus(Duration.ofNanos(passed - at));
        }
    }

    /**
     * @param self what this node calls itself, in case it is a seed
     * @param nanos the time that passes, as {@link System#nanoTime}
     */
    public SeedClocks(String self, InstantSource own, LongSupplier nanos) {
        this.self = self;
        this.own = own;
        this.nanos = nanos;
    }

    /** A seed has just told what its clock shows. */
    public synchronized void learn(String seed, Instant time) {
        told.remove(seed);
        told.put(seed, new Told(time, nanos.getAsLong()));
        if (told.size() > MOST) {
            told.pollFirstEntry();
        }
    }

    /** For a seed that has told nothing, what the one shows that told last. */
    @Override
    public synchronized Instant now(String seed) {
        Told known = told.get(seed);
        if (seed.equals(self) || told.isEmpty()) {
            return own.instant();
        }
        return (known == null ? told.lastEntry().getValue() : known).plus(nanos.getAsLong());
    }
}
