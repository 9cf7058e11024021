package io.pantala.seed.backfill;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.Digest;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What becomes of backfills. Called on their threads: quick and non-blocking. */
public interface BackfillListener {
    /** One that isn't interested. */
    BackfillListener NONE = new BackfillListener() {};

    /** Why bytes came from the registry. */
    enum Reason {
        /** Nobody had them. */
        FIRST,
        /** The registry ignored the range asked for, and sent what was held already. */
        RANGE_IGNORED
    }

    /**
     * The registry has the blob, or part of it is here: bytes come. One of {@link #sealed}, {@link #mismatch},
     * {@link #failed} and {@link #paused} follows.
     */
    default void started(BlobKey key, String requestId) {}

    /** It was taken, as a whole, from others who hold it. */
    default void retrieved(BlobKey key, long bytes, Duration took, String requestId) {}

    /** Others who say to hold it did not give it, or not in time. Then the registry is asked. */
    default void notRetrieved(BlobKey key, String why, String requestId) {}

    /** Bytes of a blob came. */
    default void bytes(BlobKey key, long bytes, Reason reason) {}

    /**
     * A block came from the registry, and is held.
     *
     * @param took from its first byte to its last; where the blob's length was not known, of all the blob
     */
    default void blockReceived(BlobKey key, int index, long bytes, Duration took) {}

    /** The fill ended in mid-block: bytes that came as {@link Reason#FIRST} have to come once more. */
    default void lost(BlobKey key, long bytes, String requestId) {}

    /** A transfer broke and goes on where it broke. */
    default void resumed(BlobKey key, long position, String why, String requestId) {}

    /** All is here and its digest is right. */
    default void sealed(BlobKey key, Duration took, String requestId) {}

    /**
     * What came is not what the digest says, and is gone.
     *
     * @param got null when its size already differed
     */
    default void mismatch(BlobKey key, @Nullable Digest got, String requestId) {}

    /** It was given up, resumably, or could not even be started. */
    default void failed(BlobKey key, String why, String requestId) {}

    /** Nobody waits for it any more; what has come stays. */
    default void paused(BlobKey key, String requestId) {}
}
