package io.pantala.proxy.demo;

import io.pantala.proxy.config.ByteSize;
import java.time.Duration;

/**
 * What the demo shows.
 *
 * @param hosts how many pull at once
 * @param image all layers together
 * @param rate what the registry's link carries in a second, for all of them together
 */
public record DemoConfig(int hosts, ByteSize image, ByteSize rate) {
    /** All of them share the memory of one process. */
    public static final int MOST_HOSTS = 10;

    public static final ByteSize SMALLEST_IMAGE = new ByteSize(1_000_000);
    public static final ByteSize LARGEST_IMAGE = new ByteSize(2_000_000_000);
    public static final ByteSize SLOWEST = new ByteSize(1_000_000);
    public static final ByteSize FASTEST = new ByteSize(1_000_000_000);

    public DemoConfig {
        if (hosts < 1 || hosts > MOST_HOSTS) {
            throw new IllegalArgumentException("hosts: from 1 to " + MOST_HOSTS);
        }
        check("image", image, SMALLEST_IMAGE, LARGEST_IMAGE);
        check("rate", rate, SLOWEST, FASTEST);
    }

    /** How long the pulls may take before something must be wrong. */
    Duration patience() {
        return Duration.ofSeconds(60 + 4L * (hosts + 1) * image.bytes() / rate.bytes());
    }

    private static void check(String name, ByteSize size, ByteSize least, ByteSize most) {
        if (size.bytes() < least.bytes() || size.bytes() > most.bytes()) {
            throw new IllegalArgumentException(name + ": from " + least + " to " + most);
        }
    }
}
