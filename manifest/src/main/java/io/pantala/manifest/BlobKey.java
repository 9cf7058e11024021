package io.pantala.manifest;

/**
 * What a stored blob and its swarm are known by: the digest, and the upstream whose word was verified. What one
 * upstream claims opens nothing that came from another.
 */
public record BlobKey(UpstreamName upstream, Digest digest) {
    public BlobKey {
        if (!digest.isSha256()) {
            throw new IllegalArgumentException(digest + " is not a sha256: only such blobs are cut into blocks");
        }
    }

    @Override
    public String toString() {
        return upstream + "@" + digest;
    }
}
