package io.pantala.proxy.events;

import io.pantala.manifest.BlobKey;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Which blobs are being fetched: a set, since one that ends twice must not count twice. */
final class Running {
    private final Set<BlobKey> keys = ConcurrentHashMap.newKeySet();

    /** @param from whence: {@code registry} or {@code swarm} */
    Running(Metrics metrics, String from) {
        metrics.gauge("pantala.downloads.active", "Blobs being fetched", keys, Set::size, "from", from);
    }

    void add(BlobKey key) {
        keys.add(key);
    }

    void remove(BlobKey key) {
        keys.remove(key);
    }
}
