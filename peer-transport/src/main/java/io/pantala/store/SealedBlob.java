package io.pantala.store;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;

/** A complete blob in a store. */
public record SealedBlob(BlobKey key, BlockLayout layout) {}
