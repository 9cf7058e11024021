package io.pantala.manifest;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A pointer to content (OCI descriptor).
 *
 * @param mediaType as written, never interpreted for blobs
 * @param size bytes, as the manifest claims them; never trusted for sizing a download
 * @param platform of an image in an index; null when none is named
 * @param urls where else the content may be had; not empty for foreign layers
 */
public record Descriptor(
        String mediaType,
        Digest digest,
        long size,
        @Nullable Platform platform,
        List<String> urls) {
    public Descriptor {
        urls = List.copyOf(urls);
        if (size < 0) {
            throw new IllegalArgumentException("a descriptor's size can't be negative: " + size);
        }
    }
}
