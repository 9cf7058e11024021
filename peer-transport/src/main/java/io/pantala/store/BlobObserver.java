package io.pantala.store;

/**
 * Follows which blocks of a blob are held. Called one event at a time, under no lock; must be quick and not block.
 */
public interface BlobObserver {
    /**
     * Successive blocks are held, each told once. The last block of all is told when the blob is sealed.
     *
     * @param first the first of them
     * @param hashes their sha256 of 32 bytes each, one after the other
     */
    void onBlocks(int first, byte[] hashes);

    /** The whole blob is here and right. All that can follow is that it is lost again. */
    void onSealed();

    /**
     * Its bytes stop coming, or have been lost. Where they stop coming, more may follow after {@link
     * BlobFailure.Interrupted}; nothing otherwise.
     */
    void onFailed(BlobFailure failure);
}
