package io.pantala.store;

import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * Where blobs are kept and how much of them.
 *
 * @param directory the store's own; made when missing, refused when it holds anything else
 * @param quota bytes of blobs to keep at most; empty: half of what was free at the first start
 */
public record StoreConfig(Path directory, OptionalLong quota) {
    public StoreConfig {
        if (quota.isPresent() && quota.getAsLong() < 0) {
            throw new IllegalArgumentException("a quota can't be negative: " + quota.getAsLong());
        }
    }
}
