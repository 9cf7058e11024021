package io.pantala.swarm.download;

import io.pantala.manifest.BlockSet;
import io.pantala.store.BlobStore;
import io.pantala.store.SealedBlob;
import io.pantala.transport.control.ControlMessage;
import io.pantala.transport.control.SeedLink;

/**
 * Tells a seed that a host is newly linked to what the host stores, so that a seed that has forgotten everything knows who
 * holds what within seconds.
 */
public final class Announcer {
    /** Those used last are the likeliest to be wanted. */
    private static final int MOST = 2_000;

    private final BlobStore store;

    public Announcer(BlobStore store) {
        this.store = store;
    }

    /** The link has just come up. Never blocks. */
    public void welcome(SeedLink link) {
        Thread.ofVirtual().name("announcer").start(() -> announce(link));
    }

    private void announce(SeedLink link) {
        for (SealedBlob blob : store.sealed(MOST)) {
            int count = blob.layout().count();
            if (!link.send(new ControlMessage.Have(blob.key(), blob.layout(), BlockSet.full(count)))) {
                return;
            }
        }
    }
}
