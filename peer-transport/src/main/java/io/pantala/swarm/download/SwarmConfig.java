package io.pantala.swarm.download;

import java.time.Duration;

/**
 * How a host downloads.
 *
 * @param accept how long a seed may say nothing at all, with a want to acknowledge, before it counts as hung
 * @param open how long it may take to acknowledge a want, and then to say what comes of it
 * @param rejoin how long a lost link may take to come back before another seed is asked
 * @param credential how long the seed waits for a newer credential, at most
 * @param grace how long a download goes on after everyone has left it
 * @param blocksPerBlob blocks of one blob on their way at once
 * @param transfers blocks of all blobs on their way at once
 * @param tries how often one block is fetched before its source is given up
 * @param downloads blobs downloaded at once; more are unavailable
 */
public record SwarmConfig(
        Duration accept,
        Duration open,
        Duration rejoin,
        Duration credential,
        Duration grace,
        int blocksPerBlob,
        int transfers,
        int tries,
        int downloads) {
    public static final SwarmConfig DEFAULT = new SwarmConfig(
            Duration.ofSeconds(2),
            Duration.ofSeconds(11),
            Duration.ofSeconds(6),
            Duration.ofSeconds(5),
            Duration.ofSeconds(30),
            8,
            16,
            3,
            1024);

    public SwarmConfig {
        if (blocksPerBlob < 1 || transfers < 1 || tries < 1 || downloads < 1) {
            throw new IllegalArgumentException("nothing could be downloaded");
        }
    }
}
