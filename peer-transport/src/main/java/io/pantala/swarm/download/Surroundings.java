package io.pantala.swarm.download;

import io.pantala.store.BlobStore;
import io.pantala.transport.block.BlockClient;
import io.pantala.transport.control.SeedLinks;
import io.pantala.transport.ticket.Vouchers;
import java.util.concurrent.Executor;

/** What the downloads of one host share. */
record Surroundings(
        BlobStore store,
        SeedLinks links,
        BlockClient blocks,
        Executor transfers,
        WholeCheck wholeCheck,
        Liars liars,
        Vouchers vouchers,
        SwarmListener listener,
        SwarmConfig config) {}
