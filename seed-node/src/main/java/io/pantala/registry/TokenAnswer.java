package io.pantala.registry;

import io.pantala.swarm.Authorization;

/** What came of answering a registry's challenge. */
public sealed interface TokenAnswer {
    /** What to send the request again with. */
    record Granted(Authorization authorization) implements TokenAnswer {}

    /**
     * There is nothing better to send.
     *
     * @param reason for people, without any secret
     */
    record Refused(String reason) implements TokenAnswer {}
}
