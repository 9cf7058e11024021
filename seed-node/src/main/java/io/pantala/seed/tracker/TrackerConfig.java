package io.pantala.seed.tracker;

import io.pantala.seed.schedule.ConductorConfig;
import io.pantala.transport.control.ControlConfig;
import java.time.Duration;

/**
 * How a seed conducts.
 *
 * @param control how its links behave
 * @param wants of one host at most; more are unavailable
 * @param gather how long new hashes wait at most for an order that they can go with
 * @param credentialAnswer how long one host may take to answer that it has a newer credential, or none
 * @param credentialWait how long a backfill waits for the answers of all hosts
 * @param settle how long after it was started anew a seed waits for hosts to tell what they hold
 * @param conductor how it decides
 */
public record TrackerConfig(
        ControlConfig control,
        int wants,
        Duration gather,
        Duration credentialAnswer,
        Duration credentialWait,
        Duration settle,
        ConductorConfig conductor) {
    public static final TrackerConfig DEFAULT = new TrackerConfig(
            ControlConfig.DEFAULT,
            1024,
            Duration.ofMillis(500),
            Duration.ofSeconds(6),
            Duration.ofSeconds(15),
            Duration.ofSeconds(2),
            ConductorConfig.DEFAULT);
}
