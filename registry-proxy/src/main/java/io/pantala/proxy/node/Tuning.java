package io.pantala.proxy.node;

import io.pantala.proxy.pull.PullConfig;
import io.pantala.registry.RegistryConfig;
import io.pantala.seed.backfill.BackfillConfig;
import io.pantala.seed.tracker.TrackerConfig;
import io.pantala.swarm.download.SwarmConfig;
import io.pantala.transport.block.BlockConfig;
import io.pantala.transport.control.ControlConfig;
import java.net.InetAddress;
import java.time.Clock;
import java.util.function.Predicate;

/**
 * How patient the parts of a node are, and how much they do at once. No user sets it; it is a parameter so that whole
 * nodes can be tested against faults whose usual time is long.
 *
 * @param local whether an address is on this very machine
 * @param clock tells the time of day, which may jump; durations are never measured by it
 */
public record Tuning(
        RegistryConfig registry,
        BackfillConfig backfill,
        PullConfig pull,
        SwarmConfig swarm,
        TrackerConfig tracker,
        ControlConfig control,
        BlockConfig blocks,
        Predicate<InetAddress> local,
        Clock clock) {
    public static final Tuning DEFAULT = new Tuning(
            RegistryConfig.DEFAULT,
            BackfillConfig.DEFAULT,
            PullConfig.DEFAULT,
            SwarmConfig.DEFAULT,
            TrackerConfig.DEFAULT,
            ControlConfig.DEFAULT,
            BlockConfig.DEFAULT,
            InetAddress::isLoopbackAddress,
            Clock.systemUTC());
}
