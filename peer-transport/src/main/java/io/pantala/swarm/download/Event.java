package io.pantala.swarm.download;

import io.pantala.swarm.Authorization;
import io.pantala.swarm.FillRequest;
import io.pantala.transport.block.BlockOutcome;
import io.pantala.transport.control.ControlMessage.AboutBlob;
import io.pantala.transport.control.SeedLink;
import java.util.Optional;

/** What happens to a download. */
sealed interface Event {
    record Said(SeedLink seed, AboutBlob message) implements Event {}

    record LinkUp(SeedLink seed) implements Event {}

    record LinkDown(SeedLink seed, String why) implements Event {}

    /**
     * What an earlier process left on disk was checked.
     *
     * @param trouble with the disk, if there was any
     */
    record Rechecked(Optional<String> trouble) implements Event {}

    /** A transfer has ended. */
    record Fetched(Flight flight, BlockOutcome outcome) implements Event {}

    /** All blocks are here, and were hashed as the one blob that they are. */
    record Checked(WholeCheck.Outcome outcome) implements Event {}

    /**
     * Those who wait were asked for a newer credential.
     *
     * @param question of the seed that it answers: nobody else may have it
     */
    record CredentialLookedFor(int question, Optional<Authorization> newer) implements Event {}

    /** Someone has joined with this request. */
    record Joined(FillRequest request) implements Event {}

    /** Someone has joined or left. */
    record InterestsChanged() implements Event {}

    /** This host shuts down. */
    record Stopped() implements Event {}
}
