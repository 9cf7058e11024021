package io.pantala.proxy.events;

import io.micrometer.core.instrument.Counter;
import io.pantala.manifest.BlobKey;
import io.pantala.transport.block.BlockServerListener;
import io.pantala.transport.ticket.TicketRefusal;

/** What serving blocks tells. */
public final class BlockEvents implements BlockServerListener {
    private final Metrics metrics;
    private final Counter blocks;
    private final ByteCounter bytes;
    private final Counter relayed;
    private final Counter missing;

    public BlockEvents(Metrics metrics) {
        this.metrics = metrics;
        this.blocks = metrics.count("pantala.blocks.sent", "Blocks sent to other nodes");
        this.bytes = metrics.bytes("pantala.blocks.sent.bytes", "Bytes of the blocks sent to other nodes");
        this.relayed = metrics.count("pantala.blocks.relayed", "Blocks of these that were just coming in themselves");
        this.missing = metrics.count("pantala.blocks.missing", "Blocks that were asked for and not held");
    }

    @Override
    public void blockSent(BlobKey key, int index, long count) {
        blocks.increment();
        bytes.add(count);
    }

    @Override
    public void blockRelayed(BlobKey key, int index) {
        relayed.increment();
    }

    @Override
    public void blockDenied(TicketRefusal reason) {
        metrics.count(
                        "pantala.blocks.denied",
                        "Blocks that were asked for without a ticket that opens them",
                        "reason",
                        Metrics.label(reason))
                .increment();
    }

    @Override
    public void blockMissing(BlobKey key, int index) {
        missing.increment();
    }
}
