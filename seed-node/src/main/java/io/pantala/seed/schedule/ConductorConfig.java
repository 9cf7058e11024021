package io.pantala.seed.schedule;

import java.time.Duration;

/**
 * How a conductor decides. The defaults are what the simulator found best.
 *
 * @param slots transfers a member of the usual speed has at once, each way
 * @param seedSlots the same for a seed's uploads: each of its transfers has only a part of its receiver's link
 * @param mostSlots the most that a fast or distant member comes to have
 * @param relays blocks that a member takes, at once, from others that are just receiving them: with more it may come to
 *     wait for its sources' sources, its own link idle
 * @param looks sources or receivers that are looked at for one decision
 * @param window blocks past a reader that go before all others; more than hosts are behind the seed, or what is new
 *     spreads late
 * @param crossings blocks on their way into a zone at first; the border's speed changes it
 * @param mostCrossings the most that comes to be
 * @param avoid how long a receiver is not sent to a source that failed it
 * @param suspension how long a source that failed several, or sent wrong bytes, is left alone the first time
 * @param longestSuspension the most that grows to
 * @param taskLife after which an order that nobody reports on counts as lost
 */
public record ConductorConfig(
        int slots,
        int seedSlots,
        int mostSlots,
        int relays,
        int looks,
        int window,
        int crossings,
        int mostCrossings,
        Duration avoid,
        Duration suspension,
        Duration longestSuspension,
        Duration taskLife) {
    public static final ConductorConfig DEFAULT = new ConductorConfig(
            7,
            9,
            32,
            1,
            4,
            128,
            8,
            128,
            Duration.ofSeconds(20),
            Duration.ofSeconds(30),
            Duration.ofMinutes(10),
            Duration.ofMinutes(2));

    public ConductorConfig {
        if (relays < 0) {
            throw new IllegalArgumentException("no number of relays: " + relays);
        }
        if (slots < 1 || seedSlots < 1 || mostSlots < slots || looks < 1 || window < 1 || crossings < 1) {
            throw new IllegalArgumentException("nothing could be fetched");
        }
    }
}
