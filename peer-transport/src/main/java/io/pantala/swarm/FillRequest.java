package io.pantala.swarm;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.RepositoryName;

/**
 * A wish to have a blob stored.
 *
 * @param repository where the upstream is asked for it
 * @param content what it is there
 * @param requestId found in the log of every node that works on it
 */
public record FillRequest(
        BlobKey key, RepositoryName repository, Content content, CredentialSource credentials, String requestId) {
    /** Where a registry keeps what is wanted. */
    public enum Content {
        BLOB,
        /** A manifest, by its digest: it travels and is kept like a small blob. */
        MANIFEST
    }

    /** A wish for a blob. */
    public FillRequest(BlobKey key, RepositoryName repository, CredentialSource credentials, String requestId) {
        this(key, repository, Content.BLOB, credentials, requestId);
    }
}
