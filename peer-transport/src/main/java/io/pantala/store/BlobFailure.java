package io.pantala.store;

import io.pantala.manifest.Digest;
import org.jspecify.annotations.Nullable;

/** Why a blob's bytes stop coming. */
public sealed interface BlobFailure {
    /**
     * All bytes were there and they are not the blob. They are gone from the store.
     *
     * @param got null when it was not told
     */
    record DigestMismatch(Digest wanted, @Nullable Digest got) implements BlobFailure {
        @Override
        public String toString() {
            return "wanted " + wanted + (got == null ? ", got something else" : ", got " + got);
        }
    }

    /** Whoever filled it gave up; what is there stays, and another may go on. */
    record Interrupted(String why) implements BlobFailure {
        @Override
        public String toString() {
            return why;
        }
    }
}
