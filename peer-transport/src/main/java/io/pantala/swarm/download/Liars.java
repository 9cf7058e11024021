package io.pantala.swarm.download;

import io.pantala.manifest.BlobKey;
import io.pantala.transport.NodeAddress;
import java.util.LinkedHashSet;

/** Which seeds have vouched for which blobs that were something else: they are not believed about these again. */
final class Liars {
    private static final int REMEMBERED = 1000;

    private record Lie(NodeAddress seed, BlobKey key) {}

    private final LinkedHashSet<Lie> lies = new LinkedHashSet<>();

    synchronized void add(NodeAddress seed, BlobKey key) {
        lies.add(new Lie(seed, key));
        if (lies.size() > REMEMBERED) {
            lies.removeFirst();
        }
    }

    synchronized boolean contains(NodeAddress seed, BlobKey key) {
        return lies.contains(new Lie(seed, key));
    }
}
