package io.pantala.proxy.events;

import io.micrometer.core.instrument.Counter;
import io.pantala.manifest.BlobKey;
import io.pantala.transport.block.BlockServerListener;

/** What serving blocks tells. */
public final class BlockEvents implements BlockServerListener {
    private final Counter blocks;
    private final ByteCounter bytes;
    private final Counter missing;

    public BlockEvents(Metrics metrics) {
        this.blocks = metrics.count("pantala.blocks.sent", "Blocks sent to other nodes");
        this.bytes = metrics.bytes("pantala.blocks.sent.bytes", "Bytes of the blocks sent to other nodes");
        this.missing = metrics.count("pantala.blocks.missing", "Blocks that were asked for and not held");
    }

    @Override
    public void blockSent(BlobKey key, int index, long count) {
        blocks.increment();
        bytes.add(count);
    }

    @Override
    public void blockMissing(BlobKey key, int index) {
        missing.increment();
    }
}
