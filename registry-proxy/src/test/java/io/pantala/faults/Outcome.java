package io.pantala.faults;

import io.pantala.manifest.Digest;

/** What an engine's request came to. */
sealed interface Outcome {
    /** All of the content, and it is what its digest says. */
    record Right() implements Outcome {
        @Override
        public String toString() {
            return "right";
        }
    }

    /**
     * An error that says what registries say.
     *
     * @param code of the first error in its body; empty for a HEAD, which has none
     */
    record Refused(int status, String code) implements Outcome {
        @Override
        public String toString() {
            return status + " " + code;
        }
    }

    /** The reply ended early, so that an engine knows it has not got all. */
    record CutShort(long bytes, long announced) implements Outcome {
        @Override
        public String toString() {
            return "cut short";
        }
    }

    /** All that was announced came, and it is something else: an engine would store it, if it didn't hash. */
    record Wrong(Digest got, long bytes) implements Outcome {}
}
