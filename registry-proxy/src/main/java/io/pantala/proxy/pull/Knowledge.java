package io.pantala.proxy.pull;

import io.pantala.proxy.grant.Standing;
import io.pantala.proxy.notes.Notes;
import java.time.InstantSource;

/**
 * What is remembered of upstreams, for when they have trouble.
 *
 * @param lasting what may outlive this process; nothing about who someone is
 * @param fleeting what may not, and is of use to this process alone
 * @param proofs what may not, on who was given what
 */
public record Knowledge(Notes lasting, Notes fleeting, Notes proofs, InstantSource clock) {
    /** Nothing at all: whatever an upstream can't answer is not answered. */
    public static final Knowledge NONE = new Knowledge(Notes.NONE, Notes.NONE, Notes.NONE, InstantSource.system());

    Standing standing() {
        return new Standing(lasting, fleeting, proofs);
    }

    LastKnown lastKnown() {
        return new LastKnown(lasting, clock);
    }
}
