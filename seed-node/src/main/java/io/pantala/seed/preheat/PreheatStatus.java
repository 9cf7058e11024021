package io.pantala.seed.preheat;

import io.pantala.manifest.Digest;
import io.pantala.manifest.ImageReference;
import io.pantala.manifest.Platform;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a preheat at one moment.
 *
 * @param digest what the image's name stood for; null until the registry was asked
 * @param finished null while it has not ended
 * @param error for people; null unless it failed
 * @param blobs each of the image's blobs once; empty until its manifests were read
 */
public record PreheatStatus(
        String id,
        ImageReference image,
        List<Platform> platforms,
        PreheatState state,
        @Nullable Digest digest,
        Instant created,
        @Nullable Instant finished,
        @Nullable String error,
        List<BlobStatus> blobs) {
    public PreheatStatus {
        platforms = List.copyOf(platforms);
        blobs = List.copyOf(blobs);
    }

    /** Bytes stored, of all blobs. */
    public long bytesDone() {
        return blobs.stream().mapToLong(BlobStatus::bytesDone).sum();
    }

    /** Bytes of all blobs, as far as they are known. */
    public long bytesTotal() {
        return blobs.stream().mapToLong(BlobStatus::bytesTotal).sum();
    }

    /**
     * One blob of the image.
     *
     * @param bytesDone bytes stored and verified
     * @param bytesTotal its size: until the registry has told it, what the manifest says
     * @param error for people; null unless it failed
     */
    public record BlobStatus(
            Digest digest,
            PreheatState state,
            long bytesDone,
            long bytesTotal,
            @Nullable String error) {}
}
