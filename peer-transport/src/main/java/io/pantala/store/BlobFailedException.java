package io.pantala.store;

import io.pantala.manifest.BlobKey;

/** The bytes a reader waits for won't come. */
public final class BlobFailedException extends Exception {
    private final transient BlobFailure failure;

    BlobFailedException(BlobKey key, BlobFailure failure) {
        super(key + ": " + failure);
        this.failure = failure;
    }

    public BlobFailure failure() {
        return failure;
    }
}
