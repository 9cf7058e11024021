package io.pantala.seed.preheat;

import io.pantala.manifest.ImageReference;
import io.pantala.manifest.Platform;
import io.pantala.swarm.Authorization;
import java.util.List;

/**
 * A wish to have an image's blobs stored.
 *
 * @param platforms which of a multi-platform image's images; all when empty
 * @param credentials kept in memory until this preheat has ended
 */
public record PreheatRequest(ImageReference image, List<Platform> platforms, Authorization credentials) {
    public PreheatRequest {
        platforms = List.copyOf(platforms);
    }
}
