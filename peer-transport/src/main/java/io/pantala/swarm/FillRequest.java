package io.pantala.swarm;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.RepositoryName;

/**
 * A wish to have a blob stored.
 *
 * @param repository where the upstream is asked for it
 * @param requestId found in the log of every node that works on it
 */
public record FillRequest(BlobKey key, RepositoryName repository, CredentialSource credentials, String requestId) {}
