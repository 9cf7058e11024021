package io.pantala.seed.backfill;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockHashes;
import io.pantala.manifest.BlockLayout;
import io.pantala.store.BlockWriter;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Whole copies of blobs that others hold. Whether a copy is one turns out when all of it is here, unless a seed has vouched
 * for what each block is.
 */
public interface Copies {
    /** Nobody holds anything. */
    Copies NONE = (_, _) -> Optional.empty();

    /**
     * Who says to hold all of this blob.
     *
     * @param patience how long it may take to find out
     */
    Optional<Copy> of(BlobKey key, Duration patience) throws InterruptedException;

    /** A blob that others hold. Closing it ends what is still being fetched. */
    interface Copy extends AutoCloseable {
        /** How those who hold it say that it is cut. */
        BlockLayout layout();

        /** What each block has to be, if a seed has vouched for it. */
        default Optional<BlockHashes> hashes() {
            return Optional.empty();
        }

        /** Those who say so, the nearest first; at least one. */
        List<Holder> holders();

        @Override
        void close();
    }

    /** One who says to hold the blob. */
    interface Holder {
        /**
         * Fetches a block from it. Blocks for a bounded time, and is never to be interrupted.
         *
         * @param into has taken nothing yet; the caller closes it
         * @param expected the block's sha256; null when nobody knows it: then its bytes may be whatever they are
         * @return whether the block is held now
         */
        boolean fetch(int block, BlockWriter into, byte @Nullable [] expected);

        /** A block of it was not what the registry has. */
        void lied();

        /** For people. */
        @Override
        String toString();
    }
}
