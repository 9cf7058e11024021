package io.pantala.seed.preheat;

import io.pantala.manifest.UpstreamName;

/** What came of asking for a preheat. */
public sealed interface Submission {
    record Accepted(PreheatStatus preheat) implements Submission {}

    /** The image's registry is none that this seed may dial. */
    record UnknownUpstream(UpstreamName upstream) implements Submission {}

    /** Too many unfinished ones: later, perhaps. */
    record Full(int unfinished) implements Submission {}
}
