package io.pantala.swarm.download;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockHashes;
import io.pantala.manifest.BlockSet;
import io.pantala.store.BlobStore;
import io.pantala.store.SealedBlob;
import io.pantala.store.StoredBlob;
import io.pantala.transport.control.ControlMessage;
import io.pantala.transport.control.ControlMessage.Recalled;
import io.pantala.transport.control.SeedLink;
import io.pantala.transport.ticket.Voucher;
import io.pantala.transport.ticket.Vouchers;
import java.util.Optional;

/**
 * Tells a seed that a host is newly linked to what the host stores, so that a seed that has forgotten everything knows who
 * holds what within seconds; and, when it is asked, what can be shown of it.
 */
public final class Announcer {
    /** Those used last are the likeliest to be wanted. */
    private static final int MOST = 2_000;

    private final BlobStore store;
    private final Vouchers vouchers;

    public Announcer(BlobStore store, Vouchers vouchers) {
        this.store = store;
        this.vouchers = vouchers;
    }

    /** The link has just come up. Never blocks. */
    public void welcome(SeedLink link) {
        link.onRecall(key ->
                Thread.ofVirtual().name("announcer").start(() -> recall(key).ifPresent(link::send)));
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

    private Optional<Recalled> recall(BlobKey key) {
        Optional<Voucher> voucher = vouchers.of(key);
        Optional<StoredBlob> found = voucher.isEmpty() ? Optional.empty() : store.find(key);
        if (found.isEmpty()) {
            return Optional.empty();
        }
        try (StoredBlob blob = found.get()) {
            int count = blob.layout().count();
            BlockHashes hashes = new BlockHashes(count);
            for (int block = 0; block < count; block++) {
                byte[] hash = blob.hash(block);
                if (hash != null) {
                    hashes.put(block, hash);
                }
            }
            return hashes.isComplete() && count <= Recalled.MOST
                    ? Optional.of(new Recalled(key, blob.layout(), hashes.packed(0, count), voucher.get()))
                    : Optional.empty();
        }
    }
}
