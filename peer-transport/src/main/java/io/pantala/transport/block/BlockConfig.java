package io.pantala.transport.block;

import java.time.Duration;

/**
 * How blocks are fetched.
 *
 * @param connect how long connecting may take
 * @param stall how long a transfer may stand still
 * @param slowest bytes a second below which a whole transfer is given up
 * @param keepAlive how long a connection is kept for the next block
 * @param connections kept for each node, at most
 * @param buffers of {@code bufferSize} bytes outside the heap, at most; as many transfers run at once
 * @param bufferSize bytes
 */
public record BlockConfig(
        Duration connect,
        Duration stall,
        int slowest,
        Duration keepAlive,
        int connections,
        int buffers,
        int bufferSize) {
    public static final BlockConfig DEFAULT = new BlockConfig(
            Duration.ofSeconds(2), Duration.ofSeconds(5), 64 << 10, Duration.ofSeconds(30), 8, 16, 256 << 10);

    public BlockConfig {
        if (buffers < 1 || bufferSize < 16 << 10 || slowest < 1) {
            throw new IllegalArgumentException("no room to fetch blocks with");
        }
    }
}
