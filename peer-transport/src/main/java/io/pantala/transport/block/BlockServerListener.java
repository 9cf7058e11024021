package io.pantala.transport.block;

import io.pantala.manifest.BlobKey;

/** What serving blocks tells. Called on event loops; must be quick. */
public interface BlockServerListener {
    BlockServerListener NONE = new BlockServerListener() {};

    /** A whole block went out. */
    default void blockSent(BlobKey key, int index, long bytes) {}

    /** A block that isn't held was asked for. */
    default void blockMissing(BlobKey key, int index) {}
}
