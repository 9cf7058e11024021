package io.pantala.faults;

import io.pantala.proxy.node.Tuning;
import io.pantala.proxy.pull.PullConfig;
import io.pantala.registry.RegistryConfig;
import io.pantala.seed.backfill.BackfillConfig;
import io.pantala.seed.tracker.TrackerConfig;
import io.pantala.swarm.download.SwarmConfig;
import io.pantala.transport.block.BlockConfig;
import io.pantala.transport.control.ControlConfig;
import io.pantala.transport.control.VersionRange;
import java.time.Clock;
import java.time.Duration;

/** Nodes that are less patient than usual, so that tests of what takes long are quick. */
public final class Tunings {
    /**
     * As patient as usual, but quick to ask again. Where nothing hangs, nothing here depends on how fast a machine is.
     */
    public static final Tuning PATIENT = new Tuning(
            RegistryConfig.DEFAULT,
            backfill(BackfillConfig.DEFAULT.patience(), BackfillConfig.DEFAULT.idle()),
            PullConfig.DEFAULT,
            SwarmConfig.DEFAULT,
            TrackerConfig.DEFAULT,
            ControlConfig.DEFAULT,
            BlockConfig.DEFAULT,
            Tuning.DEFAULT.local(),
            Tuning.DEFAULT.clock());

    /**
     * As patient as usual with a slow machine; but a body that stands still is given up after seconds, and nobody is kept
     * waiting who can come back later.
     */
    public static final Tuning BRISK = new Tuning(
            RegistryConfig.DEFAULT,
            backfill(millis(2500), millis(1000)),
            new PullConfig(
                    PullConfig.DEFAULT.ping(),
                    PullConfig.DEFAULT.answer(),
                    PullConfig.DEFAULT.grant(),
                    millis(3000),
                    millis(2000),
                    millis(3000),
                    PullConfig.DEFAULT.proof(),
                    millis(1000)),
            SwarmConfig.DEFAULT,
            TrackerConfig.DEFAULT,
            ControlConfig.DEFAULT,
            BlockConfig.DEFAULT,
            Tuning.DEFAULT.local(),
            Tuning.DEFAULT.clock());

    /** Nothing is waited for much longer than a second, and all in proportion. */
    static final Tuning HASTY = new Tuning(
            new RegistryConfig(millis(1000), millis(3000), millis(500), 64),
            backfill(millis(1000), millis(500)),
            new PullConfig(
                    millis(1200),
                    millis(1800),
                    millis(600),
                    millis(1200),
                    millis(600),
                    millis(900),
                    millis(50),
                    millis(500)),
            new SwarmConfig(millis(300), millis(1100), millis(500), millis(500), millis(3000), 4, 16, 3, 1024),
            TrackerConfig.DEFAULT,
            new ControlConfig(
                    VersionRange.SPOKEN,
                    millis(300),
                    millis(100),
                    millis(500),
                    millis(10),
                    millis(100),
                    millis(500),
                    millis(30_000),
                    millis(30_000),
                    8 << 20),
            new BlockConfig(millis(300), millis(500), 64 << 10, millis(30_000), 8, 16, 256 << 10),
            Tuning.DEFAULT.local(),
            Tuning.DEFAULT.clock());

    /** Nothing is given up for being slow, as all is where many share one machine. */
    static final Tuning UNHURRIED = unhurried(Duration.ofMinutes(1));

    private Tunings() {}

    /** The usual, but an engine is not left without a byte for longer than this. */
    static Tuning gap(Duration gap) {
        PullConfig usual = PullConfig.DEFAULT;
        return pull(new PullConfig(
                usual.ping(),
                usual.answer(),
                usual.grant(),
                usual.opening(),
                usual.stall(),
                gap,
                usual.proof(),
                usual.idle()));
    }

    /** {@link #PATIENT}, by this clock. */
    static Tuning by(Clock clock) {
        return new Tuning(
                PATIENT.registry(),
                PATIENT.backfill(),
                PATIENT.pull(),
                PATIENT.swarm(),
                PATIENT.tracker(),
                PATIENT.control(),
                PATIENT.blocks(),
                PATIENT.local(),
                clock);
    }

    /** @param step in which patience grows from one part to the next */
    private static Tuning unhurried(Duration step) {
        BackfillConfig backfill = BackfillConfig.DEFAULT;
        SwarmConfig swarm = SwarmConfig.DEFAULT;
        ControlConfig control = ControlConfig.DEFAULT;
        TrackerConfig tracker = TrackerConfig.DEFAULT;
        BlockConfig blocks = BlockConfig.DEFAULT;
        Duration longest = step.multipliedBy(3);
        ControlConfig links = new ControlConfig(
                control.versions(),
                step,
                control.ping(),
                step,
                control.shortestBackOff(),
                control.longestBackOff(),
                step,
                control.news(),
                control.resolve(),
                control.backlog());
        return new Tuning(
                new RegistryConfig(step, step, step, RegistryConfig.DEFAULT.connectionsPerHost()),
                new BackfillConfig(
                        backfill.firstSegment(),
                        backfill.largestSegment(),
                        backfill.parallelSegments(),
                        backfill.parallelRequests(),
                        step,
                        step.dividedBy(2),
                        backfill.copies(),
                        backfill.grace(),
                        backfill.attempts(),
                        backfill.firstDelay(),
                        backfill.longestDelay(),
                        step),
                new PullConfig(longest, longest, step, step, longest, longest, PullConfig.DEFAULT.proof(), step),
                new SwarmConfig(
                        step,
                        step,
                        step,
                        swarm.credential(),
                        swarm.grace(),
                        swarm.blocksPerBlob(),
                        swarm.transfers(),
                        swarm.tries(),
                        swarm.downloads()),
                new TrackerConfig(
                        links,
                        tracker.wants(),
                        tracker.gather(),
                        tracker.credentialAnswer(),
                        tracker.credentialWait(),
                        tracker.settle(),
                        tracker.conductor()),
                links,
                new BlockConfig(
                        step, step, 1, blocks.keepAlive(), blocks.connections(), blocks.buffers(), blocks.bufferSize()),
                Tuning.DEFAULT.local(),
                Tuning.DEFAULT.clock());
    }

    private static Tuning pull(PullConfig pull) {
        Tuning usual = Tuning.DEFAULT;
        return new Tuning(
                usual.registry(),
                usual.backfill(),
                pull,
                usual.swarm(),
                usual.tracker(),
                usual.control(),
                usual.blocks(),
                usual.local(),
                usual.clock());
    }

    private static BackfillConfig backfill(Duration patience, Duration idle) {
        BackfillConfig usual = BackfillConfig.DEFAULT;
        return new BackfillConfig(
                1 << 20,
                1 << 20,
                usual.parallelSegments(),
                usual.parallelRequests(),
                patience,
                patience.dividedBy(2),
                patience.dividedBy(3),
                usual.grace(),
                usual.attempts(),
                millis(10),
                millis(100),
                idle);
    }

    private static Duration millis(long millis) {
        return Duration.ofMillis(millis);
    }
}
