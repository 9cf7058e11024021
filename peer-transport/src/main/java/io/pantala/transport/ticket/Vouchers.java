package io.pantala.transport.ticket;

import io.pantala.manifest.BlobKey;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;

/** What a host can show of the blobs that it has got lately. Kept in memory alone. */
public final class Vouchers {
    private static final int MOST = 4096;

    // Guarded by this. The newest is the last.
    private final SequencedMap<BlobKey, Voucher> kept = new LinkedHashMap<>();

    /** A seed has vouched for a blob. */
    public synchronized void keep(BlobKey key, Voucher voucher) {
        kept.putLast(key, voucher);
        if (kept.size() > MOST) {
            kept.pollFirstEntry();
        }
    }

    public synchronized Optional<Voucher> of(BlobKey key) {
        return Optional.ofNullable(kept.get(key));
    }
}
