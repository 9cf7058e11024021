package io.pantala.store;

import io.pantala.manifest.BlobKey;

/** What a store tells about itself. Called on whichever thread caused it, under no lock; must be quick. */
public interface StoreListener {
    StoreListener NONE = new StoreListener() {};

    /** A blob of that many bytes went, to make room. */
    default void evicted(BlobKey key, long bytes) {}

    /** A block of a complete blob is not on disk any more as it was written: it has to be fetched again. */
    default void damaged(BlobKey key, int block) {}

    /** A block that an earlier process had left on disk is not what it was. */
    default void rejected(BlobKey key, int block) {}
}
