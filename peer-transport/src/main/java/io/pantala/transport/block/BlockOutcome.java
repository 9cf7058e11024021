package io.pantala.transport.block;

import java.time.Duration;

/** What came of fetching a block. */
public sealed interface BlockOutcome {
    /** It is held, and its hash is the expected one. */
    record Received(int bytes, Duration took) implements BlockOutcome {}

    /** All its bytes came, and their hash is another. */
    record Corrupt() implements BlockOutcome {}

    /** The node doesn't hold it. */
    record NotHeld() implements BlockOutcome {}

    /** The node answered with another status. */
    record Refused(int status) implements BlockOutcome {}

    /** The node took too long. */
    record TimedOut() implements BlockOutcome {}

    /** It was ended here. */
    record Aborted() implements BlockOutcome {}

    /**
     * The node could not be reached, cut the transfer short, or sent something else than a block.
     *
     * @param why for people
     */
    record Broken(String why) implements BlockOutcome {}

    /**
     * The block could not be written.
     *
     * @param why for people
     */
    record DiskFailed(String why) implements BlockOutcome {}
}
