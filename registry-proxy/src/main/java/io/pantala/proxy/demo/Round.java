package io.pantala.proxy.demo;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What one round of pulls came to.
 *
 * @param name for the summary
 * @param delivered bytes that the hosts' engines got
 * @param sent bytes that the registry sent
 * @param verified digests that matched
 * @param expected digests that there were to verify
 * @param failure what went wrong, in one line; null if nothing did
 */
record Round(
        String name,
        long delivered,
        long sent,
        Duration took,
        int verified,
        int expected,
        @Nullable String failure) {
    boolean isRight() {
        return failure == null && verified == expected;
    }
}
