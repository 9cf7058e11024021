package io.pantala.proxy.pull;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.Digest;
import io.pantala.manifest.RepositoryName;
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
        OTHER_DIGEST("its digest is not a sha256, so it can't be cut into blocks"),
        NO_LENGTH("the registry tells no length ahead of the bytes"),
        LARGER_THAN_QUOTA("it is larger than the whole quota"),
        NO_ROOM("what the store holds is all in use"),
        DISK_ERROR("the disk refused"),
        UNAVAILABLE("neither the seeds nor this host's own transfer could begin"),
        OTHER_CREDENTIAL("the registry refused another credential than this engine's"),
        UNPROVED("the registry could not be asked ahead whether this engine may read the blob"),
        INTERRUPTED("the bytes stopped coming in mid-blob"),
        LATE("the bytes came, but later than an engine waits"),
        WITHHELD_BLOCK("a range needed the last block before the whole blob was proved");

        private final String words;

        Reason(String words) {
            this.words = words;
        }

        /** For people. */
        public String words() {
            return words;
        }
    }

    /** An engine asks for a blob, and may have it. */
    default void asked(BlobKey key, RepositoryName repository) {}

    /** Body bytes of a blob reached an engine. */
    default void bytesToEngine(Source source, long bytes) {}

    /** The first byte of a blob's body is about to be sent, so long after the request came. */
    default void firstByte(Duration sinceRequest) {}

    /**
     * So many bytes of a blob were read straight from the registry for one engine, beyond what is fetched once for all.
     * Told when they have been read, once per request and reason.
     */
    default void passedThrough(UpstreamName upstream, Digest digest, Reason reason, long bytes) {}

    /** The content that came for a blob was not the blob; the pull was cut short. */
    default void mismatch(BlobKey key) {}

    /** A request failed for a reason of this kind, such as {@code upstream_unreachable}. */
    default void failed(String kind) {}
}
