package io.pantala.proxy.pull;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.UpstreamName;
import java.time.Duration;

/** Hears what the pulls of engines come to. Called on their threads; quick and never blocking. */
public interface PullListener {
    PullListener NONE = new PullListener() {};

    /** Where the bytes of a blob came from, as seen by the engine's request. */
    enum Source {
        /** The whole blob was here when the request came. */
        STORE,
        /** They came while the request waited. */
        FILL,
        /** Straight from the registry. */
        REGISTRY
    }

    /** Why an engine got bytes straight from the registry. */
    enum Reason {
        /** The digest is not a sha256, so the blob can't be cut into blocks. */
        OTHER_DIGEST,
        /** The registry tells no length ahead of the bytes. */
        NO_LENGTH,
        /** The blob is larger than the whole quota. */
        LARGER_THAN_QUOTA,
        /** What the store holds is all in use. */
        NO_ROOM,
        /** The disk refused. */
        DISK_ERROR,
        /** Neither the seeds nor this host's own transfer could begin. */
        UNAVAILABLE,
        /** The registry refused another credential than this engine's. */
        OTHER_CREDENTIAL,
        /** The registry could not be asked ahead whether this engine may read the blob. */
        UNPROVED,
        /** The bytes stopped coming in mid-blob. */
        INTERRUPTED,
        /** The bytes came, but later than an engine waits. */
        LATE,
        /** A range needed the last block before the whole blob was proved. */
        WITHHELD_BLOCK
    }

    /** Body bytes of a blob reached an engine. */
    default void bytesToEngine(Source source, long bytes) {}

    /** The first byte of a blob's body is about to be sent, so long after the request came. */
    default void firstByte(Duration sinceRequest) {}

    /**
     * So many bytes of a blob were read straight from the registry for one engine, beyond what is fetched once for all.
     * Told when they have been read, once per request and reason.
     */
    default void passedThrough(UpstreamName upstream, Reason reason, long bytes) {}

    /** The content that came for a blob was not the blob; the pull was cut short. */
    default void mismatch(BlobKey key) {}

    /** A request failed for a reason of this kind, such as {@code upstream_unreachable}. */
    default void failed(String kind) {}
}
