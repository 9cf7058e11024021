package io.pantala.seed.backfill;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.Digest;
import java.time.Duration;

/** What becomes of backfills. Called on their threads: quick and non-blocking. */
public interface BackfillListener {
    /** One that isn't interested. */
    BackfillListener NONE = new BackfillListener() {};

    /** Why bytes came from the registry. */
    enum Reason {
        /** Nobody had them. */
        FIRST,
        /** The registry ignored the range asked for, and sent what was held already. */
        RANGE_IGNORED,
        /** They came after all when nothing could be done with them any more: the fill stopped or failed in mid-block. */
        LOST
    }

    /** Someone asked, and nobody had before. */
    default void started(BlobKey key, String requestId) {}

    /** Bytes of a blob came. */
    default void bytes(BlobKey key, long bytes, Reason reason) {}

    /** A transfer broke and goes on where it broke. */
    default void resumed(BlobKey key, long position, String why, String requestId) {}

    /** All is here and its digest is right. */
    default void sealed(BlobKey key, Duration took, String requestId) {}

    /** What came is not what the digest says. */
    default void mismatch(BlobKey key, Digest got, String requestId) {}

    /** It was given up, resumably. */
    default void failed(BlobKey key, String why, String requestId) {}

    /** Nobody waits for it any more; what has come stays. */
    default void paused(BlobKey key, String requestId) {}
}
