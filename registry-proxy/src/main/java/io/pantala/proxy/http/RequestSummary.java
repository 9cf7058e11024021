package io.pantala.proxy.http;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One request of an engine and what came of it, fit for a log: no credentials, no query.
 *
 * @param id unique in this process, also sent with the request to those who work on it
 * @param path printable and bounded
 * @param upstream null when the request was refused before one was chosen
 * @param status what was answered; 0 when the engine left before anything was
 * @param bytes of the body that were sent
 * @param source where the body came from, in words; empty if that says nothing
 * @param whole false when the reply was cut short or the engine left
 */
public record RequestSummary(
        String id,
        String method,
        String path,
        @Nullable String upstream,
        int status,
        long bytes,
        Duration took,
        String source,
        boolean whole) {}
