package io.pantala.swarm;

import io.pantala.store.StoredBlob;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** What came of asking for a blob. */
public sealed interface Opening {
    /**
     * Its size is known and its bytes are there or on their way.
     *
     * @param blob a lease of the asker's own, which it closes
     */
    record Opened(StoredBlob blob) implements Opening {}

    /** The registry said no. */
    record Refused(UpstreamRefusal refusal) implements Opening {}

    /**
     * The registry tells no length ahead of the bytes, and they take long: whoever wants it now reads it from the registry
     * itself, while it is stored for later.
     *
     * @param stored completes, always, once it is stored as a whole, or with the reason why it will not be
     */
    record Unsized(CompletableFuture<Optional<String>> stored) implements Opening {}

    /** It can't be stored; whoever wants it reads it from the registry itself. */
    record PassThrough(Reason reason) implements Opening {
        /** Why a blob can't be stored. */
        public enum Reason {
            /** The registry tells no length ahead of the bytes. */
            NO_LENGTH,
            /** It is larger than the whole quota. */
            LARGER_THAN_QUOTA,
            /** What the store holds is all in use. */
            NO_ROOM,
            /** The disk refused. */
            DISK_ERROR
        }
    }

    /** This filler can't help now: no seed answers, or the registry doesn't. */
    record Unavailable(String reason) implements Opening {}
}
