package io.pantala.swarm;

/**
 * Fills the stored form of blobs from where it knows to find them: the registry, or a seed and peers. However many ask
 * for a blob, it is filled once.
 */
public interface BlobFiller {
    /** Joins the running fill of this blob, or starts it. Never blocks. */
    Fill start(FillRequest request);
}
